package tsne

import "github.com/glimpse-go/glimpse/internal/gemm"

// lanes is how many points or pairs the loops over float32 vectors take at a
// time: one AVX-512 register, two of AVX2.
const lanes = 16

// vectors are the innermost loops of the neighbour search and of an iteration
// in two dimensions with one degree of freedom, for one instruction set, in
// float32 but for pairs. Each gives the numbers of the portable ones but for
// the last bits.
type vectors struct {
	name string

	// walk continues a walk of the tree until a list is full or the tree ends.
	walk func(w *walk)

	// sum adds to the group what the first n cells do, none of them in the place
	// of a point of the group.
	sum func(g *group, from *farList, n int)

	// sumNear is sum for points, which may be in the place of one of the group.
	sumNear func(g *group, from *body, n int)

	// attract sets the forces on rows lo to hi to the sums over their entries
	// of p q times the vector from the other point.
	attract func(s *springs, lo, hi int)

	// cross returns the sum over the entries of rows lo to hi of p times -log q.
	cross func(s *springs, lo, hi int) float64

	// pairs adds, in float64, the forces of the others, two coordinates each,
	// on the point (x, y).
	pairs func(f *forces, p, others []float64, x, y float64)

	// scan returns the first i for which base[i] + factor*products[i] is not
	// above limit, or else the length of both slices.
	scan func(products, base []float32, factor, limit float32) int
}

// portableVectors are always built. They are the only ones under -tags purego
// and where there is no assembly for the processor.
var portableVectors = vectors{"portable", walkGo, sumGo, sumNearGo, attractGo, crossGo, pairsGo, scanGo}

// chosenVectors are those of the instruction set that gemm uses, so that one
// environment variable forces both.
var chosenVectors = vectorsNamed(gemm.Kernel())

// vectorsNamed returns the named loops, the portable ones if this build has
// none of that name. (gemm reports a name that is wrong.)
func vectorsNamed(name string, _ error) *vectors {
	for _, v := range machineVectors() {
		if v.name == name {
			return &v
		}
	}
	return &portableVectors
}
