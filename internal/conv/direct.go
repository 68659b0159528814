package conv

import (
	"runtime"
	"unsafe"

	"github.com/glimpse-go/glimpse/internal/pages"
	"github.com/glimpse-go/glimpse/internal/parallel"
)

// direct is a convolution as one product of pixels and weights. The rows of
// the left matrix, the patches under the kernel, are nowhere in memory: the
// kernel is told where each tap of each row begins (Dukhan, "The indirect
// convolution algorithm", 2019). Taps in the padding read zeros.
type direct struct {
	panels []panel
	data   []float32 // of each panel: (row, column) of the kernel, channel, lane
}

// packDirect packs some input channels of a panel at a time, in the order in which they are
// read or written, whichever lie farther apart.
func packDirect(c *Conv, d *direct) {
	in, taps := c.In/c.Groups, c.taps()
	if d.data == nil {
		var size int
		d.panels, size = c.panels(in * taps)
		d.data = pages.Aligned[float32](size)
	}
	run := max(8, 128/taps) // the lines of so many stay in the cache from one lane to the next
	runs := ceil(in, run)
	parallel.For(len(d.panels)*runs, max(1, 1<<14/(run*taps*c.kern.lanes)), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			p, first := d.panels[r/runs], r%runs*run
			if c.layout.turned && len(c.layout.taps) == 1 {
				c.packRows(d.data[p.at:], p, first, min(first+run, in))
			} else {
				c.packLanes(d.data[p.at:], p, first, min(first+run, in))
			}
		}
	})
}

// packLanes packs input channels [lo, hi) some lanes at a time: the first-level cache could
// not hold more of what is so far apart.
func (c *Conv) packLanes(dst []float32, p panel, lo, hi int) {
	in, run := c.In/c.Groups, c.layout.in
	factors, step := c.factors(p)
	const together = 4
	for j := 0; j < p.cols; j += together {
		taps := c.tapsOf(p.col + j)
		first := c.layout.out[p.col+j : min(p.col+j+together, p.col+p.cols)]
		if len(first) == together && step == 0 {
			f := factors[j:][:together]
			end := (hi-1)*run + taps[len(taps)-1] + 1
			a, b, c, d := c.weight[first[0]:][:end], c.weight[first[1]:][:end], c.weight[first[2]:][:end], c.weight[first[3]:][:end]
			for t, at := range taps {
				for i := lo; i < hi; i++ {
					k := i*run + at
					to := dst[(t*in+i)*p.lanes+j:][:together]
					to[0], to[1], to[2], to[3] = a[k]*f[0], b[k]*f[1], c[k]*f[2], d[k]*f[3]
				}
			}
			continue
		}
		for k, from := range first {
			for t, at := range c.tapsOf(p.col + j + k) {
				for i := lo; i < hi; i++ {
					var w float32
					if at >= 0 {
						w = c.weight[from+i*run+at] * factors[(j+k)*(1-step)+i*step]
					}
					dst[(t*in+i)*p.lanes+j+k] = w
				}
			}
		}
	}
}

// packRows packs input channels [lo, hi) one after the other.
func (c *Conv) packRows(dst []float32, p panel, lo, hi int) {
	in := c.In / c.Groups
	factors, step := c.factors(p)
	out := c.layout.out[p.col:][:p.cols]
	for i := lo; i < hi; i++ {
		for t, at := range c.layout.taps[0] {
			src, to := c.weight[i*c.layout.in+at:], dst[(t*in+i)*p.lanes:][:p.cols]
			factor := factors[i*step] // turned
			for j, first := range out {
				to[j] = src[first] * factor
			}
		}
	}
}

// directRows is how many pixels a task has: enough for its weights, which come
// from another level of the cache than its pixels, to be used again and again.
const directRows = 128

// run writes the convolution of x to y.
func (d *direct) run(c *Conv, x, y, shortcut *Maps, after After, mem *Memory) {
	rows := x.N * y.H * y.W
	height := ceil(directRows, c.kern.rows) * c.kern.rows
	if workers := runtime.GOMAXPROCS(0); workers > 1 && ceil(rows, height)*len(d.panels) < 2*workers {
		height = ceil(ceil(rows*len(d.panels), 2*workers), c.kern.rows) * c.kern.rows
	}
	blocks := ceil(rows, height)
	parts := share(blocks, len(d.panels), 2)
	per := ceil(len(d.panels), parts)
	parts = ceil(len(d.panels), per)
	p := newPatches(c, x, y)
	parallel.For(blocks*parts, 1, func(lo, hi int) {
		buffer := mem.take(height * p.taps * (int(unsafe.Sizeof(int(0))) / 4))
		defer mem.give(buffer)
		offsets := unsafe.Slice((*int)(unsafe.Pointer(unsafe.SliceData(buffer))), height*p.taps)
		for t := lo; t < hi; t++ {
			r0, q0 := t/parts*height, t%parts*per
			r1 := min(r0+height, rows)
			p.fill(offsets, r0, r1)
			d.task(p, offsets, r0, r1, d.panels[q0:min(q0+per, len(d.panels))], shortcut, after)
		}
	})
}

