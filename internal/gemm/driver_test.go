package gemm

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// pixels is a right matrix that fills its own panels, from column-major data.
type pixels struct {
	k, n int
	data []float32
}

func (x pixels) PackPanel(dst []float32, lanes, k0, k1, j0, j1 int) {
	for j := j0; j < j1; j++ {
		for p := k0; p < k1; p++ {
			dst[(p-k0)*lanes+j-j0] = x.data[j*x.k+p]
		}
	}
}

// TestMultiplyEpilogue checks bias, residual, ReLU and the layout of C with
// every kernel, against the definition: C as images of NCHW, of CNHW and
// as a plain matrix, k in one block and in several, the residual apart or in
// place.
func TestMultiplyEpilogue(t *testing.T) {
	defer func(old kernelPair) { chosen = old }(chosen)
	for _, chosen = range kernels {
		t.Run(chosen.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(13, 14))
			for trial := range 60 {
				m, k := 1+r.IntN(40), r.IntN(60)
				if trial%4 == 0 {
					k = 700 + r.IntN(200)
				}
				area, images := 1+r.IntN(50), 1+r.IntN(4)
				n := area*(images-1) + 1 + r.IntN(area) // the last image may be cut short
				out := Output[float32]{Area: area}
				switch trial % 3 {
				case 0: // NCHW
					out.Stride = area + r.IntN(2)
					out.ImageStride = m*out.Stride + r.IntN(3)
				case 1: // CNHW
					out.ImageStride = area + r.IntN(2)
					out.Stride = images*out.ImageStride + r.IntN(3)
				case 2: // rows and columns
					area, images, out.Area = n, 1, 0
					out.Stride = n + r.IntN(3)
				}
				out.C = random(r, images*(m*(area+2)+3)+m*(images*(area+2)+3))
				before := slices.Clone(out.C)
				switch r.IntN(3) {
				case 0:
					out.Residual = random(r, len(out.C))
				case 1:
					out.Residual = out.C
				}
				residual := slices.Clone(out.Residual)
				if r.IntN(2) == 0 {
					out.Bias = random(r, m)
				}
				out.ReLU = r.IntN(2) == 0

				a, b := random(r, m*k), random(r, n*k)
				left, err := PackA(m, k, a, k)
				if err != nil {
					t.Fatal(err)
				}
				if err := Multiply(left, n, pixels{k, n, b}, out, nil); err != nil {
					t.Fatal(err)
				}
				seen := make([]bool, len(out.C))
				for i := range m {
					for j := range n {
						want := 0.0
						for p := range k {
							want += float64(a[i*k+p]) * float64(b[j*k+p])
						}
						at := j/area*out.ImageStride + i*out.Stride + j%area
						if residual != nil {
							want += float64(residual[at])
						}
						if out.Bias != nil {
							want += float64(out.Bias[i])
						}
						if out.ReLU {
							want = max(want, 0)
						}
						if math.Abs(float64(out.C[at])-want) > 1e-6*float64(k+8) {
							t.Fatalf("trial %d: (%d, %d) is %v, want %v", trial, i, j, out.C[at], want)
						}
						seen[at] = true
					}
				}
				for i, x := range out.C {
					if !seen[i] && x != before[i] {
						t.Fatalf("trial %d: wrote outside C at %d", trial, i)
					}
				}
			}
		})
	}
}

// TestSameBitsInAnyBatch multiplies some columns alone and among others, and
// some rows alone: every element must keep its bits, with every kernel.
func TestSameBitsInAnyBatch(t *testing.T) {
	defer func(old kernelPair) { chosen = old }(chosen)
	for _, chosen = range kernels {
		t.Run(chosen.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(15, 16))
			m, n, k := 37, 130, 800
			a, b := random(r, m*k), random(r, n*k)
			multiply := func(i0, i1, j0, j1 int) []float32 {
				left, err := PackA(i1-i0, k, a[i0*k:], k)
				if err != nil {
					t.Fatal(err)
				}
				c := make([]float32, (i1-i0)*(j1-j0))
				if err := Multiply(left, j1-j0, pixels{k, j1 - j0, b[j0*k:]}, Output[float32]{C: c, Stride: j1 - j0}, nil); err != nil {
					t.Fatal(err)
				}
				return c
			}
			whole := multiply(0, m, 0, n)
			for _, procs := range []int{1, 2, 7} {
				old := runtime.GOMAXPROCS(procs)
				for range 20 {
					i0, j0 := r.IntN(m), r.IntN(n)
					i1, j1 := i0+1+r.IntN(m-i0), j0+1+r.IntN(n-j0)
					part := multiply(i0, i1, j0, j1)
					for i := i0; i < i1; i++ {
						if !slices.Equal(part[(i-i0)*(j1-j0):(i-i0+1)*(j1-j0)], whole[i*n+j0:i*n+j1]) {
							t.Fatalf("rows [%d, %d), columns [%d, %d), GOMAXPROCS=%d: other bits in row %d", i0, i1, j0, j1, procs, i)
						}
					}
				}
				runtime.GOMAXPROCS(old)
			}
		})
	}
}

