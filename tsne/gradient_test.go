package tsne

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// objectives returns both objectives for the same sparse affinities; Barnes-Hut
// at angle 0, so that it is as smooth as the exact one.
func objectives(t *testing.T, n int, k kernel) map[string]objective {
	t.Helper()
	p, err := NewAffinities(t.Context(), goldenData(n, goldenD, 4), Options{Perplexity: 8})
	if err != nil {
		t.Fatal(err)
	}
	dense := make([]float64, n*n)
	for i := range n {
		columns, values := p.Row(i)
		for e, j := range columns {
			dense[i*n+int(j)] = values[e]
		}
	}
	all, err := newExact(t.Context(), dense, n, k)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]objective{"exact": all, "barnes-hut": newBarnesHut(p, k, 0)}
}

// The gradient must be the derivative of the divergence, in every dimension and
// for every kernel.
func TestGradientAgainstFiniteDifferences(t *testing.T) {
	const n, h = 60, 1e-5
	for dims := 1; dims <= 3; dims++ {
		for _, dof := range []float64{0.5, 1, 2, 3.5} {
			for name, obj := range objectives(t, n, kernel{dof}) {
				l := goldenLayout("differences", n, dims, 3)
				grad, scratch := make([]float64, len(l.y)), make([]float64, len(l.y))
				kl := func(grad []float64) float64 {
					v, err := obj.gradient(t.Context(), l, 1, grad, true)
					if err != nil {
						t.Fatal(err)
					}
					return v
				}
				kl(grad)
				var got, want []float64
				for i := 0; i < len(l.y); i += 7 {
					y := l.y[i]
					l.y[i] = y + h
					plus := kl(scratch)
					l.y[i] = y - h
					minus := kl(scratch)
					l.y[i] = y
					got = append(got, grad[i])
					want = append(want, (plus-minus)/(2*h))
				}
				atMost(t, fmt.Sprintf("%s, %d-D, %g degrees of freedom", name, dims, dof), relativeNorm(t, got, want), 1e-7)
			}
		}
	}
}

// The exaggeration multiplies the attraction alone: the gradient is linear in
// it, and the divergence does not see it.
func TestExaggeration(t *testing.T) {
	for name, obj := range objectives(t, 60, kernel{1}) {
		l := goldenLayout("differences", 60, 2, 3)
		g := make([][]float64, 3)
		var kl [3]float64
		for e := range g {
			g[e] = make([]float64, len(l.y))
			var err error
			if kl[e], err = obj.gradient(t.Context(), l, float64(1+e), g[e], true); err != nil {
				t.Fatal(err)
			}
		}
		if kl[0] != kl[1] {
			t.Errorf("%s: the divergence is %v, exaggerated %v", name, kl[0], kl[1])
		}
		predicted := make([]float64, len(l.y))
		for i := range predicted {
			predicted[i] = 2*g[1][i] - g[0][i]
		}
		atMost(t, name, relativeNorm(t, g[2], predicted), 1e-12)
	}
}

// What is summed over the tree at any angle, against all pairs.
func TestTreeHoldsEveryPoint(t *testing.T) {
	for dims := 1; dims <= 3; dims++ {
		for _, n := range []int{1, 2, 8, 9, 500} {
			l := goldenLayout("tree", n, dims, 5)
			// Some points coincide, more than a leaf holds.
			for i := range n / 3 {
				copy(l.y[i*dims:(i+1)*dims], l.y[:dims])
			}
			tr := &tree{}
			tr.build(l, 0.5)
			seen := make([]bool, n)
			for _, i := range tr.order {
				if seen[i] {
					t.Fatalf("%d-D, %d points: point %d is in the tree twice", dims, n, i)
				}
				seen[i] = true
			}
			if root := tr.nodes[0]; int(root.count) != n || int(root.next) != len(tr.nodes) {
				t.Errorf("%d-D, %d points: the root has %v points and ends at node %d of %d", dims, n, root.count, root.next, len(tr.nodes))
			}
			leaves := 0
			for i, nd := range tr.nodes {
				if int(nd.next) <= i {
					t.Fatalf("node %d goes back to %d", i, nd.next)
				}
				if nd.first >= 0 {
					leaves += int(nd.count)
				}
			}
			if leaves != n {
				t.Errorf("%d-D: the leaves hold %d points, want %d", dims, leaves, n)
			}
			if len(tr.nodes) > 2*n {
				t.Errorf("%d-D: %d nodes for %d points", dims, len(tr.nodes), n)
			}
			for _, dof := range []float64{1, 2, 3} {
				k := kernel{dof}
				for _, theta := range []float64{0, 1} {
					tr.build(l, theta)
					var worst, size float64
					for i := range n {
						var at [3]float64
						copy(at[:], l.y[i*dims:(i+1)*dims])
						force, z := tr.repel(at, k)
						var f forces
						f.addPairs(make([]float64, n), l.y, dims, at, k)
						worst = max(worst, math.Abs(z-f.z), golden.MaxAbsDiff(t, force[:], f.repel[:]))
						size = max(size, f.z)
					}
					limit := 1e-12
					if theta > 0 {
						limit = 0.1
					}
					if worst > limit*size {
						t.Errorf("%d-D, %d points, %g degrees of freedom, angle %g: off by %g of %g", dims, n, dof, theta, worst, size)
					}
				}
			}
		}
	}
}

