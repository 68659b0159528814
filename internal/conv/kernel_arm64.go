//go:build !purego

package conv

import (
	"math"
	"unsafe"
)

// machineKernels is NEON, which every arm64 processor has.
func machineKernels() []*kernel {
	return []*kernel{{
		name: "neon", rows: 8, lanes: lanesNEON, narrow: lanesNEON,
		mul:    mulNEON,
		outer:  outerNEON,
		spread: spreadGo, gather: gatherGo,
		input:  [variants]func(*transform){input2NEON, input4NEON},
		output: [variants]func(*transform){output2NEON, output4NEON},
		filter: [variants]func(*transform){filterGo2, filterGo4},
		pool:   poolNEON, stencil: stencilGo, choose: chooseGo,
	}}
}

const lanesNEON = 8

// mulNEON is tileNEON for any number of columns.
func mulNEON(p *product) {
	if p.cols == lanesNEON && !(p.bias != nil && p.ceiling < float32(math.Inf(1))) {
		tileNEON(p)
		return
	}
	var tile [8 * lanesNEON]float32
	whole := *p
	whole.c, whole.stride, whole.bias = &tile[0], lanesNEON, nil
	tileNEON(&whole)
	for i := range p.rows {
		row := tile[i*lanesNEON:][:p.cols]
		if p.bias != nil {
			for j, b := range unsafe.Slice(p.bias, p.cols) {
				row[j] += b
			}
			finishGo(row, p.add, 4*i*p.stride, p.floor, p.ceiling)
		}
		copy(at(p.c, 4*i*p.stride, p.cols), row)
	}
}

//go:noescape
func tileNEON(p *product)

//go:noescape
func input2NEON(t *transform)

//go:noescape
func input4NEON(t *transform)

//go:noescape
func output2NEON(t *transform)

//go:noescape
func output4NEON(t *transform)

//go:noescape
func poolNEON(p *pooling)

//go:noescape
func outerNEON(p *outer)
