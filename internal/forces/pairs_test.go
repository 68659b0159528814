package forces

import (
	"fmt"
	"testing"

	"gonum.org/v1/gonum/floats"

	"github.com/glimpse-go/glimpse/internal/student"
	"github.com/glimpse-go/glimpse/internal/testkit/near"
	"github.com/glimpse-go/glimpse/internal/testkit/points"
)

// The pairs of every kind of loops, against the sums of addPairs, at any length.
func TestPairs(t *testing.T) {
	for n := range 40 {
		for _, bound := range []float64{1e-4, 1, 100, 1e90} {
			l := points.Uniform("pairs", n+1, 2, 1)
			floats.Scale(bound, l.Y)
			p := points.Uniform("p", n, 1, 1).Y
			at := l.At(n)
			want := Forces{Attract: [3]float64{1e-3, 2e-3}, Repel: [3]float64{3e-3, 4e-3}, Z: 5e-3}
			start := want
			want.addPairs(student.Kernel{DoF: 1}, p, l.Y[:2*n], 2, at)
			for _, v := range allVectors() {
				got := start
				v.pairs(&got, p, l.Y[:2*n], at[0], at[1])
				a := append(append(got.Attract[:2:2], got.Repel[:2]...), got.Z)
				b := append(append(want.Attract[:2:2], want.Repel[:2]...), want.Z)
				near.AtMost(t, fmt.Sprintf("%s, %d pairs, within %g", v.name, n, bound), near.Norm(t, a, b), 1e-14)
			}
		}
	}
}
