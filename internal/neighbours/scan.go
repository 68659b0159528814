package neighbours

import "github.com/glimpse-go/glimpse/internal/dispatch"

// A scanner is one instruction set's innermost loop of a sift.
type scanner struct {
	name string

	// scan returns the first i for which base[i] + factor*products[i] is not
	// above limit, or else the length of both slices.
	scan func(products, base []float32, factor, limit float32) int
}

func (s scanner) Name() string { return s.name }

var portable = scanner{"portable", scanGo}

var chosen = dispatch.Choose(portable, machineScanners())

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
