package multigrid

import (
	"fmt"
	"slices"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// system is a solver's levels, a share of whose pixels are unknown, with random solutions and right-hand sides.
func system(height, width int, share float64) []*level {
	s := New(height, width)
	l := s.levels[0]
	for p, known := range mask("", height*width, 1-share) {
		l.hole[(p/width+1)*l.stride+p%width+1] = !known
	}
	l.finest()
	for i, c := range s.levels[1:] {
		s.levels[i].coarsen(c)
	}
	for i, l := range s.levels {
		values := golden.Uniform(fmt.Sprint(i), 6*len(l.x), 1)
		for p := range l.x {
			v := values[6*p:]
			l.x[p] = rgb{r: float64(v[0]), g: float64(v[1]), b: float64(v[2])}
			l.b[p] = rgb{r: float64(v[3]), g: float64(v[4]), b: float64(v[5])}
		}
	}
	return s.levels
}

// Each loop in assembly does what the portable one does, to the bit, on every level.
func TestLoops(t *testing.T) {
	for _, v := range machine() {
		for _, c := range []struct{ height, width int }{{1, 7}, {9, 1}, {2, 3}, {17, 30}, {32, 32}} {
			for _, share := range []float64{0.05, 0.5, 0.95} {
				want, got := system(c.height, c.width, share), system(c.height, c.width, share)
				for i, w := range want {
					g := got[i]
					same := func(loop string, wanted, returned float64) {
						t.Helper()
						if wanted != returned || !slices.Equal(w.x, g.x) {
							t.Errorf("%s, %d x %d, %v, level %d: %s differs", v.name, c.height, c.width, share, i, loop)
						}
					}
					portable.sweep(w)
					v.sweep(g)
					same("sweep", 0, 0)
					same("sweepBack", portable.sweepBack(w), v.sweepBack(g))
					if i+1 == len(want) {
						break
					}
					below, found := want[i+1], got[i+1]
					portable.restrict(w, below)
					v.restrict(g, found)
					if !slices.Equal(below.b, found.b) {
						t.Errorf("%s, %d x %d, %v, level %d: restrict differs", v.name, c.height, c.width, share, i)
					}
					same("prolong", portable.prolong(w, below), v.prolong(g, found))
				}
			}
		}
	}
}
