package tree

import (
	"math"
	"slices"
	"testing"

	"github.com/glimpse-go/glimpse/internal/student"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/points"
)

// allPairs is what Repel returns, by its definition.
func allPairs(k student.Kernel, l points.Layout, at [3]float64) (force [3]float64, z float64) {
	for j := range l.N {
		other, d2 := l.At(j), 0.0
		for a := range other {
			d2 += (at[a] - other[a]) * (at[a] - other[a])
		}
		inv, q := k.At(d2)
		z += q
		for a := range other {
			force[a] += q * inv * (at[a] - other[a])
		}
	}
	return force, z
}

// What is summed over the tree at any angle, against all pairs.
func TestTreeHoldsEveryPoint(t *testing.T) {
	for dims := 1; dims <= 3; dims++ {
		for _, n := range []int{1, 2, 8, 9, 500} {
			l := points.Uniform("tree", n, dims, 5)
			// Some points coincide, more than a leaf holds.
			for i := range n / 3 {
				copy(l.Y[i*dims:(i+1)*dims], l.Y[:dims])
			}
			tr := &Tree{}
			tr.Build(l.N, l.Dims, l.Y, 0.5)
			seen := make([]bool, n)
			for _, i := range tr.Order {
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
			for _, k := range []student.Kernel{{DoF: 1}, {DoF: 2}, {DoF: 3}, {DoF: 2, Heavy: true}} {
				for _, theta := range []float64{0, 1} {
					tr.Build(l.N, l.Dims, l.Y, theta)
					var worst, size float64
					for i := range n {
						var at [3]float64
						copy(at[:], l.Y[i*dims:(i+1)*dims])
						force, z := tr.Repel(at, k)
						wantForce, wantZ := allPairs(k, l, at)
						worst = max(worst, math.Abs(z-wantZ), golden.MaxAbsDiff(t, force[:], wantForce[:]))
						size = max(size, wantZ)
					}
					limit := 1e-12
					if theta > 0 {
						limit = 0.1
					}
					if worst > limit*size {
						t.Errorf("%d-D, %d points, %+v, angle %g: off by %g of %g", dims, n, k, theta, worst, size)
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
			l := points.Layout{N: n, Dims: dims, Y: make([]float64, n*dims)}
			for i := range l.Y {
				l.Y[i] = at(i / dims)
			}
			tr := &Tree{}
			tr.Build(l.N, l.Dims, l.Y, 0.5)
			if len(tr.nodes) > 64 {
				t.Errorf("%d-D, %s: %d nodes", dims, name, len(tr.nodes))
			}
			force, z := tr.Repel([3]float64{l.Y[0]}, student.Kernel{DoF: 1})
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
		tr := &Tree{codes: make([]uint64, 1000), codes2: make([]uint64, 1000), Order: make([]int32, 1000), order2: make([]int32, 1000)}
		seed := uint64(bits)
		want := make([]uint64, 1000)
		for i := range tr.codes {
			seed = seed*6364136223846793005 + 1442695040888963407
			tr.codes[i], tr.Order[i] = seed>>(64-bits), int32(i)
			want[i] = tr.codes[i]
		}
		tr.sort()
		for s := range tr.codes {
			if tr.codes[s] != want[tr.Order[s]] {
				t.Fatalf("%d bits: place %d has lost its point", bits, s)
			}
			if s > 0 && (tr.codes[s-1] > tr.codes[s] || tr.codes[s-1] == tr.codes[s] && tr.Order[s-1] > tr.Order[s]) {
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
				tr := &Tree{codes: make([]uint64, n), codes2: make([]uint64, n), Order: make([]int32, n), order2: make([]int32, n)}
				for i := range n {
					tr.codes[i], tr.Order[i] = uint64(i)*2654435761%distinct<<shift, int32(i)
				}
				tr.sort()
				for s := 1; s < n; s++ {
					if tr.codes[s-1] > tr.codes[s] || tr.codes[s-1] == tr.codes[s] && tr.Order[s-1] > tr.Order[s] {
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
		l := points.Uniform("tree", 5000, dims, 5)
		for i := range 1000 { // more copies than a part holds
			copy(l.Y[i*dims:(i+1)*dims], l.Y[:dims])
		}
		tr := &Tree{}
		tr.Build(l.N, l.Dims, l.Y, 0.5)
		tr.Build(l.N, l.Dims, l.Y, 0.5) // in the memory of the first
		if len(tr.parts) < 10 {
			t.Errorf("%d-D: %d parts", dims, len(tr.parts))
		}
		one := builder{t: tr, levels: levelsOf(dims)}
		one.cell(0, l.N, 0)
		if !slices.Equal(one.nodes, tr.nodes) {
			t.Errorf("%d-D: other nodes", dims)
		}
	}
}
