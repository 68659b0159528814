package forces

import "github.com/glimpse-go/glimpse/internal/dispatch"

// lanes is how many entries the loops over float32 take at a time: one AVX-512
// register, two of AVX2.
const lanes = 16

// vectors are the innermost loops in two dimensions with one degree of freedom, for
// one instruction set. Each gives the numbers of the portable ones but for the last
// bits.
type vectors struct {
	name string

	// attract and cross are Springs' Attract and Cross, in float32.
	attract func(s *Springs, lo, hi int)
	cross   func(s *Springs, lo, hi int) float64

	// pairs adds, in float64, the forces of the others, two coordinates each,
	// on the point (x, y).
	pairs func(f *Forces, p, others []float64, x, y float64)
}

func (v vectors) Name() string { return v.name }

// portable is always built. It is the only one under -tags purego and where there
// is no assembly for the processor.
var portable = vectors{"portable", attractGo, crossGo, pairsGo}

var chosen = dispatch.Choose(portable, machineVectors())
