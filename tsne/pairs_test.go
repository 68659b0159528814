package tsne

import (
	"fmt"
	"testing"

	"gonum.org/v1/gonum/floats"
)

// The pairs of every kind of loops, against the sums of addPairs, at any length.
func TestPairs(t *testing.T) {
	for n := range 40 {
		for _, bound := range []float64{1e-4, 1, 100, 1e90} {
			l := goldenLayout("pairs", n+1, 2, 1)
			floats.Scale(bound, l.y)
			p := goldenLayout("p", n, 1, 1).y
			at := l.at(n)
			want := forces{attract: [3]float64{1e-3, 2e-3}, repel: [3]float64{3e-3, 4e-3}, z: 5e-3}
			start := want
			want.addPairs(p, l.y[:2*n], 2, at, kernel{1})
			for _, v := range allVectors() {
				got := start
				v.pairs(&got, p, l.y[:2*n], at[0], at[1])
				a := append(append(got.attract[:2:2], got.repel[:2]...), got.z)
				b := append(append(want.attract[:2:2], want.repel[:2]...), want.z)
				atMost(t, fmt.Sprintf("%s, %d pairs, within %g", v.name, n, bound), relativeNorm(t, a, b), 1e-14)
			}
		}
	}
}
