package numpyrand_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/glimpse-go/glimpse/internal/numpyrand"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

var seeds = []uint32{0, 1, 42, math.MaxUint32}

// Uniform numbers and permutations to the last bit. NumPy's normals carry the
// last-place errors of the C library's logarithm (glibc 2.36 misrounds one in
// a thousand), ours do not: at most 1 ulp apart, and only that often. As
// float32 they are the same: TestStart.
func TestNumPy(t *testing.T) {
	f := golden.Open(t, "numpyrand")
	differ, total := 0, 0
	for _, seed := range seeds {
		s := numpyrand.New(seed)
		for i, want := range f.Float64(fmt.Sprintf("%d/standard_normal", seed)) {
			got := s.StandardNormal()
			total++
			if got == want {
				continue
			}
			differ++
			if math.Nextafter(got, want) != want {
				t.Errorf("seed %d: normal %d is %v, NumPy's %v", seed, i, got, want)
			}
			if float32(got) != float32(want) {
				t.Errorf("seed %d: normal %d differs as float32", seed, i)
			}
		}
		s = numpyrand.New(seed)
		for i, want := range f.Float64(fmt.Sprintf("%d/random_sample", seed)) {
			if got := s.RandomSample(); got != want {
				t.Errorf("seed %d: sample %d is %v, NumPy's %v", seed, i, got, want)
			}
		}
		want := f.Int64(fmt.Sprintf("%d/permutation", seed))
		for i, got := range numpyrand.New(seed).Permutation(len(want)) {
			if int64(got) != want[i] {
				t.Fatalf("seed %d: permutation[%d] is %d, NumPy's %d", seed, i, got, want[i])
			}
		}
	}
	t.Logf("%d of %d normals differ from NumPy's, by 1 ulp", differ, total)
	if differ*300 > total {
		t.Errorf("%d of %d normals differ from NumPy's", differ, total)
	}
}

// The random start of scikit-learn's t-SNE, 1e-4 times float32 normals, over
// 40,000 numbers a seed.
func TestStart(t *testing.T) {
	f := golden.Open(t, "numpyrand")
	for _, seed := range seeds {
		s := numpyrand.New(seed)
		sum := int64(0)
		start := make([]float32, 40_000)
		for i := range start {
			start[i] = 1e-4 * float32(s.StandardNormal())
			sum += int64(math.Float32bits(start[i]))
		}
		want := f.Float32(fmt.Sprintf("%d/start", seed))
		if d := golden.MaxAbsDiff(t, start[len(start)-len(want):], want); d != 0 {
			t.Errorf("seed %d: the last points differ by %g", seed, d)
		}
		if want := f.Int64(fmt.Sprintf("%d/start.bitsum", seed))[0]; sum != want {
			t.Errorf("seed %d: the bits add to %d, NumPy's to %d", seed, sum, want)
		}
	}
}

func BenchmarkStandardNormal(b *testing.B) {
	s := numpyrand.New(0)
	for b.Loop() {
		s.StandardNormal()
	}
}

func Example() {
	s := numpyrand.New(0)
	fmt.Println(s.StandardNormal(), s.StandardNormal())
	// Output: 1.764052345967664 0.4001572083672233
}
