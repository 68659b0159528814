package arch

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
)

func compile(t testing.TB, m *nn.Graph) *nn.Plan {
	t.Helper()
	p, err := nn.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPlanSameBitsForAnyBatchAndCores(t *testing.T) {
	m, _ := narrowNetwork(t)
	p := compile(t, m)
	const n = 45 // two chunks, and every way to convolve
	x := zeros(n, 3, 32, 40)
	x.Data = golden.Uniform("plan", len(x.Data), 1)
	whole, err := p.Run(t.Context(), x, "layer2")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(whole.Logits.Shape, []int{n, 10}) || !slices.Equal(whole.Taps["layer2"].Shape, []int{n, 32, 4, 5}) {
		t.Fatalf("shapes %v and %v", whole.Logits.Shape, whole.Taps["layer2"].Shape)
	}
	reference, err := m.Run(t.Context(), x, "layer2")
	if err != nil {
		t.Fatal(err)
	}
	for name, pair := range map[string][2]*nn.Tensor{
		"logits": {whole.Logits, reference.Logits}, "features": {whole.Features, reference.Features}, "layer2": {whole.Taps["layer2"], reference.Taps["layer2"]},
	} {
		if d := golden.Relative(t, pair[0].Data, pair[1].Data); d > 1e-5 {
			t.Errorf("%s differ by %g from the reference path", name, d)
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for size := 1; size <= 40; size++ {
		runtime.GOMAXPROCS(1 + size%8)
		lo := size % (n - size + 1)
		part := &nn.Tensor{Shape: append([]int{size}, x.Shape[1:]...), Data: x.Data[lo*3*32*40 : (lo+size)*3*32*40]}
		r, err := p.Run(t.Context(), part)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(r.Logits.Data, whole.Logits.Data[lo*10:(lo+size)*10]) {
			t.Errorf("GOMAXPROCS=%d: other logits for images %d to %d", 1+size%8, lo, lo+size)
		}
	}
}

func TestPlanByManyGoroutines(t *testing.T) {
	m, _ := narrowNetwork(t)
	p := compile(t, m)
	x := zeros(2, 3, 32, 48)
	x.Data = golden.Uniform("plan", len(x.Data), 1)
	want, err := p.Run(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 3 {
				r, err := p.Run(t.Context(), x, "layer4")
				if err != nil || !slices.Equal(r.Logits.Data, want.Logits.Data) {
					t.Errorf("other logits beside other goroutines (%v)", err)
				}
			}
		})
	}
	wg.Wait()
}

func TestPlanErrors(t *testing.T) {
	m, f := narrowNetwork(t)
	p := compile(t, m)
	if _, err := p.Run(t.Context(), inputOf(f), "layer9"); err == nil {
		t.Error("unknown tap accepted")
	}
	if _, err := p.Run(t.Context(), zeros(1, 4, 32, 32)); err == nil {
		t.Error("4 channels accepted")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Run(ctx, inputOf(f)); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancel: %v", err)
	}
	bad := &nn.Graph{}
	for _, n := range m.Nodes() {
		if n.Name == "bn1" {
			n.Op = &nn.BatchNorm2d{Weight: make([]float32, 5), Bias: make([]float32, 5), RunningMean: make([]float32, 5), RunningVar: make([]float32, 5)}
		}
		if _, err := bad.Add(n.Name, n.Op, n.Inputs...); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := nn.Compile(bad); err == nil {
		t.Error("a stem whose batch norm does not fit was compiled")
	}
}

// The plan's memory is used again: a run allocates its small results and
// nothing that grows with the feature maps.
func TestPlanReusesMemory(t *testing.T) {
	m, _ := narrowNetwork(t)
	p := compile(t, m)
	x := zeros(4, 3, 128, 128)
	run := func() {
		if _, err := p.Run(context.Background(), x); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 { // the products' scratch memory grows to its size
		run()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const rounds = 5
	for range rounds {
		run()
	}
	runtime.ReadMemStats(&after)
	perRun := (after.TotalAlloc - before.TotalAlloc) / rounds
	t.Logf("%d bytes allocated a run; the first feature map alone has %d", perRun, 4*4*16*64*64)
	if perRun > 256<<10 {
		t.Errorf("%d bytes allocated a run", perRun)
	}
}

// BenchmarkResNet18 runs both paths for one image and for 40, on one thread and
// on two. Other programs disturb the mean, so the fastest run is reported
// beside it.
func BenchmarkResNet18(b *testing.B) {
	f := golden.Open(b, "nn_resnet18.safetensors")
	m, err := Build(f.StateDict(), nil)
	if err != nil {
		b.Fatal(err)
	}
	paths := []struct {
		name string
		net  nn.Network
	}{{"reference", m}, {"plan", compile(b, m)}}
	for _, n := range []int{1, 40} {
		x := zeros(n, 3, 128, 128)
		x.Data = golden.Uniform("bench", len(x.Data), 1)
		for _, path := range paths {
			for _, threads := range []int{1, 2} {
				b.Run(fmt.Sprintf("%s/batch=%d/threads=%d", path.name, n, threads), func(b *testing.B) {
					defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
					fastest := time.Duration(1 << 62)
					for b.Loop() {
						start := time.Now()
						if _, err := path.net.Run(context.Background(), x); err != nil {
							b.Fatal(err)
						}
						fastest = min(fastest, time.Since(start))
					}
					flop := 2 * 595e6 * float64(n) // multiply-adds for 3x128x128
					b.ReportMetric(flop*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
					b.ReportMetric(flop/float64(fastest.Nanoseconds()), "maxGFLOP/s")
				})
			}
		}
	}
}
