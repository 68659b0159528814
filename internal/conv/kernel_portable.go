package conv

import (
	"math"
	"unsafe"
)

// portable is the kernel in plain Go, that every other is held to.
var portable = kernel{
	name: "portable", rows: 4, lanes: 4, narrow: 4,
	mul:    mulGo,
	outer:  outerGo,
	spread: spreadGo, gather: gatherGo,
	input:  [variants]func(*transform){inputGo2, inputGo4},
	output: [variants]func(*transform){outputGo2, outputGo4},
	filter: [variants]func(*transform){filterGo2, filterGo4},
	pool:   poolGo, stencil: stencilGo, choose: chooseGo,
}

// at returns n elements that begin offset bytes from p.
func at(p *float32, offset, n int) []float32 {
	return unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(p), offset)), n)
}

// mulGo multiplies two rows by four columns at a time: eight sums, four
// columns and two rows fit in sixteen registers.
func mulGo(p *product) {
	offsets := unsafe.Slice(p.offsets, p.taps*4)
	for i := 0; i < p.rows; i += 2 {
		var c00, c01, c02, c03, c10, c11, c12, c13 float32
		for t := range p.taps {
			x, y := at(p.a, offsets[t*4+i], p.depth), at(p.a, offsets[t*4+i+1], p.depth)
			b := at(p.b, 16*t*p.depth, 4*p.depth)
			for k := 0; k < len(x) && k < len(y) && len(b) >= 4; k++ {
				a0, a1 := x[k], y[k]
				b0, b1, b2, b3 := b[0], b[1], b[2], b[3]
				c00 += a0 * b0
				c01 += a0 * b1
				c02 += a0 * b2
				c03 += a0 * b3
				c10 += a1 * b0
				c11 += a1 * b1
				c12 += a1 * b2
				c13 += a1 * b3
				b = b[4:]
			}
		}
		storeGo(p, i, [4]float32{c00, c01, c02, c03})
		if i+1 < p.rows {
			storeGo(p, i+1, [4]float32{c10, c11, c12, c13})
		}
	}
}

// storeGo writes a row of a tile.
func storeGo(p *product, row int, sums [4]float32) {
	if p.bias != nil {
		for j, bias := range at(p.bias, 0, p.cols) {
			sums[j] += bias
		}
		finishGo(sums[:p.cols], p.add, 4*row*p.stride, p.floor, p.ceiling)
	}
	copy(at(p.c, 4*row*p.stride, p.cols), sums[:])
}

// finishGo adds what lies at add, if that is not nil, and keeps to the limits.
func finishGo(y []float32, add *float32, offset int, floor, ceiling float32) {
	if add != nil {
		for j, x := range at(add, offset, len(y)) {
			y[j] += x
		}
	}
	clamp(y, floor, ceiling)
}

// outerGo sums two rows of a tile at a time, for the sake of registers.
func outerGo(p *outer) {
	offsets, tile := unsafe.Slice(p.offsets, p.runs), unsafe.Slice(p.tile, 16)
	for i := 0; i < 4; i += 2 {
		var c00, c01, c02, c03, c10, c11, c12, c13 float32
		dy := 0
		for _, offset := range offsets {
			offset += 4 * i
			for range p.depth {
				x, b := at(p.x, offset, 2), at(p.dy, dy, 4)
				c00 += x[0] * b[0]
				c01 += x[0] * b[1]
				c02 += x[0] * b[2]
				c03 += x[0] * b[3]
				c10 += x[1] * b[0]
				c11 += x[1] * b[1]
				c12 += x[1] * b[2]
				c13 += x[1] * b[3]
				offset += p.xStep
				dy += p.dyStep
			}
		}
		for j, sum := range [8]float32{c00, c01, c02, c03, c10, c11, c12, c13} {
			if p.more != 0 {
				sum += tile[4*i+j]
			}
			tile[4*i+j] = sum
		}
	}
}

func inputGo2(t *transform) { inputGo(t, 4, input2) }
func inputGo4(t *transform) { inputGo(t, 6, input4) }

func outputGo2(t *transform) { outputGo(t, 4, 2, output2) }
func outputGo4(t *transform) { outputGo(t, 6, 4, output4) }

// inputGo is the transform of n x n pixels, by columns and then by rows.
func inputGo(t *transform, n int, line func(*[6]float32)) {
	var tile [36]float32
	var d [6]float32
	offsets := unsafe.Slice(t.offsets, n*n)
	dst := unsafe.Slice(t.dst, (n*n-1)*t.stride+t.channels)
	for c := range t.channels {
		for j := range n {
			for i := range n {
				d[i] = at(t.src, offsets[i*n+j]+4*c, 1)[0]
			}
			line(&d)
			for i := range n {
				tile[i*n+j] = d[i]
			}
		}
		for i := range n {
			copy(d[:n], tile[i*n:])
			line(&d)
			for j := range n {
				dst[(i*n+j)*t.stride+c] = d[j]
			}
		}
	}
}

