package conv

import "github.com/glimpse-go/glimpse/internal/parallel"

// blocks is a gradient to few channels, as a convolution whose output channels are those
// of all pixels of a block of side x side: a vector is then full of channels, where each
// pixel by itself would leave most of it empty. (By strides it is what Shi et al. call
// subpixel convolution, "Real-time single image and video super-resolution", 2016.)
//
// Pixel a of block i sees, where u is a tap of the kernel,
//
//	dx[side i + a] += weight[u] dy[step i + t], u = a + padding - stride t, side = step stride
type blocks struct {
	side int
	conv *Conv
}

// blocks returns the way by blocks, or nil if parts by themselves cost less.
func (c *Conv) blocks() *blocks {
	s := c.Shape
	if s.Groups > 1 || s.Dilation > 1 {
		return nil
	}
	// What a pixel costs, with the vectors that its channels take.
	padded := func(n int) int {
		_, end := (&Conv{Shape: Shape{Out: n, Groups: 1}, kern: c.kern}).panels(1)
		return end
	}
	least := float64(s.taps()*padded(s.In)) / float64(s.Stride*s.Stride)
	var best *blocks
	for step := 1; step <= 2; step++ {
		side := step * s.Stride
		t := Shape{In: s.Out, Out: side * side * s.In, Stride: step, Dilation: 1, Groups: 1}
		for axis := range 2 {
			// From the first t to the last that any pixel of the block sees.
			t.Padding[axis] = (s.Kernel[axis] - 1 - s.Padding[axis]) / s.Stride
			t.Kernel[axis] = t.Padding[axis] + (side-1+s.Padding[axis])/s.Stride + 1
		}
		// As much in one convolution is better than in several.
		cost := float64(t.taps()*padded(t.Out)) / float64(side*side)
		if cost < least || s.Stride > 1 && cost == least {
			least = cost
			best = &blocks{side, c.blocked(t, side)}
		}
	}
	return best
}

// blocked is the convolution that makes blocks.
func (c *Conv) blocked(t Shape, side int) *Conv {
	s := c.Shape
	l := layout{out: make([]int, t.Out), in: s.In * s.taps(), taps: make([][]int, side*side), turned: true}
	for i := range l.out {
		l.out[i] = i % s.In * s.taps()
	}
	for pixel := range l.taps {
		at := make([]int, t.taps())
		for k := range at {
			u := pixel/side + s.Padding[0] - s.Stride*(k/t.Kernel[1]-t.Padding[0])
			v := pixel%side + s.Padding[1] - s.Stride*(k%t.Kernel[1]-t.Padding[1])
			at[k] = -1
			if uint(u) < uint(s.Kernel[0]) && uint(v) < uint(s.Kernel[1]) {
				at[k] = u*s.Kernel[1] + v
			}
		}
		l.taps[pixel] = at
	}
	return c.derived(t, l)
}

// apply writes the gradient to dx, and adds what is at add unless that is nil.
func (b *blocks) apply(dx, dy, add *Maps, mem *Memory) {
	y := mem.Maps(dx.N, ceil(dx.H, b.side), ceil(dx.W, b.side), b.conv.Out, 0)
	defer mem.Free(y)
	b.conv.direct().run(b.conv, dy, y, nil, After{}, mem)
	run := b.side * dx.C // a row of a block
	parallel.For(dx.N*dx.H, max(1, 1<<14/(dx.W*dx.C)), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			n, i := r/dx.H, r%dx.H
			at := dx.pixel(n, i, 0)
			to := dx.data[at:][:dx.W*dx.C]
			from := y.data[y.pixel(n, i/b.side, 0)+i%b.side*run:]
			if add == nil {
				for j := 0; j < len(to); j += run {
					copy(to[j:], from[j*b.side:][:run])
				}
				continue
			}
			more := add.data[add.pixel(n, i, 0):][:len(to)]
			for j := 0; j < len(to); j += run {
				for k, v := range from[j*b.side:][:min(run, len(to)-j)] {
					to[j+k] = v + more[j+k]
				}
			}
		}
	})
}
