package tsne

import "math"

// A mover is gradient descent with momentum and a gain for each coordinate
// (Jacobs 1988), by the rules of one of the schedules.
type mover struct {
	update, gains, next []float64
	openTSNE            bool
	fixed               bool // among fixed points: no clipping, no centring
}

// maxStep is the longest step of a point under openTSNE's schedule.
const maxStep = 5

// maxCoordinate is the largest coordinate of a layout: its square is finite.
// Only a run that diverges comes near.
const maxCoordinate = 1e100

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

// step moves the layout against grad. It returns the norm of the gradient
// times the gains, and whether the new layout is finite, within maxCoordinate:
// if not, l.y is left as it was.
func (m *mover) step(l layout, grad []float64, momentum, rate float64) (gained float64, finite bool) {
	sum := 0.0
	for i, g := range grad {
		if m.openTSNE {
			m.gains[i] = openTSNEGain(m.gains[i], m.update[i], g)
		} else if m.update[i]*g < 0 {
			m.gains[i] += 0.2
		} else {
			m.gains[i] = max(m.gains[i]*0.8, minGain)
		}
		g *= m.gains[i]
		sum += g * g
		m.update[i] = momentum*m.update[i] - rate*g
	}
	if m.openTSNE && !m.fixed {
		m.clip(l.dims)
	}
	finite = true
	for i, u := range m.update {
		v := l.y[i] + u
		m.next[i] = v
		finite = finite && math.Abs(v) <= maxCoordinate
	}
	if !finite {
		return math.Sqrt(sum), false
	}
	copy(l.y, m.next)
	if m.openTSNE && !m.fixed {
		centre(l)
	}
	return math.Sqrt(sum), true
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
func (m *mover) clip(dims int) {
	for i := 0; i < len(m.update); i += dims {
		step := m.update[i : i+dims]
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
