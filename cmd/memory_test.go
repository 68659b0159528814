//go:build linux

package cmd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// peak runs a program and returns its largest resident set in MiB. It is no
// less than that of the process that starts it, which Linux counts in until
// the exec.
func peak(t *testing.T, gogc string, program string, args ...string) float64 {
	t.Helper()
	c := command{program: program, dir: t.TempDir(), args: args, env: []string{"GOMEMLIMIT=512MiB", "GOGC=" + gogc}}
	o := c.mustRun(t)
	mib := float64(o.state.SysUsage().(*syscall.Rusage).Maxrss) / 1024
	t.Logf("%6.1f MiB  %s %v", mib, program, args)
	return mib
}

// All programs stay below 512 MiB, and their memory does not grow with the
// number of images except for what is asked for: n x d features as float64,
// twice while they are copied, and what the layout takes for each point. The
// long form takes CIFAR-10's 10,000 test images. (200 scenes as a network takes them
// are 39 MiB, 9,000 of CIFAR's images 105 MiB: a slack of 24 finds them kept.)
func TestMemory(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector takes memory of its own")
	}
	if os.Getenv(builtIn) == "" {
		// In a process of its own, which has done nothing and is small.
		dir := filepath.Dir(binary(t, "cam"))
		again := exec.Command(os.Args[0], "-test.run=^TestMemory$", "-test.v", "-test.timeout=1h")
		again.Env = append(os.Environ(), builtIn+"="+dir)
		out, err := again.CombinedOutput()
		if t.Logf("%s", out); err != nil {
			t.Error(err)
		}
		return
	}
	source, few, many, features := []string{}, 40, 240, 128.0
	count := func(n int) []string { return []string{"-scenes", fmt.Sprint(n)} }
	if long {
		source = []string{"-data", filepath.Dir(golden.SharedData(t, "cifar-10-batches-bin", "test_batch.bin"))}
		few, many, features = 1000, 10_000, 256
		count = func(n int) []string { return []string{"-count", fmt.Sprint(n)} }
	}
	asked := func(perPoint float64) float64 { return float64(many-few) * perPoint / (1 << 20) }
	for _, c := range []struct {
		program string
		args    []string
		growth  float64 // MiB that are asked for
	}{
		{"pca", []string{"-save", "s.npy", "-components", "all"}, asked(4*8*features + 32*features)}, // the scores and the text of as many columns
		{"tsne", []string{"-iterations", "20"}, asked(2*8*features + 4096)},
	} {
		args := append(append([]string{}, source...), c.args...)
		a := peak(t, "10", c.program, append(args, count(few)...)...)
		b := peak(t, "10", c.program, append(args, count(many)...)...)
		const slack = 24 // of the collector, and of buffers that grow by doubling
		if b-a > c.growth+slack {
			t.Errorf("%s %v: %.0f MiB for %d images, %.0f for %d: %.0f are asked for", c.program, c.args, a, few, b, many, c.growth)
		}
	}
	// Accuracy asks for nothing of any image.
	accuracy := func(n int) []string { return append(source, "-count", "1", "-acc", fmt.Sprint(n)) }
	a, b := peak(t, "10", "cam", accuracy(few)...), peak(t, "10", "cam", accuracy(many)...)
	if b-a > 16 {
		t.Errorf("cam: %.0f MiB for %d images, %.0f for %d", a, few, b, many)
	}

	// With the collector as users have it, and the most that can be asked for.
	all := count(many)
	for _, c := range []struct {
		program string
		args    []string
	}{
		{"cam", append([]string{"-maps", "maps", "-json", "r.json", "-originals", "-acc", fmt.Sprint(many)}, source...)},
		{"tsne", append(append([]string{"-thumbnails", "-save", "s.npy", "-out", "t.svg"}, source...), all...)},
		{"pca", append(append([]string{"-thumbnails", "-save", "s.npy", "-scree", "s.png", "-model", "m.json", "-components", "all"}, source...), all...)},
	} {
		if mib := peak(t, "100", c.program, c.args...); mib > 512 {
			t.Errorf("%s %v: %.0f MiB", c.program, c.args, mib)
		}
	}
}
