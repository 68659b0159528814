package neighbours

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/points"
)

// newTestSpace returns the space of x.
func newTestSpace(t testing.TB, x mat.Matrix, metric Metric) *Space {
	t.Helper()
	s, err := New(x, metric)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// normalClusters returns n points about groups centres, both normally
// distributed, the second with the given deviation along each axis: the sums of
// 12 uniform numbers.
func normalClusters(n, d, groups int, deviation float64) *mat.Dense {
	normal := func(name string, n int) []float64 {
		out := make([]float64, n)
		for i, u := range golden.Uniform(name, 12*n, 0.5) {
			out[i/12] += float64(u)
		}
		return out
	}
	centres, noise := normal("tsne.cluster.centres", groups*d), normal("tsne.cluster.noise", n*d)
	x := mat.NewDense(n, d, noise)
	for i := range n {
		for j := range d {
			x.Set(i, j, x.At(i, j)+deviation*centres[i%groups*d+j])
		}
	}
	return x
}

// recall returns which part of the neighbours of some of the points, in all m,
// the approximate search finds, in cells of size points, comparing each with so
// many.
func recall(t testing.TB, s *Space, k, m, size, points int) float64 {
	t.Helper()
	found, _, err := s.nearestInCells(t.Context(), k, size, points)
	if err != nil {
		t.Fatal(err)
	}
	hits := 0
	for e := range m {
		i := e * s.n / m
		all := make([]uint64, 0, s.n)
		for j := range s.n {
			if j != i {
				all = append(all, uint64(math.Float32bits(s.squared(s.distance(s.row(i, nil), j))))<<32|uint64(j))
			}
		}
		slices.Sort(all)
		for _, key := range all[:k] {
			if _, ok := slices.BinarySearch(found[i*k:(i+1)*k], int32(uint32(key))); ok {
				hits++
			}
		}
	}
	return float64(hits) / float64(m*k)
}

// The recall where a part of the points is compared: isotropic clusters, which
// no partition suits, each of so many points as are compared; a long thin one;
// and a cloud far larger than what is compared, in few dimensions.
func TestApproximateRecall(t *testing.T) {
	long := normalClusters(8000, 20, 1, 1)
	for i := range 8000 {
		long.Set(i, 3, 40*long.At(i, 3))
		long.Set(i, 4, 20*long.At(i, 4))
	}
	// scikit-learn's load_digits.
	pixels := golden.Open(t, "digits").Bytes("data")
	digits := mat.NewDense(1797, 64, nil)
	for i, v := range pixels {
		digits.Set(i/64, i%64, float64(v))
	}
	for name, c := range map[string]struct {
		x            mat.Matrix
		size, points int
		least        float64
	}{
		"digits":   {digits, 16, 600, 0.98},
		"clusters": {normalClusters(8000, 50, 10, 3), 64, 1000, 0.97},
		"long":     {long, 64, 1000, 0.97},
		"cloud":    {normalClusters(8000, 6, 1, 1), 64, 1000, 0.97},
	} {
		for _, metric := range []Metric{Euclidean, Cosine} {
			r := recall(t, newTestSpace(t, c.x, metric), 31, 200, c.size, c.points)
			t.Logf("%s, %s: recall %.4f", name, metric, r)
			if r < c.least {
				t.Errorf("%s, %s: recall %.4f, want at least %v", name, metric, r, c.least)
			}
		}
	}
}

// With few points all are compared, and the search is exact, to the order of
// the neighbours and the bits of their distances.
func TestApproximateSearchOfFewPointsIsExact(t *testing.T) {
	constant := mat.NewDense(700, 3, slices.Repeat([]float64{4}, 2100))
	twins := mat.NewDense(1200, 2, nil)
	for i := range 1200 {
		twins.SetRow(i, []float64{float64(i % 4), float64(i % 2)})
	}
	outlier := points.Clusters(600, 4, 3)
	outlier.Set(7, 2, 1e200)
	for name, x := range map[string]mat.Matrix{
		"groups": points.Clusters(1500, 8, 5), "wide": points.Clusters(600, 70, 3), "constant": constant, "twins": twins,
		"outlier": outlier, "two": points.Clusters(2, 3, 1), "one column": points.Clusters(700, 1, 2),
	} {
		for _, metric := range []Metric{Euclidean, Cosine} {
			s := newTestSpace(t, x, metric)
			for _, k := range []int{1, 30, s.n - 1} {
				k = min(k, s.n-1)
				got, d2, err := s.NearestApproximately(t.Context(), k)
				if err != nil {
					t.Fatal(err)
				}
				want, wantD2, err := s.Neighbours(t.Context(), k)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(d2, wantD2) && name != "constant" && name != "twins" {
					t.Errorf("%s, %s, %d neighbours: other distances than the exact search", name, metric, k)
				}
				if name == "constant" || name == "twins" {
					// Which of equal points are taken is open.
					for i := range s.n {
						if a, b := sortedRow(d2, i, k), sortedRow(wantD2, i, k); !slices.Equal(a, b) {
							t.Fatalf("%s, %s, %d neighbours: point %d has others", name, metric, k, i)
						}
					}
					continue
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s, %s, %d neighbours: others than the exact search finds", name, metric, k)
				}
			}
		}
	}
}

func sortedRow(d2 []float32, i, k int) []float32 {
	return slices.Sorted(slices.Values(d2[i*k : (i+1)*k]))
}

// What is found are k different points, none the point itself, ascending, with
// their distances, and the same at any GOMAXPROCS.
func TestApproximateNeighbours(t *testing.T) {
	const n, k = 6000, 12
	x := normalClusters(n, 6, 4, 1)
	for i := range 700 { // equal points, more than a cell holds
		x.SetRow(i, []float64{1, 2, 3, 4, 5, 6})
	}
	s := newTestSpace(t, x, Euclidean)
	var first []int32
	var firstD2 []float32
	for _, procs := range []int{1, 2, 5} {
		old := runtime.GOMAXPROCS(procs)
		indices, d2, err := s.nearestInCells(t.Context(), k, 64, 1000)
		runtime.GOMAXPROCS(old)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first, firstD2 = indices, d2
		} else if !slices.Equal(first, indices) || !slices.Equal(firstD2, d2) {
			t.Errorf("other neighbours at GOMAXPROCS %d", procs)
		}
	}
	for i := range n {
		for e := range k {
			j := first[i*k+e]
			if int(j) == i || e > 0 && j <= first[i*k+e-1] {
				t.Fatalf("the neighbours of point %d are %v", i, first[i*k:(i+1)*k])
			}
			if want := s.squared(s.distance(s.row(i, nil), int(j))); firstD2[i*k+e] != want {
				t.Fatalf("the squared distance of %d and %d is %v, want %v", i, j, firstD2[i*k+e], want)
			}
			if i < 700 && firstD2[i*k+e] != 0 {
				t.Fatalf("point %d has a neighbour at %v, where it has 699 equals", i, firstD2[i*k+e])
			}
		}
	}
}

