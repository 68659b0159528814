// Command tsne_scale shows how t-SNE's time and memory grow with the number of
// points:
//
//	go run ./testdata/peers/tsne_scale -points 10000,30000,100000
//
// The points are in isotropic normal clusters of 50 dimensions, 10,000 points
// each or all in ten if there are fewer, in float32 like the features of
// networks. Every number of points runs in a process of its own, and makes a
// row of a table: seconds for the neighbours, the affinities, the start and the
// optimisation; milliseconds an iteration; the largest resident memory, with
// that of the data alone beside it; the divergence; and the share of 1,000
// points' ten nearest neighbours that the layout keeps.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/tsne"
	"github.com/glimpse-go/glimpse/tsne/quality"
)

func main() {
	points := flag.String("points", "10000,30000,100000,300000,1000000", "`numbers` of points")
	method := flag.String("method", "", "`name` of the method (default automatic)")
	search := flag.String("neighbours", "", "`name` of the neighbour search (default automatic)")
	schedule := flag.String("schedule", "openTSNE", "`name` of the schedule")
	iterations := flag.Int("iterations", 0, "`number` of iterations (default the schedule's)")
	child := flag.Bool("child", false, "run one number of points in this process")
	flag.Parse()
	if !*child {
		fmt.Printf("%d threads\n", runtime.GOMAXPROCS(0))
		fmt.Printf("%9s  %-22s %10s %10s %7s %10s %8s %9s %9s %8s %7s\n", "points", "method, neighbours",
			"neighbours", "affinities", "start", "iterations", "ms each", "MiB", "MiB data", "KL", "kept")
	}
	for field := range strings.SplitSeq(*points, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil || n < 100 {
			fail(fmt.Errorf("-points %s: want numbers of at least 100", *points))
		}
		if *child {
			opt := tsne.Options{Method: tsne.Method(*method), NeighbourSearch: tsne.NeighbourSearch(*search),
				Schedule: tsne.Schedule(*schedule), Iterations: *iterations}
			if err := run(n, opt); err != nil {
				fail(err)
			}
			continue
		}
		self, err := os.Executable()
		if err != nil {
			fail(err)
		}
		cmd := exec.Command(self, append([]string{"-child"}, append(os.Args[1:], "-points", field)...)...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			fail(err)
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "tsne_scale:", err)
	os.Exit(1)
}

// clusters returns n points in 50 dimensions about n/10,000 centres, at least
// ten, both normally distributed, the centres with three times the deviation.
func clusters(n int) *mat.Dense {
	const d = 50
	groups := max(n/10000, 10)
	random := rand.New(rand.NewPCG(1, 2))
	centres := make([]float64, groups*d)
	for i := range centres {
		centres[i] = 3 * random.NormFloat64()
	}
	x := mat.NewDense(n, d, nil)
	for i := range n {
		centre := centres[random.IntN(groups)*d:][:d]
		for j, v := range centre {
			x.Set(i, j, float64(float32(v+random.NormFloat64())))
		}
	}
	return x
}

// run prints the row of n points.
func run(n int, opt tsne.Options) error {
	x := clusters(n)
	data := residentMiB()
	r, err := tsne.Fit(context.Background(), x, opt)
	if err != nil {
		return err
	}
	most := residentMiB()
	sample := make([]int, min(n, 1000))
	for i := range sample {
		sample[i] = i * n / len(sample)
	}
	kept, err := quality.NeighbourPreservationOf(context.Background(), x, r.Layout, 10, sample)
	if err != nil {
		return err
	}
	fmt.Printf("%9d  %-22s %10.1f %10.1f %7.1f %10.1f %8.1f %9d %9d %8.4f %6.1f%%\n", n, fmt.Sprintf("%s, %s", r.Method, r.NeighbourSearch),
		r.NeighbourTime.Seconds(), r.AffinityTime.Seconds(), r.StartTime.Seconds(), r.OptimiseTime.Seconds(),
		1e3*r.OptimiseTime.Seconds()/float64(max(r.Iterations, 1)), most, data, r.KL, 100*kept)
	return nil
}

// residentMiB is the largest resident memory so far, where Linux tells it, or
// else what the Go runtime has taken.
func residentMiB() int {
	if f, err := os.Open("/proc/self/status"); err == nil {
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			var kib int
			if _, err := fmt.Sscanf(lines.Text(), "VmHWM: %d kB", &kib); err == nil {
				return kib / 1024
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.Sys >> 20)
}