// Equal points, and an outlier that leaves all others in one cell, must not
// make the tree large or deep.
func TestTreeOfDegenerateLayouts(t *testing.T) {
	const n = 5000
	for dims := 1; dims <= 3; dims++ {
		for name, at := range map[string]func(i int) float64{
			"equal":   func(int) float64 { return 7 },
			"zero":    func(int) float64 { return 0 },
			"outlier": func(i int) float64 { return map[bool]float64{true: 1e30, false: float64(i % 10)}[i == 0] },
			"huge":    func(i int) float64 { return float64(i%3-1) * 1e300 },
			"minute":  func(i int) float64 { return float64(i%3) * 1e-310 },
		} {
			l := layout{n: n, dims: dims, y: make([]float64, n*dims)}
			for i := range l.y {
				l.y[i] = at(i / dims)
			}
			tr := &tree{}
			tr.build(l, 0.5)
			if len(tr.nodes) > 64 {
				t.Errorf("%d-D, %s: %d nodes", dims, name, len(tr.nodes))
			}
			force, z := tr.repel([3]float64{l.y[0]}, kernel{1})
			for _, v := range append(force[:], z) {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Errorf("%d-D, %s: the sums are %v and %v", dims, name, force, z)
				}
			}
		}
	}
}

func TestRadixSort(t *testing.T) {
	for _, bits := range []int{1, 11, 33, 63, 64} {
		tr := &tree{codes: make([]uint64, 1000), codes2: make([]uint64, 1000), order: make([]int32, 1000), order2: make([]int32, 1000)}
		seed := uint64(bits)
		want := make([]uint64, 1000)
		for i := range tr.codes {
			seed = seed*6364136223846793005 + 1442695040888963407
			tr.codes[i], tr.order[i] = seed>>(64-bits), int32(i)
			want[i] = tr.codes[i]
		}
		tr.sort()
		for s := range tr.codes {
			if tr.codes[s] != want[tr.order[s]] {
				t.Fatalf("%d bits: place %d has lost its point", bits, s)
			}
			if s > 0 && (tr.codes[s-1] > tr.codes[s] || tr.codes[s-1] == tr.codes[s] && tr.order[s-1] > tr.order[s]) {
				t.Fatalf("%d bits: places %d and %d are in the wrong order", bits, s-1, s)
			}
		}
	}
}

// The radix sort, of buckets long and short, against codes that are all alike
// but for their index.
func TestSortIsStable(t *testing.T) {
	for _, n := range []int{1, 33, 5000} {
		for _, distinct := range []uint64{1, 3, 1000} {
			for _, shift := range []int{0, 20, 54} {
				tr := &tree{codes: make([]uint64, n), codes2: make([]uint64, n), order: make([]int32, n), order2: make([]int32, n)}
				for i := range n {
					tr.codes[i], tr.order[i] = uint64(i)*2654435761%distinct<<shift, int32(i)
				}
				tr.sort()
				for s := 1; s < n; s++ {
					if tr.codes[s-1] > tr.codes[s] || tr.codes[s-1] == tr.codes[s] && tr.order[s-1] > tr.order[s] {
						t.Fatalf("%d codes, %d distinct, shifted by %d: places %d and %d are in the wrong order", n, distinct, shift, s-1, s)
					}
				}
			}
		}
	}
}

// A tree of parts must be the one that a single builder makes.
func TestTreeOfParts(t *testing.T) {
	for dims := 1; dims <= 3; dims++ {
		l := goldenLayout("tree", 5000, dims, 5)
		for i := range 1000 { // more copies than a part holds
			copy(l.y[i*dims:(i+1)*dims], l.y[:dims])
		}
		tr := &tree{}
		tr.build(l, 0.5)
		tr.build(l, 0.5) // in the memory of the first
		if len(tr.parts) < 10 {
			t.Errorf("%d-D: %d parts", dims, len(tr.parts))
		}
		one := builder{t: tr, levels: levelsOf(dims)}
		one.cell(0, l.n, 0)
		if !slices.Equal(one.nodes, tr.nodes) {
			t.Errorf("%d-D: other nodes", dims)
		}
	}
}