// task computes pixels [r0, r1) of some panels.
func (d *direct) task(p *patches, offsets []int, r0, r1 int, panels []panel, shortcut *Maps, after After) {
	c, y := p.c, p.y
	out := y.pixels()
	var add []float32
	if shortcut != nil {
		add = shortcut.pixels()
	}
	args := product{taps: p.taps, depth: p.depth, stride: y.C}
	args.floor, args.ceiling = after.limits()
	for _, q := range panels {
		args.a = &p.x.data[q.group*(c.In/c.Groups)]
		args.b = &d.data[q.at]
		args.lanes, args.cols = q.lanes, q.cols
		args.bias = &c.bias[q.col]
		for r := r0; r < r1; r += c.kern.rows {
			args.offsets = &offsets[(r-r0)*p.taps]
			args.rows = min(c.kern.rows, r1-r)
			args.c = &out[r*y.C+q.col]
			if shortcut != nil {
				args.add = &add[r*y.C+q.col]
			}
			c.kern.mul(&args)
		}
	}
	if after.F == nil {
		return
	}
	last := panels[len(panels)-1]
	first, width := panels[0].col, last.col+last.cols-panels[0].col
	if width == y.C {
		after.F(out[r0*y.C : r1*y.C])
		return
	}
	for r := r0; r < r1; r++ {
		after.F(out[r*y.C+first:][:width])
	}
}

// patches tells where the patches under the kernel begin, tap by tap.
type patches struct {
	c           *Conv
	x, y        *Maps
	taps, depth int   // a tap is depth elements
	from        []int // where each tap begins, in bytes behind where the patch does
}

func newPatches(c *Conv, x, y *Maps) *patches {
	p := &patches{c: c, x: x, y: y, taps: c.taps(), depth: c.In / c.Groups}
	wide := c.Kernel[1] // taps of a row of the kernel
	if x.Border > 0 && c.Dilation == 1 && c.Groups == 1 {
		// Nothing is cut off at the sides: a row of the kernel is one run.
		p.taps, p.depth, wide = c.Kernel[0], c.Kernel[1]*c.In, 1
	}
	for u := range c.Kernel[0] {
		for v := range wide {
			p.from = append(p.from, 4*(x.pixel(0, u*c.Dilation, v*c.Dilation)-x.pixel(0, 0, 0)))
		}
	}
	return p
}

// fill writes the offsets of output pixels [r0, r1), as a product wants them.
// Rows beyond r1 in the last tile are those of the last pixel.
func (p *patches) fill(offsets []int, r0, r1 int) {
	c, x, y := p.c, p.x, p.y
	height := c.kern.rows
	if p.taps == 1 && c.pointwise() && x.Border == 0 && x.H == y.H && x.W == y.W { // pixel by pixel
		first := x.pixel(0, 0, 0)
		for r := range ceil(r1-r0, height) * height {
			offsets[r] = 4 * (first + min(r0+r, r1-1)*x.C)
		}
		return
	}
	n, i, j := r0/(y.H*y.W), r0/y.W%y.H, r0%y.W
	for r := r0; r < r1; r += height {
		tile := offsets[(r-r0)*p.taps:][:height*p.taps]
		for k := range height {
			if r+k >= r1 {
				for at := k; at < len(tile); at += height {
					tile[at] = tile[at-1]
				}
				continue
			}
			p.pixel(tile[k:], n, i*c.Stride-c.Padding[0], j*c.Stride-c.Padding[1])
			if j++; j == y.W {
				j = 0
				if i++; i == y.H {
					i = 0
					n++
				}
			}
		}
	}
}

// pixel writes the offsets of one pixel, whose patch begins at a place of map n of x, maybe
// outside, as every so many'th as a tile has rows.
func (p *patches) pixel(offsets []int, n, top, left int) {
	c, x := p.c, p.x
	first, height := 4*x.pixel(n, top, left), c.kern.rows
	bottom, right := top+(c.Kernel[0]-1)*c.Dilation, left+(c.Kernel[1]-1)*c.Dilation
	if x.Border > 0 || min(top, left) >= 0 && bottom < x.H && right < x.W {
		at := 0
		for _, from := range p.from {
			offsets[at] = first + from
			at += height
		}
		return
	}
	for t, from := range p.from { // of which some are cut off
		row, column := top+t/c.Kernel[1]*c.Dilation, left+t%c.Kernel[1]*c.Dilation
		if uint(row) < uint(x.H) && uint(column) < uint(x.W) {
			offsets[t*height] = first + from
		} else {
			offsets[t*height] = 0
		}
	}
}
