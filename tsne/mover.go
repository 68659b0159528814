package tsne

import (
	"math"

	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/internal/scratch"
)

// A mover is gradient descent with momentum and a gain for each coordinate
// (Jacobs 1988), by the rules of one of the schedules.
type mover struct {
	update, gains, next []float64
	blocks              []movedBlock
	openTSNE            bool
	fixed               bool // among fixed points: no clipping, no centring
}

// maxStep is the longest step of a point under openTSNE's schedule.
const maxStep = 5

// minGain is the floor of the gains (scikit-learn's min_gain), and what
// openTSNE adds to a shrinking gain.
const minGain = 0.01

func newMover(l layout, s Schedule) *mover {
	m := &mover{
		update:   make([]float64, len(l.y)),
		gains:    make([]float64, len(l.y)),
		next:     make([]float64, len(l.y)),
		openTSNE: s == OpenTSNESchedule,
	}
	m.reset()
	return m
}

// reset forgets the momentum and sets the gains to 1.
func (m *mover) reset() {
	clear(m.update)
	for i := range m.gains {
		m.gains[i] = 1
	}
}

// moverBlock is how many points a goroutine moves at a time.
const moverBlock = 256

// step moves the layout against grad. It returns the norm of the gradient
// times the gains, and whether the new layout is finite, within maxCoordinate:
// if not, l.y is left as it was.
func (m *mover) step(l layout, grad []float64, momentum, rate float64) (gained float64, finite bool) {
	m.blocks = scratch.Resize(m.blocks, (l.n+moverBlock-1)/moverBlock)
	parallel.For(l.n, moverBlock, func(lo, hi int) {
		var b movedBlock
		for i := lo * l.dims; i < hi*l.dims; i++ {
			g := grad[i]
			m.gains[i] = m.gain(m.gains[i], m.update[i], g)
			g *= m.gains[i]
			b.squares += g * g
			m.update[i] = momentum*m.update[i] - rate*g
		}
		if m.openTSNE && !m.fixed {
			clip(m.update[lo*l.dims:hi*l.dims], l.dims)
		}
		for i := lo * l.dims; i < hi*l.dims; i++ {
			v := l.y[i] + m.update[i]
			m.next[i] = v
			b.wild = b.wild || !(math.Abs(v) <= maxCoordinate)
		}
		m.blocks[lo/moverBlock] = b
	})
	var total movedBlock
	for _, b := range m.blocks {
		total.squares += b.squares
		total.wild = total.wild || b.wild
	}
	if total.wild {
		return math.Sqrt(total.squares), false
	}
	copy(l.y, m.next)
	if m.openTSNE && !m.fixed {
		centre(l)
	}
	return math.Sqrt(total.squares), true
}

// movedBlock is what moving some points tells: the sum of the squares of the
// gradient times the gains, and whether a point left the range of numbers.
type movedBlock struct {
	squares float64
	wild    bool
}

// gain returns the next gain of a coordinate.
func (m *mover) gain(gain, update, grad float64) float64 {
	switch {
	case m.openTSNE:
		return openTSNEGain(gain, update, grad)
	case update*grad < 0:
		return gain + 0.2
	}
	return max(gain*0.8, minGain)
}

// openTSNEGain grows the gain unless update and gradient have the same sign.
// A zero has the sign of a zero alone, as in NumPy's sign.
func openTSNEGain(gain, update, grad float64) float64 {
	if sign(update) != sign(grad) {
		return gain + 0.2
	}
	return gain*0.8 + minGain
}

func sign(v float64) int {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}

// clip shortens the steps longer than maxStep.
func clip(update []float64, dims int) {
	for ; len(update) >= dims; update = update[dims:] {
		step := update[:dims]
		if length := norm(step); length > maxStep {
			for a := range step {
				step[a] *= maxStep / length
			}
		}
	}
}

// centre moves the mean of the layout to the origin.
func centre(l layout) {
	var mean [3]float64
	for i, v := range l.y {
		mean[i%l.dims] += v / float64(l.n)
	}
	for i := range l.y {
		l.y[i] -= mean[i%l.dims]
	}
}

// norm returns the Euclidean norm of x.
func norm(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum)
}
