package tsne

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"
	"unsafe"
)

// allVectors are the loops that this machine runs, the portable ones last.
func allVectors() []vectors { return append(machineVectors(), portableVectors) }

// groupLayouts are layouts of every kind that the group walk may meet.
func groupLayouts() map[string]layout {
	wide := goldenLayout("wide", 200, 2, 4e7)
	twins := benchLayout(500, 2)
	for i := range 200 {
		copy(twins.y[2*i:2*i+2], twins.y[:2])
	}
	tight := goldenLayout("tight", 300, 2, 1)
	for i := range tight.y {
		tight.y[i] = 1e-12*tight.y[i] + float64(i/2%3)
	}
	return map[string]layout{
		"one":   goldenLayout("one", 1, 2, 5),
		"few":   goldenLayout("few", 17, 2, 5),
		"start": goldenLayout("start", 1000, 2, 1e-4),
		"lumps": benchLayout(3000, 2),
		"wide":  wide,
		"twins": twins,
		"tight": tight,
	}
}

// Groups must be as exact as single points: where all points are near, as
// exact as float32 is; with far cells, no further from the sum over all pairs
// than the walk of each point by itself.
func TestGroupsAgainstAllPairs(t *testing.T) {
	for name, l := range groupLayouts() {
		for _, v := range allVectors() {
			for _, theta := range []float64{0.01, 0.5, 0.7} {
				tr := &tree{}
				tr.build(l, theta)
				tr.makeQuads()
				w := &walk{}
				w.reset(tr)
				var diffZ, sumZ, diff, size, theirs float64
				out := make([]float32, 2*lanes)
				for lo := 0; lo < l.n; lo += lanes {
					hi := min(lo+lanes, l.n)
					z := w.repel(&v, lo, hi, out)
					want := 0.0
					for s := lo; s < hi; s++ {
						at := l.at(int(tr.order[s]))
						var f forces
						i := int(tr.order[s])
						pairsGo(&f, make([]float64, i), l.y[:2*i], at[0], at[1])
						pairsGo(&f, make([]float64, l.n-i-1), l.y[2*i+2:], at[0], at[1])
						want += f.z
						single, _ := tr.repel(at, kernel{1})
						for a := range 2 {
							d := float64(out[2*(s-lo)+a]) - f.repel[a]
							diff += d * d
							size += f.repel[a] * f.repel[a]
							d = single[a] - f.repel[a]
							theirs += d * d
						}
					}
					diffZ += math.Abs(z - want)
					sumZ += want
				}
				what := fmt.Sprintf("%s, %s, angle %g", name, v.name, theta)
				atMost(t, what+": force", math.Sqrt(diff), math.Sqrt(theirs)+2e-6*math.Sqrt(size))
				atMost(t, what+": z", diffZ, (2e-6+0.05*theta)*sumZ)
			}
		}
	}
}

// Every walk must list the same cells and points, in whatever order.
func TestWalksListTheSame(t *testing.T) {
	for name, l := range groupLayouts() {
		for _, theta := range []float64{0.02, 0.5, 0.7} {
			tr := &tree{}
			tr.build(l, theta)
			tr.makeQuads()
			var want []body
			for i, v := range append([]vectors{portableVectors}, machineVectors()...) {
				var all []body
				v.sum = func(_ *group, from *farList, n int) {
					for k := range n {
						all = append(all, body{from.x[k], from.y[k], 1, from.count[k]})
					}
				}
				v.sumNear = func(_ *group, from *body, n int) { all = append(all, unsafe.Slice(from, n)...) }
				w := &walk{}
				w.reset(tr)
				for lo := 0; lo < l.n; lo += lanes {
					before := len(all)
					w.repel(&v, lo, min(lo+lanes, l.n), make([]float32, 2*lanes))
					slices.SortFunc(all[before:], func(a, b body) int {
						return cmp.Or(cmp.Compare(a.z, b.z), cmp.Compare(a.x, b.x), cmp.Compare(a.y, b.y), cmp.Compare(a.count, b.count))
					})
				}
				if i == 0 {
					want = all
				} else if !slices.Equal(all, want) {
					t.Errorf("%s, angle %g: %s lists %d, the portable walk %d, or others", name, theta, v.name, len(all), len(want))
				}
			}
		}
	}
}

// The objective in vectors must be the one point by point: nearly where all is
// near, and in layouts too wide or too narrow for float32 to the last bit.
func TestVectorGradientAgainstScalar(t *testing.T) {
	const n = 500
	p, err := NewAffinities(t.Context(), goldenData(n, goldenD, 6), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		bound     float64
		tolerance float64
		kl        float64
	}{{1e-20, 0, 0}, {1e-4, 3e-6, 1e-7}, {1, 3e-6, 1e-6}, {30, 3e-6, 1e-6}, {1000, 3e-6, 1e-6}, {1e20, 0, 0}} {
		l := goldenLayout("vector", n, 2, c.bound)
		var grad [2][]float64
		var kl [2]float64
		for i := range grad {
			b := newBarnesHut(p, kernel{1}, 0.01)
			grad[i] = make([]float64, len(l.y))
			gradient := b.gradient
			if i == 1 {
				b.tree.build(l, b.theta)
				b.partials = make([]pairSums, n)
				gradient = b.scalar
			}
			if kl[i], err = gradient(t.Context(), l, 12, grad[i], true); err != nil {
				t.Fatal(err)
			}
		}
		what := fmt.Sprintf("width %g", 2*c.bound)
		atMost(t, what+": gradient", relativeNorm(t, grad[0], grad[1]), c.tolerance)
		atMost(t, what+": divergence", elementwise(t, kl[:1], kl[1:]), c.kl)
	}
}
