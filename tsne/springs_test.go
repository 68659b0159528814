package tsne

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// The attraction and the divergence in vectors, against the sums in float64.
func TestSprings(t *testing.T) {
	const n = 400
	p, err := NewAffinities(t.Context(), goldenData(n, goldenD, 6), Options{Perplexity: 10})
	if err != nil {
		t.Fatal(err)
	}
	// A point without neighbours, and rows of every length.
	p.Columns, p.Values = slices.Clone(p.Columns), slices.Clone(p.Values)
	cut := &Affinities{RowStart: []int{0}}
	for i := range n {
		columns, values := p.Row(i)
		length := min(i, len(columns))
		cut.Columns = append(cut.Columns, columns[:length]...)
		cut.Values = append(cut.Values, values[:length]...)
		cut.RowStart = append(cut.RowStart, len(cut.Columns))
	}
	for name, bound := range map[string]float64{"start": 1e-4, "middle": 1, "late": 50, "huge": 4e7} {
		l := goldenLayout(name, n, 2, bound)
		tr := &tree{}
		tr.build(l, 0.5)
		s := &springs{}
		s.update(cut, l, tr.origin, tr.order)
		for _, v := range allVectors() {
			var force, diff, cross float64
			v.attract(s, 0, 100)
			v.attract(s, 100, n)
			for i := range n {
				columns, values := cut.Row(i)
				want := kernel{1}.attract(columns, values, l, l.at(i))
				cross += kernel{1}.cross(columns, values, l, l.at(i))
				for a := range 2 {
					d := want[a] - float64(s.forces[2*int(s.rank[i])+a])
					diff += d * d
					force += want[a] * want[a]
				}
			}
			what := fmt.Sprintf("%s, %s", name, v.name)
			atMost(t, what+": attraction", math.Sqrt(diff/force), 1e-6)
			got := v.cross(s, 0, 7) + v.cross(s, 7, 7) + v.cross(s, 7, n)
			// 1 + d2 is a float32: what is lost is lost of 1.
			atMost(t, what+": p log q", math.Abs(got-cross), 1e-7*(1+cross))
		}
	}
}
