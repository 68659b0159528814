package resample

import (
	"math"
	"sync"
)

const (
	fixedBits = 22 // Pillow's PRECISION_BITS: 32 bits, less 8 of a pixel and 2 spare
	fixedHalf = 1 << (fixedBits - 1)
)

// weights is the filter along one axis: output i is the sum of taps(i) times the inputs
// from from[i] on.
type weights struct {
	from  []int
	ends  []int
	fixed []uint32

	// The same for the loops: width taps an output, zeros behind, in their own form.
	arranged []uint32
	width    int
	reach    int // bytes that they read of a row from its first on
}

// span returns the range [first, last) of the inputs that any output needs.
func (t *weights) span() (first, last int) {
	first = t.from[0]
	for i, from := range t.from {
		first, last = min(first, from), max(last, from+len(t.taps(i)))
	}
	return first, last
}

// most is the largest number of taps.
func (t *weights) most() int {
	n := 0
	for i := range t.from {
		n = max(n, len(t.taps(i)))
	}
	return n
}

func (t *weights) taps(i int) []uint32 {
	begin := 0
	if i > 0 {
		begin = t.ends[i-1]
	}
	return t.fixed[begin:t.ends[i]]
}

// newWeights mirrors precompute_coeffs and normalize_coeffs_8bpc of Pillow's
// Resample.c for outputs [start, start+n) of a scaling from in to out pixels.
// The conversions to float64 keep a compiler from fusing products into sums,
// which would round differently.
func newWeights(l *loops, in, out, start, n int) *weights {
	t := &weights{from: make([]int, n), ends: make([]int, n)}
	scale := float64(in) / float64(out)
	support := max(scale, 1)
	inverse := 1 / support
	for i := range n {
		centre := float64((float64(start+i) + 0.5) * scale)
		lo := max(int(centre-support+0.5), 0)
		hi := min(int(centre+support+0.5), in)
		triangle := func(j int) float64 {
			return max(1-math.Abs(float64((float64(j)-centre+0.5)*inverse)), 0)
		}
		sum := 0.0
		for j := lo; j < hi; j++ {
			sum += triangle(j)
		}
		t.from[i] = lo
		began := len(t.fixed)
		for j := lo; j < hi; j++ {
			k := uint32(0.5 + float64(triangle(j)/sum*(1<<fixedBits)))
			if k == 0 && len(t.fixed) == began { // leading zeros change nothing
				t.from[i] = j + 1
				continue
			}
			t.fixed = append(t.fixed, k)
		}
		for len(t.fixed) > began && t.fixed[len(t.fixed)-1] == 0 {
			t.fixed = t.fixed[:len(t.fixed)-1]
		}
		t.ends[i] = len(t.fixed)
	}
	if l.filter != nil {
		t.arrange(l)
	}
	return t
}

// arrange lays the taps out for the loops.
func (t *weights) arrange(l *loops) {
	t.width = (t.most() + l.group - 1) / l.group * l.group
	t.arranged = make([]uint32, len(t.from)*t.width)
	for i, from := range t.from {
		taps := t.arranged[i*t.width:][:t.width]
		copy(taps, t.taps(i))
		if l.halves {
			halve(taps)
		}
		// They load 16 bytes for four taps.
		t.reach = max(t.reach, 3*from+(t.width+3)/4*12+4)
	}
}

// recent keeps the tables of the last sizes seen: a data set has few.
var recent struct {
	sync.Mutex
	tables map[[4]int]*weights
	cost   int
}

// maxRecent bounds what is kept, in numbers.
const maxRecent = 1 << 18

func weightsFor(in, out, start, n int) *weights {
	key := [4]int{in, out, start, n}
	recent.Lock()
	t := recent.tables[key]
	recent.Unlock()
	if t != nil {
		return t
	}
	t = newWeights(chosen, in, out, start, n)
	cost := len(t.fixed) + len(t.arranged) + len(t.from) + len(t.ends)
	if cost > maxRecent/4 {
		return t
	}
	recent.Lock()
	defer recent.Unlock()
	if recent.tables[key] != nil {
		return t
	}
	if recent.tables == nil || recent.cost+cost > maxRecent {
		recent.tables, recent.cost = map[[4]int]*weights{}, 0
	}
	recent.tables[key] = t
	recent.cost += cost
	return t
}