// TestMultiplyRefusesBadOutput lists outputs that do not fit 4 x 6.
func TestMultiplyRefusesBadOutput(t *testing.T) {
	a, err := PackA(4, 2, make([]float32, 8), 2)
	if err != nil {
		t.Fatal(err)
	}
	b, c := pixels{2, 6, make([]float32, 12)}, make([]float32, 24)
	for _, good := range []Output[float32]{
		{C: c, Stride: 6},
		{C: c, Stride: 6, Area: 6},
		{C: c, Stride: 3, Area: 3, ImageStride: 12},
		{C: c, Stride: 6, Area: 3, ImageStride: 3},
		{C: c[:22], Stride: 4, Area: 4, ImageStride: 16, Residual: make([]float32, 30)},
	} {
		good.C = append(good.C, make([]float32, 8)...)
		if err := Multiply(a, 6, b, good, nil); err != nil {
			t.Errorf("%+v: %v", good, err)
		}
	}
	for _, bad := range []Output[float32]{
		{C: c[:23], Stride: 6},
		{C: c, Stride: 5},
		{C: c, Stride: -6},
		{C: c, Stride: 3, Area: -3, ImageStride: 12},
		{C: c, Stride: 3, Area: 3, ImageStride: 11},
		{C: c, Stride: 2, Area: 3, ImageStride: 12},
		{C: c, Stride: 5, Area: 3, ImageStride: 3},
		{C: c[:23], Stride: 3, Area: 3, ImageStride: 12},
		{C: c, Stride: 6, Bias: make([]float32, 3)},
		{C: c, Stride: 6, Bias: make([]float32, 5)},
		{C: c, Stride: 6, Residual: c[:23]},
	} {
		if Multiply(a, 6, b, bad, nil) == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
	if Multiply(a, -1, b, Output[float32]{C: c, Stride: 6}, nil) == nil {
		t.Error("a negative number of columns was accepted")
	}
	if _, err := PackA(4, 3, make([]float32, 11), 3); err == nil {
		t.Error("a short A was packed")
	}
}

// TestWorkspaceIsUsedAgain counts what a second product allocates: closures
// and goroutines, far less than any panel.
func TestWorkspaceIsUsedAgain(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	m, n, k := 64, 512, 576
	a, err := PackA(m, k, random(r, m*k), k)
	if err != nil {
		t.Fatal(err)
	}
	var right PanelPacker[float32] = pixels{k, n, random(r, n*k)}
	out := Output[float32]{C: make([]float32, m*n), Stride: n}
	var ws Workspace[float32]
	multiply := func() {
		if err := Multiply(a, n, right, out, &ws); err != nil {
			t.Fatal(err)
		}
	}
	const runs = 20
	var before, after runtime.MemStats
	multiply()
	runtime.ReadMemStats(&before)
	for range runs {
		multiply()
	}
	runtime.ReadMemStats(&after)
	// A worker that comes late to the first product finds no panel yet, so one
	// set of panels may still be new, but not one a product.
	if bytes := after.TotalAlloc - before.TotalAlloc; bytes > runs*16<<10 {
		t.Errorf("%d bytes in %d products", bytes, runs)
	}
}

// TestFloat64AndTransposed holds the other doors to the definition, over
// shapes that cut A into pieces of rows and of k.
func TestFloat64AndTransposed(t *testing.T) {
	r := rand.New(rand.NewPCG(19, 20))
	for _, s := range [][3]int{{0, 3, 4}, {3, 0, 4}, {3, 4, 0}, {1, 1, 1}, {33, 47, 500}, {200, 9, 3500}, {7, 130, 7000}} {
		m, n, k := s[0], s[1], s[2]
		a, bt := randomOf[float64](r, m*k), randomOf[float64](r, n*k)
		b := make([]float64, k*n)
		a32, b32, bt32 := make([]float32, m*k), make([]float32, k*n), make([]float32, n*k)
		for i, x := range a {
			a32[i] = float32(x)
		}
		for j := range n {
			for p := range k {
				b[p*n+j] = bt[j*k+p]
				b32[p*n+j], bt32[j*k+p] = float32(bt[j*k+p]), float32(bt[j*k+p])
			}
		}
		want := make([]float64, m*n)
		for i := range m {
			for j := range n {
				for p := range k {
					want[i*n+j] += a[i*k+p] * bt[j*k+p]
				}
			}
		}
		c, cnt := make([]float64, m*n), make([]float64, m*n)
		c32, cnt32 := make([]float32, m*n), make([]float32, m*n)
		for _, err := range []error{
			Float64(m, n, k, a, k, b, n, c, n), Float64NT(m, n, k, a, k, bt, k, cnt, n),
			Float32(m, n, k, a32, k, b32, n, c32, n), Float32NT(m, n, k, a32, k, bt32, k, cnt32, n),
		} {
			if err != nil {
				t.Fatalf("%v: %v", s, err)
			}
		}
		if !slices.Equal(c, cnt) || !slices.Equal(c32, cnt32) {
			t.Errorf("%v: the transposed product has other bits", s)
		}
		worst, worst32 := 0.0, 0.0
		for i := range want {
			worst = max(worst, math.Abs(c[i]-want[i])/float64(max(k, 1)))
			worst32 = max(worst32, math.Abs(float64(c32[i])-want[i])/float64(max(k, 1)))
		}
		t.Logf("%v: largest difference over k: %.2g, in float32 %.2g", s, worst, worst32)
		if worst > 0x1p-52 || worst32 > 0x1p-22 {
			t.Errorf("%v: largest difference over k: %g, in float32 %g", s, worst, worst32)
		}
	}
}

// TestSyrk64 holds AᵀA to the definition, and to exact symmetry.
func TestSyrk64(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	for _, s := range [][2]int{{0, 3}, {3, 0}, {1, 1}, {5, 9}, {60, 3500}, {131, 70}, {300, 800}} {
		n, k := s[0], s[1]
		lda, ldc := n+r.IntN(3), n+r.IntN(3)
		a, c := randomOf[float64](r, k*lda), randomOf[float64](r, n*ldc)
		if err := Syrk64(n, k, a, lda, c, ldc); err != nil {
			t.Fatal(err)
		}
		worst := 0.0
		for i := range n {
			for j := range i + 1 {
				want, size := 0.0, 0.0
				for p := range k {
					product := a[p*lda+i] * a[p*lda+j]
					want += product
					size += math.Abs(product)
				}
				if size > 0 {
					worst = max(worst, math.Abs(c[i*ldc+j]-want)/size)
				}
				if c[i*ldc+j] != c[j*ldc+i] {
					t.Fatalf("%v: not symmetric at (%d, %d)", s, i, j)
				}
			}
		}
		t.Logf("%v: largest difference over the sum of |a||b|: %.2g", s, worst)
		if worst > 2*0x1p-53*math.Sqrt(float64(k)) { // see TestKernelsAgainstPortable
			t.Errorf("%v: largest difference over the sum of |a||b|: %g", s, worst)
		}
	}
	if Syrk64(3, 4, make([]float64, 11), 3, make([]float64, 9), 3) == nil {
		t.Error("a short A was accepted")
	}
	if Syrk64(3, 4, make([]float64, 12), 3, make([]float64, 8), 3) == nil {
		t.Error("a short C was accepted")
	}
}

// TestCopyRowsWide checks the exported copy across several vectors.
func TestCopyRowsWide(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	for _, cols := range []int{0, 1, 31, 32, 33, 100} {
		src, dst := random(r, 4*cols+10), random(r, 5*cols+10)
		want := slices.Clone(dst)
		copyRowsGo(&want[0], cols+2, &src[0], cols+1, 3, cols)
		CopyRows(dst, cols+2, src, cols+1, 3, cols)
		if !slices.Equal(dst, want) {
			t.Errorf("3 rows of %d: wrong copy", cols)
		}
	}
}