// outputGo is the transform of n x n points to m x m pixels.
func outputGo(t *transform, n, m int, line func(*[6]float32)) {
	var tile [24]float32
	var d [6]float32
	src := unsafe.Slice(t.src, (n*n-1)*t.stride+t.channels)
	bias := unsafe.Slice(t.bias, t.channels)
	for c := range t.channels {
		for j := range n {
			for i := range n {
				d[i] = src[(i*n+j)*t.stride+c]
			}
			line(&d)
			for i := range m {
				tile[i*n+j] = d[i]
			}
		}
		for i := range t.rows {
			copy(d[:n], tile[i*n:])
			line(&d)
			for j := range t.cols {
				offset := 4 * (i*t.rowStride + j*t.pixelStride + c)
				y := at(t.dst, offset, 1)
				y[0] = d[j] + bias[c]
				finishGo(y, t.add, offset, t.floor, float32(math.Inf(1)))
			}
		}
	}
}

func filterGo2(t *transform) { filterGo(t, 4) }
func filterGo4(t *transform) { filterGo(t, 6) }

// filterGo is the transform of kernels to n x n points.
func filterGo(t *transform, n int) {
	dst := unsafe.Slice(t.dst, (n*n-1)*t.stride+t.channels)
	for c, scale := range unsafe.Slice(t.bias, t.channels) {
		var g [9]float32
		for k := range g {
			g[k] = at(t.src, 4*(k*t.pixelStride+c), 1)[0]
		}
		evaluate(dst[c:], t.stride, &g, float64(scale), n)
	}
}

func spreadGo(t *transform) {
	var tile [24]float32
	var d [6]float32
	offsets := unsafe.Slice(t.offsets, 16)
	dst := unsafe.Slice(t.dst, 35*t.stride+t.channels)
	for c := range t.channels {
		for j := range 4 {
			for i := range 4 {
				d[i] = at(t.src, offsets[i*4+j]+4*c, 1)[0]
			}
			spread4(&d)
			for i, v := range d {
				tile[i*4+j] = v
			}
		}
		for i := range 6 {
			copy(d[:4], tile[i*4:])
			spread4(&d)
			for j, v := range d {
				dst[(i*6+j)*t.stride+c] = v
			}
		}
	}
}

func gatherGo(t *transform) {
	var tile [18]float32
	var d [6]float32
	src, dst := unsafe.Slice(t.src, 35*t.stride+t.channels), unsafe.Slice(t.dst, 8*t.stride+t.channels)
	for c := range t.channels {
		for j := range 6 {
			for i := range d {
				d[i] = src[(i*6+j)*t.stride+c]
			}
			gather4(&d)
			for i := range 3 {
				tile[i*6+j] = d[i]
			}
		}
		for i := range 3 {
			copy(d[:], tile[i*6:])
			gather4(&d)
			for j := range 3 {
				dst[(i*3+j)*t.stride+c] = d[j]
			}
		}
	}
}

func poolGo(p *pooling) {
	offsets := unsafe.Slice(p.offsets, p.taps)
	for i := range p.count {
		dst := at(p.dst, 4*i*p.dstStride, p.channels)
		for c := range dst {
			dst[c] = float32(math.Inf(-1))
		}
		for _, offset := range offsets {
			for c, x := range at(p.src, 4*i*p.srcStride+offset, p.channels) {
				if x > dst[c] || x != x { // NaN wins, as in PyTorch
					dst[c] = x
				}
			}
		}
	}
}

func stencilGo(p *stencil) {
	bias := unsafe.Slice(p.bias, p.channels)
	for i := range p.count {
		dst := at(p.dst, i*p.dstStride, p.channels)
		copy(dst, bias)
		for _, o := range unsafe.Slice(p.offsets, p.taps) {
			x, w := at(p.src, o[0]+i*p.srcStride, p.channels), at(p.weights, o[1], p.channels)
			for c := range dst {
				dst[c] += x[c] * w[c]
			}
		}
		clamp(dst, p.floor, p.ceiling)
	}
	p.count = 0
}

func chooseGo(p *selection) {
	y, dy := unsafe.Slice(p.y, p.channels), unsafe.Slice(p.dy, p.channels)
	offsets := unsafe.Slice(p.offsets, p.taps)
	for c := range y {
		for _, o := range offsets {
			if x := at(p.x, o[0]+4*c, 1)[0]; !(x < y[c]) {
				at(p.dx, o[1]+4*c, 1)[0] += dy[c]
				break
			}
		}
	}
}
