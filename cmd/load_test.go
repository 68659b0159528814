package cmd_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/arch"
	"github.com/glimpse-go/glimpse/nn/pretrained"
	"github.com/glimpse-go/glimpse/tsne"
)

// network compiles the embedded network for scenes.
func network(t testing.TB) *nn.Plan {
	t.Helper()
	sd, err := pretrained.Scenes()
	if err != nil {
		t.Fatal(err)
	}
	m, err := arch.Build(sd, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := nn.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// One model, one mapper and one data set, used by 64 goroutines at once, give
// each what they give one alone. Under the race detector this finds any memory
// that they share.
func TestSixtyFourAtOnce(t *testing.T) {
	net := network(t)
	mapper, err := cam.New(net, "layer4")
	if err != nil {
		t.Fatal(err)
	}
	const images = 4
	scenes := scenes.New(0, images)
	defer scenes.Close()
	// What goroutine k does: go through the data set in batches of its own.
	work := func(ctx context.Context, k int) ([]float32, error) {
		var out []float32
		opt := data.BatchOptions{Size: 1 + k%images, Transform: data.Transform{Resize: 32}, Ahead: 1 + k%3}
		for b, err := range data.Batches(ctx, scenes, opt) {
			if err != nil {
				return nil, err
			}
			x := &nn.Tensor{Shape: b.Shape, Data: b.Pixels}
			r, err := mapper.Maps(ctx, x, nil)
			if err != nil {
				return nil, err
			}
			out = append(append(out, r.Logits.Data...), r.Features.Data...)
			for _, m := range r.Maps {
				out = append(out, m.Values...)
			}
		}
		return out, nil
	}
	want := make([][]float32, images)
	for k := range want {
		if want[k], err = work(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for k := range 64 {
		wg.Go(func() {
			got, err := work(t.Context(), k)
			if err != nil || !slices.Equal(got, want[k%images]) {
				t.Errorf("goroutine %d: other results beside others (%v)", k, err)
			}
		})
	}
	wg.Wait()
}

// memory is what the process holds after a collection.
type memory struct{ heap, sys float64 } // MiB

func measureMemory() memory {
	runtime.GC()
	runtime.GC() // the first may have left finalizers and pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return memory{float64(m.HeapAlloc) / (1 << 20), float64(m.HeapSys-m.HeapReleased) / (1 << 20)}
}

func (m memory) String() string { return fmt.Sprintf("%.1f MiB live, %.1f MiB held", m.heap, m.sys) }

// steady runs f again and again, and fails the test when the process holds more
// memory at the end than after so many rounds, by which all that is used again
// has grown to its size.
func steady(t *testing.T, what string, warm, rounds int, f func(round int) error) {
	t.Helper()
	var before memory
	for round := range rounds {
		if round == warm {
			before = measureMemory()
		}
		if err := f(round); err != nil {
			t.Fatal(err)
		}
	}
	after := measureMemory()
	t.Logf("%s: %v after %d, %v after %d", what, before, warm, after, rounds)
	// How many goroutines work at once, each with memory that it keeps, is chance.
	if after.heap > before.heap+2 {
		t.Errorf("%s: the live heap has grown from %v to %v", what, before, after)
	}
	if after.sys > before.sys+32 {
		t.Errorf("%s: the heap has grown from %v to %v", what, before, after)
	}
}

// Memory does not grow over 10,000 forward passes and 200 runs of t-SNE in one
// process (in the short form: 300 and 20).
func TestSteadyMemory(t *testing.T) {
	passes, runs := 300, 20
	if raceEnabled {
		passes = 180
	}
	if long {
		passes, runs = 10_000, 200
	}
	net := network(t)
	mapper, err := cam.New(net, "layer4.1.bn2")
	if err != nil {
		t.Fatal(err)
	}
	steady(t, "forward passes", 60, passes, func(round int) error {
		// Sizes and batches that change, as a service's do: all of them in 60 rounds.
		n, side := 1+round%3, 32+16*(round%4)
		x, err := nn.NewTensor(n, 3, side, side)
		if err != nil {
			return err
		}
		if round%5 == 0 { // with a map, and cut short
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := net.Run(ctx, x); !errors.Is(err, context.Canceled) {
				return fmt.Errorf("under an ended context: %v", err)
			}
			_, err = mapper.Maps(t.Context(), x, nil)
			return err
		}
		_, err = net.Run(t.Context(), x)
		return err
	})
	runtime.KeepAlive(mapper) // and the network, whose memory is what counts
	steady(t, "t-SNE", 6, runs, func(round int) error {
		n := 210 + 10*(round%3)
		u := golden.Uniform("steady", n*8, 1)
		x := mat.NewDense(n, 8, nil)
		for i, v := range u {
			x.RawMatrix().Data[i] = float64(v)
		}
		opt := tsne.Options{Perplexity: 10, Iterations: 60, EarlyIterations: 20, Seed: uint32(round)}
		if round%2 == 0 {
			opt.Method = tsne.Exact
		}
		r, err := tsne.Fit(t.Context(), x, opt)
		if err != nil {
			return err
		}
		_, err = r.Transform(t.Context(), x.Slice(0, 5, 0, 8), tsne.TransformOptions{Iterations: 5})
		return err
	})
}
