package multigrid

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// mask has a share of its pixels known.
func mask(name string, size int, share float64) []bool {
	known := make([]bool, size)
	for p, v := range golden.Uniform("known"+name, size, 1) {
		known[p] = float64(v) < 2*share-1
	}
	return known
}

// What is filled in solves the equations, whatever the size, the holes and the number of
// channels.
func TestFill(t *testing.T) {
	for _, c := range []struct {
		channels, height, width int
		bound                   float64
	}{{3, 1, 1, 3}, {1, 1, 40, 3}, {3, 40, 1, 1e-4}, {4, 33, 21, 3}, {2, 2, 3, 3}, {3, 100, 7, 2e4}, {1, 64, 65, 1e-4}} {
		for _, keep := range []float64{2, 30, 80} {
			size := c.height * c.width
			im := golden.Uniform(fmt.Sprint(c), c.channels*size, c.bound)
			known := mask(fmt.Sprint(c), size, keep/100)
			got := slices.Clone(im)
			if err := New(c.height, c.width).Fill(t.Context(), got, known); err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(known, true) {
				if slices.ContainsFunc(got, func(v float32) bool { return v != 0 }) {
					t.Errorf("%v: nothing is known, and something is not 0", c)
				}
				continue
			}
			for i, v := range got {
				p := i % size
				if known[p] {
					if v != im[i] {
						t.Fatalf("%v: known pixel %d became %v, want %v", c, p, v, im[i])
					}
					continue
				}
				var sum, total float64
				for dy := -1; dy <= 1; dy++ {
					for dx := -1; dx <= 1; dx++ {
						if y, x := p/c.width+dy, p%c.width+dx; (dy != 0 || dx != 0) && y >= 0 && x >= 0 && y < c.height && x < c.width {
							w := 1.0 / float64(6*(dx*dx+dy*dy))
							total += w
							sum += w * float64(got[i-p+y*c.width+x])
						}
					}
				}
				if d := math.Abs(sum/total - float64(v)); d > 2e-6*c.bound { // 1e-6 of the range
					t.Fatalf("%v, %v%% known: pixel %d is %g off the mean of its neighbours", c, keep, p, d)
				}
			}
		}
	}
}

// A cycle leaves less than a quarter of the error, whatever the holes: single pixels, squares,
// one large hole, a comb.
func TestCycle(t *testing.T) {
	const height, width = 65, 90
	random := mask("cycle", height*width, 0.3)
	for name, known := range map[string]func(y, x int) bool{
		"pixels":  func(y, x int) bool { return random[y*width+x] },
		"squares": func(y, x int) bool { return (y/9+x/9)%2 == 0 },
		"hole":    func(y, x int) bool { return y < 2 || x > 80 },
		"inside":  func(y, x int) bool { return y < 4 || x < 5 || y > 58 || x > 84 },
		"comb":    func(y, x int) bool { return x%7 == 0 && y > 10 },
		"pixel":   func(y, x int) bool { return y == 30 && x == 41 },
	} {
		s := New(height, width)
		l := s.levels[0]
		begin := func() {
			for p, v := range golden.Uniform("cycle", height*width, 1) {
				l.x[(p/width+1)*l.stride+p%width+1].r = float64(v)
			}
		}
		for y := range height {
			for x := range width {
				l.hole[(y+1)*l.stride+x+1] = !known(y, x)
			}
		}
		l.finest()
		for i, c := range s.levels[1:] {
			s.levels[i].coarsen(c)
		}
		begin()
		for range cycles {
			s.cycle(0)
		}
		solution := slices.Clone(l.x)
		begin()
		rate, before := 0.0, math.Inf(1)
		for n := range 8 {
			changed := s.cycle(0)
			most := 0.0
			for p, v := range l.x {
				most = max(most, math.Abs(v.r-solution[p].r))
			}
			if n > 0 {
				rate = max(rate, most/before)
			}
			if most > changed {
				t.Errorf("%s: a cycle changes %g, and leaves an error of %g", name, changed, most)
			}
			before = most
		}
		t.Logf("%s: a cycle leaves at most %.2f of the error", name, rate)
		if rate > 1.0/4 {
			t.Errorf("%s: a cycle leaves %v of the error", name, rate)
		}
	}
}

// Where rows of the coarser level's matrix and of the interpolation are taken from another
// pixel with nothing known around, they are that pixel's own.
func TestCoarsen(t *testing.T) {
	const height, width = 48, 71
	s := New(height, width)
	l := s.levels[0]
	for y := range height {
		for x := range width { // two large holes, and single pixels
			l.hole[(y+1)*l.stride+x+1] = x != 33 && x != 34 && (y*width+x)%1117 != 0
		}
	}
	l.finest()
	for i, c := range s.levels[1:] {
		l := s.levels[i]
		l.coarsen(c)
		for k, p := range l.unknown {
			y, x := int(p)/l.stride, int(p)%l.stride
			if want := l.interpolated(k, y, x); l.from[k] != want {
				t.Errorf("level %d, pixel (%d, %d): interpolated by %v, want %v", i, x, y, l.from[k], want)
			}
		}
		for k, p := range c.unknown {
			want := l.product(c, int(p)/c.stride, int(p)%c.stride)
			got := c.weights[k]
			for d := range got {
				got[d] = -got[d]
			}
			got[4] = c.diagonal[k]
			if got != want {
				t.Errorf("level %d, pixel (%d, %d): a row of %v, want %v", i+1, int(p)%c.stride, int(p)/c.stride, got, want)
			}
		}
	}
}
