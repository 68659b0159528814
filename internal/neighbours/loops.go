package neighbours

import "github.com/glimpse-go/glimpse/internal/dispatch"

// A loops is one instruction set's innermost loops of a search.
type loops struct {
	name string

	// scan returns the first i for which base[i] + factor*products[i] is not
	// above limit, or else the length of both slices.
	scan func(products, base []float32, factor, limit float32) int

	// squares32 and squares64 are nil where plain Go measures row by row.
	squares32 squares[float32]
	squares64 squares[float64]
}

func (l loops) Name() string { return l.name }

var portable = loops{name: "portable", scan: scanGo}

var chosen = dispatch.Choose(portable, machineLoops())

// scanGo is the portable scan.
func scanGo(products, base []float32, factor, limit float32) int {
	base = base[:len(products)]
	for i, p := range products {
		if !(base[i]+factor*p > limit) {
			return i
		}
	}
	return len(products)
}
