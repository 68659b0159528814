package gemm

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// TestSyrk holds the sum of C and AᵀA of every kernel to the definition, over shapes
// that cut panels and blocks of rows, and to its own bits on other numbers of cores.
func TestSyrk(t *testing.T) {
	defer func(old kernelPair) { chosen = old }(chosen)
	for _, chosen = range kernels {
		t.Run(chosen.name+"/float64", func(t *testing.T) { syrkAgainstDefinition[float64](t, 0x1p-53, 0) })
		if chosen.f32.kc > 512 {
			t.Errorf("%s: %d products are added up in float32, pca promises 512", chosen.name, chosen.f32.kc)
		}
		t.Run(chosen.name+"/float32", func(t *testing.T) { syrkAgainstDefinition[float32](t, 0x1p-24, chosen.f32.kc) })
	}
}

// syrkAgainstDefinition allows for sqrt(k) roundings (see TestKernelsAgainstPortable),
// where at most block products are added up, unless that is 0.
func syrkAgainstDefinition[T Float](t *testing.T, epsilon float64, block int) {
	r := rand.New(rand.NewPCG(21, 22))
	for _, s := range [][2]int{{3, 0}, {1, 1}, {5, 9}, {4, 257}, {60, 1500}, {131, 70}, {300, 600}} {
		n, k := s[0], s[1]
		ldc := n + r.IntN(3)
		p, err := NewPanels[T](n, k+1+r.IntN(3))
		if err != nil {
			t.Fatal(err)
		}
		a, w := randomOf[T](r, k*n), p.Width()
		for i, v := range a {
			p.Panel(i % n / w)[i/n*w+i%n%w] = v
		}
		for q := range p.Count() { // a row that is not to be read
			p.Panel(q)[k*w] = T(math.NaN())
		}
		before := randomOf[float64](r, n*ldc)
		var c []float64
		for _, procs := range []int{1, 2, 7} {
			old := runtime.GOMAXPROCS(procs)
			again := slices.Clone(before)
			if err := p.AddSyrk(k, again, ldc); err != nil {
				t.Fatal(err)
			}
			runtime.GOMAXPROCS(old)
			if c != nil && !slices.Equal(c, again) {
				t.Errorf("%v: other bits at GOMAXPROCS=%d", s, procs)
			}
			c = again
		}
		worst := 0.0
		for i := range n {
			for j := i; j < n; j++ {
				want, size := before[i*ldc+j], math.Abs(before[i*ldc+j])*0x1p-53/epsilon
				for p := range k {
					product := float64(a[p*n+i]) * float64(a[p*n+j])
					want += product
					size += math.Abs(product)
				}
				if size > 0 {
					worst = max(worst, math.Abs(c[i*ldc+j]-want)/size)
				}
			}
		}
		sums := k + 1
		if block > 0 {
			sums = min(sums, block)
		}
		t.Logf("%v: largest difference over the sum of |a||b|: %.2g roundings", s, worst/epsilon)
		if !(worst <= 2*epsilon*math.Sqrt(float64(sums))) {
			t.Errorf("%v: largest difference over the sum of |a||b|: %g", s, worst)
		}
	}
}

func TestSyrkRefuses(t *testing.T) {
	p, err := NewPanels[float64](3, 4)
	if err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"a short C":      p.AddSyrk(4, make([]float64, 8), 3),
		"too many rows":  p.AddSyrk(5, make([]float64, 9), 3),
		"-1 rows":        p.AddSyrk(-1, make([]float64, 9), 3),
		"a short stride": p.AddSyrk(4, make([]float64, 9), 2),
	} {
		if err == nil {
			t.Errorf("%s was accepted", what)
		}
	}
	for _, s := range [][2]int{{0, 1}, {1, 0}, {-1, 1}} {
		if _, err := NewPanels[float32](s[0], s[1]); err == nil {
			t.Errorf("panels for %d rows of %d were accepted", s[1], s[0])
		}
	}
}

// TestAddTo holds the sums of every kernel's tiles with float64 to the portable ones.
func TestAddTo(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	for _, kern := range kernels {
		k := kern.f32
		tile := randomOf[float32](r, (k.mr+1)*k.nr)
		for rows := 1; rows <= k.mr; rows++ {
			for cols := 1; cols <= k.nr; cols++ {
				stride := cols + r.IntN(4)
				got := randomOf[float64](r, (rows-1)*stride+cols+2)
				want := slices.Clone(got)
				addToGo(k.nr, &want[1], &tile[0], stride, rows, cols)
				k.addTo(&got[1], &tile[0], stride, rows, cols)
				if !slices.Equal(got, want) {
					t.Fatalf("%s: %d x %d, %d apart: wrong sums", kern.name, rows, cols, stride)
				}
			}
		}
	}
}
