package forces

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/glimpse-go/glimpse/internal/student"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/near"
	"github.com/glimpse-go/glimpse/internal/testkit/points"
	"github.com/glimpse-go/glimpse/internal/tree"
)

// allVectors are the loops that this machine runs, the portable ones last.
func allVectors() []vectors { return append(machineVectors(), portable) }

// sparse returns a matrix of n rows, of which row i has min(i, most) entries.
func sparse(n, most int) Matrix {
	m := Matrix{RowStart: []int{0}}
	for i := range n {
		count := min(i, most)
		step := max(1, n/max(count, 1))
		for e := range count {
			m.Columns = append(m.Columns, int32((i+1+e*step)%n))
		}
		row := m.Columns[len(m.Columns)-count:]
		slices.Sort(row)
		m.RowStart = append(m.RowStart, len(m.Columns))
	}
	for _, v := range golden.Uniform("sparse", len(m.Columns), 1) {
		m.Values = append(m.Values, float64(v*v)/float64(len(m.Columns)))
	}
	return m
}

// The attraction and the divergence in vectors, against the sums in float64.
func TestSprings(t *testing.T) {
	const n = 400
	k := student.Kernel{DoF: 1}
	// A point without neighbours, and rows of every length.
	cut := sparse(n, n-1)
	for name, bound := range map[string]float64{"start": 1e-4, "middle": 1, "late": 50, "huge": 4e7} {
		l := points.Uniform(name, n, 2, bound)
		var tr tree.Tree
		tr.Build(n, 2, l.Y, 0.5)
		s, err := NewSprings(t.Context(), cut, tr.Order)
		if err != nil {
			t.Fatal(err)
		}
		for r, i := range s.Order { // whole vectors, and no more of them than it takes
			if got, least := s.rowStart[r+1]-s.rowStart[r], cut.Count(int(i)); got%lanes != 0 || got < least || got >= least+lanes {
				t.Fatalf("row %d has %d places for %d entries", r, got, least)
			}
		}
		s.Place(l.Y, tr.Origin)
		for _, v := range allVectors() {
			var force, diff, cross float64
			v.attract(s, 0, 100)
			v.attract(s, 100, n)
			for i := range n {
				lo, hi := cut.RowStart[i], cut.RowStart[i+1]
				columns, values := cut.Columns[lo:hi], cut.Values[lo:hi]
				want := Attract(k, columns, values, l.Y, 2, l.At(i))
				cross += Cross(k, columns, values, l.Y, 2, l.At(i))
				for a := range 2 {
					d := want[a] - float64(s.Forces[2*int(s.Rank[i])+a])
					diff += d * d
					force += want[a] * want[a]
				}
			}
			what := fmt.Sprintf("%s, %s", name, v.name)
			near.AtMost(t, what+": attraction", math.Sqrt(diff/force), 1e-6)
			got := v.cross(s, 0, 7) + v.cross(s, 7, 7) + v.cross(s, 7, n)
			// 1 + d2 is a float32: what is lost is lost of 1.
			near.AtMost(t, what+": p log q", math.Abs(got-cross), 1e-7*(1+cross))
		}
	}
}
