package gemm

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestKernelsAgainstPortable runs every kernel of this machine over random
// shapes, edges and strides, and holds it to the portable one. Both round at
// each of k steps, at other places: by Higham and Mary, "A new approach to
// probabilistic rounding error analysis" (SIAM J. Sci. Comput. 41, 2019), they
// part by no more than about sqrt(k) roundings of the sum of |a||b|.
func TestKernelsAgainstPortable(t *testing.T) {
	for _, kern := range kernels[:len(kernels)-1] {
		t.Run(kern.name+"/float32", func(t *testing.T) { kernelAgainstPortable[float32](t, kern, 0x1p-24) })
		t.Run(kern.name+"/float64", func(t *testing.T) { kernelAgainstPortable[float64](t, kern, 0x1p-53) })
	}
}

func kernelAgainstPortable[T Float](t *testing.T, with kernelPair, epsilon float64) {
	r := rand.New(rand.NewPCG(7, 8))
	worst := 0.0
	for trial := range 150 {
		m, n, k := r.IntN(70), r.IntN(140), r.IntN(90)
		switch trial % 10 {
		case 0:
			m = 1
		case 1:
			n = 1
		case 2:
			k = r.IntN(2)
		case 3:
			k = 300 + r.IntN(900)
		}
		nt, add := trial%2 == 1, trial%3 == 0
		lda, ldc := k+r.IntN(5), n+r.IntN(5)
		ldb, rowsB := n+r.IntN(5), k
		if nt {
			ldb, rowsB = k+r.IntN(5), n
		}
		a, b, c := randomOf[T](r, m*lda), randomOf[T](r, rowsB*ldb), randomOf[T](r, m*ldc)
		before, want := slices.Clone(c), slices.Clone(c)
		if err := dense(portable, m, n, k, a, lda, b, ldb, want, ldc, nt, add); err != nil {
			t.Fatal(err)
		}
		if err := dense(with, m, n, k, a, lda, b, ldb, c, ldc, nt, add); err != nil {
			t.Fatal(err)
		}
		for i := range c {
			if ldc > 0 && i%ldc >= n {
				if c[i] != want[i] {
					t.Fatalf("%d x %d x %d: wrote outside C at %d", m, n, k, i)
				}
				continue
			}
			size := 0.0
			if add {
				size = math.Abs(float64(before[i]))
			}
			for p := range k {
				right := p*ldb + i%ldc
				if nt {
					right = i%ldc*ldb + p
				}
				size += math.Abs(float64(a[i/ldc*lda+p]) * float64(b[right]))
			}
			difference := math.Abs(float64(c[i]) - float64(want[i]))
			if size > 0 {
				difference /= epsilon * math.Sqrt(float64(k+1)) * size
			}
			if !(difference < 2) {
				t.Fatalf("%d x %d x %d: C[%d, %d] = %v, portable %v", m, n, k, i/ldc, i%ldc, c[i], want[i])
			}
			worst = max(worst, difference)
		}
	}
	t.Logf("largest difference: %.2g times sqrt(k+1) roundings of the sum of |a||b|", worst)
}

// TestStore holds the store of every kernel to the portable one, bit by bit,
// NaN and signed zero included, for every width and height.
func TestStore(t *testing.T) {
	for _, kern := range kernels {
		t.Run(kern.name+"/float32", func(t *testing.T) { storeAgainstGo(t, kern.f32) })
		t.Run(kern.name+"/float64", func(t *testing.T) { storeAgainstGo(t, kern.f64) })
	}
}

func storeAgainstGo[T Float](t *testing.T, kern *kernel[T]) {
	r := rand.New(rand.NewPCG(9, 10))
	tile := randomOf[T](r, (kern.mr+1)*kern.nr)
	tile[1], tile[2] = T(math.NaN()), T(math.Copysign(0, -1))
	for rows := 1; rows <= kern.mr; rows++ {
		for cols := 1; cols <= kern.nr; cols++ {
			stride := cols + r.IntN(4)
			before := randomOf[T](r, rows*stride+2*kern.nr)
			add := randomOf[T](r, (rows-1)*stride+cols)
			for _, addend := range []*T{nil, &add[0]} {
				got, want := slices.Clone(before), slices.Clone(before)
				storeGo(kern.nr, &want[kern.nr], addend, &tile[0], stride, rows, cols)
				kern.store(&got[kern.nr], addend, &tile[0], stride, rows, cols)
				for i := range got {
					if math.Float64bits(float64(got[i])) != math.Float64bits(float64(want[i])) {
						t.Fatalf("%d x %d, add %t: element %d is %v, want %v", rows, cols, addend != nil, i-kern.nr, got[i], want[i])
					}
				}
			}
		}
	}
}

// TestCopyRows holds the copy of every kernel to the portable one.
func TestCopyRows(t *testing.T) {
	for _, kern := range kernels {
		t.Run(kern.name+"/float32", func(t *testing.T) { copyAgainstGo(t, kern.f32) })
		t.Run(kern.name+"/float64", func(t *testing.T) { copyAgainstGo(t, kern.f64) })
	}
}

func copyAgainstGo[T Float](t *testing.T, kern *kernel[T]) {
	r := rand.New(rand.NewPCG(11, 12))
	for rows := range 5 {
		for cols := 1; cols <= kern.nr; cols++ {
			from, to := cols+r.IntN(3), cols+r.IntN(3)
			src := randomOf[T](r, 5*from)
			got := randomOf[T](r, 5*to+1)
			want := slices.Clone(got)
			kern.copyRows(&got[0], to, &src[0], from, rows, cols)
			copyRowsGo(&want[0], to, &src[0], from, rows, cols)
			if !slices.Equal(got, want) {
				t.Fatalf("%d rows of %d, %d to %d apart: wrong copy", rows, cols, from, to)
			}
		}
	}
}

// TestChooseKernel asks for each kernel by name, and for one that is not.
func TestChooseKernel(t *testing.T) {
	for _, want := range kernels {
		if got, err := chooseKernel(want.name); err != nil || got.name != want.name {
			t.Errorf("chooseKernel(%q) = %q, %v", want.name, got.name, err)
		}
	}
	if got, err := chooseKernel(""); err != nil || got.name != kernels[0].name {
		t.Errorf("by default %q, %v", got.name, err)
	}
	if _, err := chooseKernel("mmx"); err == nil {
		t.Error("an unknown kernel was accepted")
	}
	if name, err := Kernel(); err != nil {
		t.Errorf("kernel %s: %v", name, err)
	}
}

func randomOf[T Float](r *rand.Rand, n int) []T {
	x := make([]T, n)
	for i := range x {
		x[i] = T(r.NormFloat64())
	}
	return x
}