// Every point is in one cell, cells are of almost equal size, and the centres
// are their means.
func TestCells(t *testing.T) {
	for _, n := range []int{1, 2, 99, 100, 101, 1500} {
		s := newTestSpace(t, points.Clusters(n, 8, 5), Euclidean)
		c, err := newCells(t.Context(), s, 100)
		if err != nil {
			t.Fatal(err)
		}
		if all := slices.Sorted(slices.Values(c.order)); all[0] != 0 || int(all[n-1]) != n-1 || len(slices.Compact(all)) != n {
			t.Fatalf("%d points: a point is twice in the cells, or not at all", n)
		}
		count := len(c.start) - 1
		for cell := range count {
			lo, hi := int(c.start[cell]), int(c.start[cell+1])
			if size := hi - lo; size > 100 || size < n/count {
				t.Errorf("%d points in %d cells: one has %d", n, count, size)
			}
			for j := range s.d {
				mean := 0.0
				for i := lo; i < hi; i++ {
					mean += float64(s.approx[int(c.order[i])*s.d+j]) / float64(hi-lo)
				}
				if math.Abs(mean-float64(c.centre[cell*s.d+j])) > 1e-5 {
					t.Fatalf("%d points: the centre of cell %d is off", n, cell)
				}
			}
		}
	}
}

func TestSortable(t *testing.T) {
	values := []float32{float32(math.Inf(-1)), -2, -1e-40, 0, 1e-40, 2, float32(math.Inf(1)), float32(math.NaN())}
	for i, v := range values[1:] {
		if !(sortable(values[i]) < sortable(v)) {
			t.Errorf("%v is not before %v", values[i], v)
		}
	}
}

func TestApproximateSearchStops(t *testing.T) {
	s := newTestSpace(t, points.Clusters(1000, 8, 5), Euclidean)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.NearestApproximately(ctx, 10); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// BenchmarkNeighbourSearch compares the searches where t-SNE changes from one to the
// other.
func BenchmarkNeighbourSearch(b *testing.B) {
	for _, n := range []int{20000, 65536, 100000} {
		s := newTestSpace(b, normalClusters(n, 50, 10, 3), Euclidean)
		for how, search := range map[string]func(context.Context, int) ([]int32, []float32, error){"exact": s.Neighbours, "approximate": s.NearestApproximately} {
			b.Run(fmt.Sprintf("%s/%d", how, n), func(b *testing.B) {
				for b.Loop() {
					if _, _, err := search(b.Context(), 91); err != nil {
						b.Fatal(err)
					}
				}
				perSecond(b, n)
			})
		}
	}
}
