package tsne

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/student"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/near"
	"github.com/glimpse-go/glimpse/internal/testkit/points"
)

const goldenFile = "tsne"

// The inputs of testdata/export/tsne.py.
const goldenN, goldenD = 150, 8

// goldenLayout returns a layout of coordinates within the bound.
func goldenLayout(name string, n, dims int, bound float64) layout {
	return layout{n, dims, points.Uniform(name, n, dims, bound).Y}
}

func exactAffinities(t *testing.T, x mat.Matrix, metric Metric, perplexity float64) []float64 {
	t.Helper()
	s, err := newSpace(x, metric)
	if err != nil {
		t.Fatal(err)
	}
	d2, err := s.Distances(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p, err := denseAffinities(t.Context(), d2, s.Len(), []float64{perplexity})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAffinitiesAgainstSklearn(t *testing.T) {
	g := golden.Open(t, goldenFile)
	x := points.Clusters(goldenN, goldenD, 5)
	for _, metric := range []Metric{Euclidean, Cosine} {
		for _, perplexity := range []float64{5, 30} {
			key := fmt.Sprintf("%s.%g", metric, perplexity)
			t.Run(key, func(t *testing.T) {
				dense := exactAffinities(t, x, metric, perplexity)
				var condensed []float64
				for i := range goldenN {
					condensed = append(condensed, dense[i*goldenN+i+1:(i+1)*goldenN]...)
				}
				near.AtMost(t, "dense P", near.Elementwise(t, condensed, g.Float64("dense."+key)), 1e-6)

				opt, err := Options{Perplexity: perplexity, Metric: metric}.withDefaults(goldenN)
				if err != nil {
					t.Fatal(err)
				}
				s, err := newSpace(x, metric)
				if err != nil {
					t.Fatal(err)
				}
				k := opt.neighbours(goldenN)
				indices, d2, err := s.Neighbours(t.Context(), k)
				if err != nil {
					t.Fatal(err)
				}
				for e, j := range g.Int64("neighbours." + key) {
					if int64(indices[e]) != j {
						t.Fatalf("neighbour %d of point %d is %d, want %d", e%k, e/k, indices[e], j)
					}
				}
				conditional := make([]float64, len(d2))
				var betas []float64
				for i := range goldenN {
					betas = append(betas, bisect(d2[i*k:(i+1)*k], -1, perplexity, conditional[i*k:(i+1)*k]).beta)
				}
				near.AtMost(t, "conditional P", near.Elementwise(t, conditional, g.Float64("conditional."+key)), 1e-6)
				near.AtMost(t, "beta", near.Elementwise(t, betas, g.Float64("beta."+key)), 1e-6)

				a, err := NewAffinities(t.Context(), x, opt)
				if err != nil {
					t.Fatal(err)
				}
				for i, want := range g.Int64("sparse." + key + ".indptr") {
					if int64(a.RowStart[i]) != want {
						t.Fatalf("row %d starts at %d, want %d", i, a.RowStart[i], want)
					}
				}
				for e, want := range g.Int64("sparse." + key + ".indices") {
					if int64(a.Columns[e]) != want {
						t.Fatalf("entry %d is in column %d, want %d", e, a.Columns[e], want)
					}
				}
				near.AtMost(t, "sparse P", near.Elementwise(t, a.Values, g.Float64("sparse."+key+".values")), 1e-6)
			})
		}
	}
}

func TestExactAgainstSklearn(t *testing.T) {
	g := golden.Open(t, goldenFile)
	p := exactAffinities(t, points.Clusters(goldenN, goldenD, 5), Euclidean, 30)
	obj, err := newAllPairs(t.Context(), p, goldenN, student.Kernel{DoF: 1})
	if err != nil {
		t.Fatal(err)
	}
	for name, bound := range map[string]float64{"early": 1e-4, "middle": 1, "late": 20, "wide": 1000} {
		l := goldenLayout(name, goldenN, 2, bound)
		grad := make([]float64, len(l.y))
		kl, err := obj.gradient(t.Context(), l, 1, grad, true)
		if err != nil {
			t.Fatal(err)
		}
		near.AtMost(t, name+" KL", near.Elementwise(t, []float64{kl}, g.Float64("exact."+name+".kl")), 1e-9)
		near.AtMost(t, name+" gradient", near.Norm(t, grad, g.Float64("exact."+name+".grad")), 1e-6)
	}
}

// A Barnes-Hut gradient must be no further from the exact one than
// scikit-learn's at the same angle, and equal to it at angle 0.
func TestBarnesHutAgainstSklearn(t *testing.T) {
	g := golden.Open(t, goldenFile)
	const n = 600
	p, err := NewAffinities(t.Context(), points.Clusters(n, goldenD, 6), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for dims := 1; dims <= 3; dims++ {
		for _, name := range []string{"early", "middle", "late"} {
			key := fmt.Sprintf("bh.%d.%s", dims, name)
			l := layout{n, dims, g.Float64(key + ".layout")}
			exact := g.Float64(key + ".exact")
			grad := make([]float64, len(l.y))
			gradient := func(theta float64) float64 {
				kl, err := byTree(t, p, dims, student.Kernel{DoF: 1}, theta).gradient(t.Context(), l, 1, grad, true)
				if err != nil {
					t.Fatal(err)
				}
				return kl
			}
			gradient(0)
			near.AtMost(t, key+" angle 0", near.Norm(t, grad, exact), 1e-9)
			for _, angle := range []float64{0.2, 0.5, 0.8} {
				k := fmt.Sprintf("%s.%g", key, angle)
				kl := gradient(angle)
				theirs := near.Norm(t, g.Float64(k), exact)
				near.AtMost(t, k, near.Norm(t, grad, exact), theirs)
				near.AtMost(t, k+" KL", near.Elementwise(t, []float64{kl}, g.Float64(k+".kl")), 0.01)
			}
		}
	}
}

// spread returns the difference of two layouts relative to the standard
// deviation of the second.
func spread(t *testing.T, got, want []float64) float64 {
	t.Helper()
	mean := floats.Sum(want) / float64(len(want))
	variance := 0.0
	for _, v := range want {
		variance += (v - mean) * (v - mean) / float64(len(want))
	}
	return golden.MaxAbsDiff(t, got, want) / math.Sqrt(variance)
}

func TestDescentAgainstSklearn(t *testing.T) {
	g := golden.Open(t, goldenFile)
	x := points.Clusters(goldenN, goldenD, 5)
	tolerance := map[int]float64{1: 1e-5, 10: 1e-4, 50: 1e-3}
	for _, iterations := range []int{1, 10, 50} {
		const n = 300
		begin := goldenLayout("start", n, 2, 1e-4)
		r, err := Fit(t.Context(), points.Clusters(n, goldenD, 5), Options{Method: Exact, Iterations: iterations, InitialLayout: mat.NewDense(n, 2, begin.y)})
		if err != nil {
			t.Fatal(err)
		}
		want := g.Float64(fmt.Sprintf("descent.first.%d", iterations))
		near.AtMost(t, fmt.Sprintf("first phase, %d iterations", iterations), spread(t, r.Layout.RawMatrix().Data, want), tolerance[iterations])

		begin = goldenLayout("middle", goldenN, 2, 1)
		r, err = Fit(t.Context(), x, Options{Method: Exact, Iterations: iterations, EarlyIterations: -1, InitialLayout: mat.NewDense(goldenN, 2, begin.y)})
		if err != nil {
			t.Fatal(err)
		}
		want = g.Float64(fmt.Sprintf("descent.second.%d", iterations))
		near.AtMost(t, fmt.Sprintf("second phase, %d iterations", iterations), spread(t, r.Layout.RawMatrix().Data, want), tolerance[iterations])

		o := Options{Method: Exact, Schedule: OpenTSNESchedule, Iterations: iterations, InitialLayout: mat.NewDense(goldenN, 2, begin.y)}
		if iterations == 50 {
			o.EarlyIterations, o.Iterations = 50, 100 // both phases
		}
		r, err = Fit(t.Context(), x, o)
		if err != nil {
			t.Fatal(err)
		}
		want = g.Float64(fmt.Sprintf("openTSNE.%d", iterations))
		near.AtMost(t, fmt.Sprintf("openTSNE, %d iterations", iterations), spread(t, r.Layout.RawMatrix().Data, want), tolerance[iterations])
	}
}

// The class TSNE, over the change of phase.
func TestFitAgainstSklearn(t *testing.T) {
	g := golden.Open(t, goldenFile)
	x := points.Clusters(goldenN, goldenD, 5)
	for _, iterations := range []int{250, 260, 300} {
		var previous float64
		r, err := Fit(t.Context(), x, Options{
			Method: Exact, Iterations: iterations, EarlyExaggeration: 1, LearningRate: 10,
			InitialLayout: mat.NewDense(goldenN, 2, goldenLayout("middle", goldenN, 2, 1).y),
			ProgressEvery: 1, Progress: func(p Progress) bool {
				if p.Iteration == iterations-1 {
					previous = p.KL
				}
				return true
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		key := fmt.Sprintf("class.%d", iterations)
		near.AtMost(t, key, spread(t, r.Layout.RawMatrix().Data, g.Float64(key)), 1e-3)
		if iterations == 250 {
			continue // scikit-learn's is the largest float64: it runs a second phase of no iterations
		}
		// scikit-learn reports the divergence before the last update.
		near.AtMost(t, key+" KL", near.Elementwise(t, []float64{previous}, g.Float64(key+".kl")), 1e-4)
	}
}

func TestStartsAgainstSklearn(t *testing.T) {
	g := golden.Open(t, goldenFile)
	for _, c := range []struct {
		seed uint32
		dims int
	}{{0, 2}, {12345, 3}} {
		want := g.Float32(fmt.Sprintf("random.%d", c.seed))
		l, err := start(t.Context(), nil, 200, Options{Components: c.dims, Init: InitRandom, Seed: c.seed})
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range want {
			if l.y[i] != float64(w) {
				t.Fatalf("seed %d: number %d is %v, want %v", c.seed, i, l.y[i], w)
			}
		}
	}
	l, err := start(t.Context(), points.Clusters(goldenN, goldenD, 5), goldenN, Options{Components: 2, Init: InitPCA})
	if err != nil {
		t.Fatal(err)
	}
	near.AtMost(t, "PCA", near.Norm(t, l.y, g.Float64("pca")), 1e-6)
}
