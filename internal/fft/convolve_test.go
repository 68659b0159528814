package fft

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// Every shape against the sum over all pairs of nodes.
func TestConvolverAgainstSums(t *testing.T) {
	kernel := func(i, j int) float64 { return 1 / (1 + 0.3*float64(i*i) + 0.2*float64(j*j)) }
	ones := make([]float64, 200)
	for i := range ones {
		ones[i] = 1
	}
	withKernels(t, func(t *testing.T) {
		c := &Convolver{} // one for all, as it is used
		for _, s := range [][2]int{{1, 1}, {1, 9}, {7, 1}, {5, 6}, {12, 16}, {16, 17}, {24, 33}, {40, 5}, {3, 50}, {24, 30}} {
			nx, ny := s[0], s[1]
			if c.Shape(nx, ny, 2*nx-1, 2*ny-1) {
				if err := c.Respond(t.Context(), kernel, ones, ones); err != nil {
					t.Fatal(err)
				}
			}
			grid := make([]float64, nx*c.Stride)
			values := golden.Uniform(fmt.Sprint("tsne.grid.", s), nx*ny, 1)
			for i := range nx {
				for j := range ny {
					grid[i*c.Stride+j] = float64(values[i*ny+j])
				}
			}
			var want, got []float64
			for i := range nx {
				for j := range ny {
					sum := 0.0
					for k := range nx {
						for l := range ny {
							sum += kernel(i-k, j-l) * float64(values[k*ny+l])
						}
					}
					want = append(want, sum)
				}
			}
			if err := c.Convolve(t.Context(), grid); err != nil {
				t.Fatal(err)
			}
			for i := range nx {
				got = append(got, grid[i*c.Stride:i*c.Stride+ny]...)
			}
			if d := golden.Relative(t, got, want); d > 1e-13 {
				t.Errorf("%d x %d: off by %g of the largest", nx, ny, d)
			}
		}
	})
}

// The filters multiply the spectrum: those of a shift of the kernel by one node
// each way make the sum of its neighbours.
func TestConvolverFilters(t *testing.T) {
	const n = 10
	kernel := func(i, j int) float64 { return math.Exp(-float64(i*i+j*j) / 4) }
	c := &Convolver{}
	c.Shape(n, n, 3*n, 3*n)
	filters := [2][]float64{}
	for a, m := range [2]int{c.MX, c.MY} {
		for k := range m/2 + 1 {
			filters[a] = append(filters[a], 2*math.Cos(2*math.Pi*float64(k)/float64(m)))
		}
	}
	for k := range filters[1] {
		filters[1][k] = 1
	}
	if err := c.Respond(t.Context(), kernel, filters[0], filters[1]); err != nil {
		t.Fatal(err)
	}
	grid := make([]float64, n*c.Stride)
	grid[4*c.Stride+3] = 1
	if err := c.Convolve(t.Context(), grid); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		for j := range n {
			want := kernel(i-5, j-3) + kernel(i-3, j-3)
			if got := grid[i*c.Stride+j]; math.Abs(got-want) > 1e-13 {
				t.Fatalf("node %d, %d is %v, want %v", i, j, got, want)
			}
		}
	}
}

func TestConvolverStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := &Convolver{}
	c.Shape(20, 20, 40, 40)
	grid := make([]float64, 20*c.Stride)
	cancel()
	if err := c.Convolve(ctx, grid); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
