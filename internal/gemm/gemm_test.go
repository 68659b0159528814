package gemm

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// naive is the definition, in float64.
func naive(m, n, k int, a []float32, lda int, b []float32, ldb int) []float64 {
	c := make([]float64, m*n)
	for i := range m {
		for j := range n {
			for p := range k {
				c[i*n+j] += float64(a[i*lda+p]) * float64(b[p*ldb+j])
			}
		}
	}
	return c
}

func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

func TestFloat32AgainstDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	worst := 0.0
	for _, s := range [][3]int{
		{1, 1, 1}, {1, 1, 0}, {0, 3, 2}, {3, 0, 2}, {3, 5, 7}, {4, 4, 4}, {64, 16, 576}, {65, 129, 33}, {130, 257, 64}, {5, 300, 1},
	} {
		m, n, k := s[0], s[1], s[2]
		lda, ldb, ldc := k+r.IntN(3), n+r.IntN(3), n+r.IntN(3)
		a, b, c := random(r, m*lda), random(r, k*ldb), random(r, m*ldc)
		before := slices.Clone(c)
		if err := Float32(m, n, k, a, lda, b, ldb, c, ldc); err != nil {
			t.Fatalf("%v: %v", s, err)
		}
		want := naive(m, n, k, a, lda, b, ldb)
		for i := range m {
			for j := range ldc {
				if j >= n {
					if c[i*ldc+j] != before[i*ldc+j] {
						t.Fatalf("%v: wrote outside C at (%d, %d)", s, i, j)
					}
					continue
				}
				worst = max(worst, math.Abs(float64(c[i*ldc+j])-want[i*n+j])/math.Sqrt(float64(k)+1))
			}
		}
	}
	t.Logf("largest difference over sqrt(k): %.2g", worst)
	if worst > 2e-6 {
		t.Errorf("largest difference over sqrt(k) is %g", worst)
	}
}

func TestFloat32SameBitsOnAnyNumberOfCores(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	m, n, k := 150, 333, 211
	a, b := random(r, m*k), random(r, k*n)
	var first []float32
	for _, procs := range []int{1, 2, 7} {
		old := runtime.GOMAXPROCS(procs)
		c := make([]float32, m*n)
		if err := Float32(m, n, k, a, k, b, n, c, n); err != nil {
			t.Fatal(err)
		}
		runtime.GOMAXPROCS(old)
		if first == nil {
			first = c
		} else if !slices.Equal(first, c) {
			t.Errorf("other bits at GOMAXPROCS=%d", procs)
		}
	}
}

func TestFloat32RefusesShortSlices(t *testing.T) {
	x := make([]float32, 11)
	y := make([]float32, 100)
	if Float32(3, 4, 4, x, 4, y, 4, y, 4) == nil {
		t.Error("short A accepted")
	}
	if Float32(4, 4, 3, y, 3, x, 4, y, 4) == nil {
		t.Error("short B accepted")
	}
	if Float32(3, 4, 4, y, 4, y, 4, x, 4) == nil {
		t.Error("short C accepted")
	}
	if Float32(3, 4, 4, y, 3, y, 4, y, 4) == nil {
		t.Error("stride shorter than a row accepted")
	}
}
