package neighbours

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// float32s returns n x d float32 numbers around a place.
func float32s(name string, n, d int, place float64) *mat.Dense {
	x := mat.NewDense(n, d, nil)
	for i, v := range golden.Uniform(name, n*d, 1) {
		x.Set(i/d, i%d, float64(float32(place+float64(v))))
	}
	return x
}

// Features that are float32 numbers are kept as such; one number that is not, and
// magnitudes that have to be tamed, make all of them float64.
func TestCoordinatesAreNarrowWhereTheyCanBe(t *testing.T) {
	last := float32s("narrow", 50, 3, 0)
	last.Set(49, 2, 0.1)
	tiny := float32s("narrow", 50, 3, 0)
	tiny.Scale(0x1p-60, tiny)
	for name, c := range map[string]struct {
		x             mat.Matrix
		narrow, plain bool
		metric        Metric
	}{
		"float32":         {float32s("narrow", 50, 3, 0), true, true, Euclidean},
		"somewhat off":    {float32s("narrow", 50, 3, 0.9), true, true, Euclidean}, // 0.81 of 0.81 + 1/3
		"too far off":     {float32s("narrow", 50, 3, 1.2), true, false, Euclidean},
		"one float64":     {last, false, false, Euclidean},
		"tiny":            {tiny, false, false, Euclidean},
		"directions":      {float32s("narrow", 50, 3, 0), false, false, Cosine},
		"all of one kind": {mat.NewDense(4, 1, []float64{3, 3, 3, 3}), true, false, Euclidean},
	} {
		s := newTestSpace(t, c.x, c.metric)
		if (s.narrow != nil) != c.narrow || (s.wide != nil) == c.narrow || s.plain != c.plain {
			t.Errorf("%s: narrow %v, wide %v, plain %v", name, s.narrow != nil, s.wide != nil, s.plain)
		}
		if c.metric == Cosine || name == "tiny" {
			continue
		}
		for i := range s.n {
			if row := s.Row(i); !slices.Equal(row, mat.Row(nil, i, c.x)) {
				t.Fatalf("%s: row %d is %v", name, i, row)
			}
		}
	}
}

// The neighbours and the bits of their distances do not depend on how the coordinates
// are kept, nor on the float32 form, for points of the space and for queries.
func TestNarrowSpaceIsTheWideOne(t *testing.T) {
	const n, d, k = 700, 21, 15
	far := float32s("far", 30, d, 0)
	far.Set(7, 3, 1e16)
	far.Set(8, 3, -1e17)
	double := float32s("double", 30, d, 0)
	double.Scale(1.0/3, double)
	for _, place := range []float64{0, 0.8, 1.3, 40} {
		x := float32s("points", n, d, place)
		narrow := newTestSpace(t, x, Euclidean)
		// The same points as float64, their float32 form about their place.
		wide := *narrow
		wide.coordinates = coordinates{n: n, d: d, narrow: narrow.narrow}
		wide.widen()
		wide.plain, wide.approxScale = false, 0
		wide.shift = slices.Repeat([]float64{place}, d)
		wide.prepare()
		same := func(what string, a []int32, a2 []float32, b []int32, b2 []float32) {
			t.Helper()
			if !slices.Equal(a, b) || !slices.Equal(a2, b2) {
				t.Errorf("points about %g, %s: not the same neighbours", place, what)
			}
		}
		a, a2, err := narrow.Neighbours(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		b, b2, err := wide.Neighbours(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		same("of themselves", a, a2, b, b2)
		for name, q := range map[string]mat.Matrix{"near": float32s("near", 30, d, place), "far": far, "double": double} {
			nq, err := narrow.Queries(q)
			if err != nil {
				t.Fatal(err)
			}
			wq, err := wide.Queries(q)
			if err != nil {
				t.Fatal(err)
			}
			a, a2, err = narrow.Nearest(t.Context(), nq, false, k)
			if err != nil {
				t.Fatal(err)
			}
			b, b2, err = wide.Nearest(t.Context(), wq, false, k)
			if err != nil {
				t.Fatal(err)
			}
			same(fmt.Sprint("queries ", name), a, a2, b, b2)
			// And those that all distances tell.
			for i := range 30 {
				best := math.Inf(1)
				for j := range n {
					sum := 0.0
					for c := range d {
						diff := q.At(i, c) - x.At(j, c)
						sum += diff * diff
					}
					best = min(best, sum)
				}
				if least := slices.Min(a2[i*k : (i+1)*k]); math.Abs(float64(least)-best) > 1e-6*best {
					t.Errorf("points about %g, queries %s: the nearest of %d is at %g, want %g", place, name, i, least, best)
				}
			}
		}
	}
}

// An order has every point once, and points of one cluster together.
func TestOrder(t *testing.T) {
	const n, groups = 4096, 8 // a whole number of cells each
	x := normalClusters(n, 10, groups, 30)
	order, err := newTestSpace(t, x, Euclidean).Order(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	changes := 0
	for s, i := range order[1:] {
		if i%groups != order[s]%groups {
			changes++
		}
	}
	if changes > 2*groups {
		t.Errorf("the order goes from one cluster to another %d times, want at most %d", changes, 2*groups)
	}
	slices.Sort(order)
	for i, v := range order {
		if int(v) != i {
			t.Fatalf("point %d is not once in the order", i)
		}
	}
}
