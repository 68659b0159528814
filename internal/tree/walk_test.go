package tree

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"
	"unsafe"

	"github.com/glimpse-go/glimpse/internal/student"
	"github.com/glimpse-go/glimpse/internal/testkit/near"
	"github.com/glimpse-go/glimpse/internal/testkit/points"
)

// allVectors are the loops that this machine runs, the portable ones last.
func allVectors() []vectors { return append(machineVectors(), portable) }

// groupLayouts are layouts of every kind that the group walk may meet.
func groupLayouts() map[string]points.Layout {
	wide := points.Uniform("wide", 200, 2, 4e7)
	twins := points.Lumps(500, 2)
	for i := range 200 {
		copy(twins.Y[2*i:2*i+2], twins.Y[:2])
	}
	tight := points.Uniform("tight", 300, 2, 1)
	for i := range tight.Y {
		tight.Y[i] = 1e-12*tight.Y[i] + float64(i/2%3)
	}
	return map[string]points.Layout{
		"one":   points.Uniform("one", 1, 2, 5),
		"few":   points.Uniform("few", 17, 2, 5),
		"start": points.Uniform("start", 1000, 2, 1e-4),
		"lumps": points.Lumps(3000, 2),
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
				tr := &Tree{}
				tr.Build(l.N, l.Dims, l.Y, theta)
				tr.MakeQuads()
				w := &Walk{}
				w.Reset(tr)
				var diffZ, sumZ, diff, size, theirs float64
				out := make([]float32, 2*Lanes)
				for lo := 0; lo < l.N; lo += Lanes {
					hi := min(lo+Lanes, l.N)
					z := w.repel(&v, lo, hi, out)
					want := 0.0
					for s := lo; s < hi; s++ {
						at := l.At(int(tr.Order[s]))
						force, z := allPairs(student.Kernel{DoF: 1}, l, at)
						want += z - 1 // without the point itself
						single, _ := tr.Repel(at, student.Kernel{DoF: 1})
						for a := range 2 {
							d := float64(out[2*(s-lo)+a]) - force[a]
							diff += d * d
							size += force[a] * force[a]
							d = single[a] - force[a]
							theirs += d * d
						}
					}
					diffZ += math.Abs(z - want)
					sumZ += want
				}
				what := fmt.Sprintf("%s, %s, angle %g", name, v.name, theta)
				near.AtMost(t, what+": force", math.Sqrt(diff), math.Sqrt(theirs)+2e-6*math.Sqrt(size))
				near.AtMost(t, what+": z", diffZ, (2e-6+0.05*theta)*sumZ)
			}
		}
	}
}

// Every walk must list the same cells and points, in whatever order.
func TestWalksListTheSame(t *testing.T) {
	for name, l := range groupLayouts() {
		for _, theta := range []float64{0.02, 0.5, 0.7} {
			tr := &Tree{}
			tr.Build(l.N, l.Dims, l.Y, theta)
			tr.MakeQuads()
			var want []body
			for i, v := range append([]vectors{portable}, machineVectors()...) {
				var all []body
				v.sum = func(_ *group, from *farList, n int) {
					for k := range n {
						all = append(all, body{from.x[k], from.y[k], 1, from.count[k]})
					}
				}
				v.sumNear = func(_ *group, from *body, n int) { all = append(all, unsafe.Slice(from, n)...) }
				w := &Walk{}
				w.Reset(tr)
				for lo := 0; lo < l.N; lo += Lanes {
					before := len(all)
					w.repel(&v, lo, min(lo+Lanes, l.N), make([]float32, 2*Lanes))
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
