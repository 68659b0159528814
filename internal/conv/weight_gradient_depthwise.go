package conv

import "github.com/glimpse-go/glimpse/internal/parallel"

// A depthwiseSum is the gradient by the weights of a depthwise convolution, which is one
// itself: the pixels of dy are the taps of a kernel as large as the map, and those of x that
// neighbouring weights see are what it moves over.
type depthwiseSum struct {
	c       *Conv
	x, dy   *Maps
	size    [2]int   // of a map with its padding
	count   int      // weights of a row that are summed together
	offsets [][2]int // of the pixels of dy: in a padded map, and in dy
}

func newDepthwiseSum(c *Conv, x, dy *Maps) *depthwiseSum {
	s := &depthwiseSum{c: c, x: x, dy: dy, count: c.Kernel[1]}
	if s.count%4 == 3 { // the kernels take four pixels at a time: one more costs less
		s.count++
	}
	s.size = [2]int{(dy.H-1)*c.Stride + c.reach(0), (dy.W-1)*c.Stride + c.reach(1)}
	s.offsets = make([][2]int, dy.H*dy.W)
	for k := range s.offsets {
		s.offsets[k] = [2]int{4 * (k/dy.W*s.size[1] + k%dy.W) * c.Stride * c.In, 4 * k * c.In}
	}
	return s
}

// run writes the gradient: the sums of each image, blocks of pixels one after the other, and
// then their sum.
func (s *depthwiseSum) run(dw []float32, mem *Memory) {
	c, taps := s.c, s.c.taps()
	each := c.Kernel[0] * s.count * c.In // elements of an image's sums
	sums := mem.take(s.x.N * each)
	defer mem.give(sums)
	parallel.For(s.x.N, 1, func(lo, hi int) {
		// One map with its padding; what is summed beyond a row of the kernel reads on.
		padded := mem.take((s.size[0]*s.size[1] + c.Dilation) * c.In)
		defer mem.give(padded)
		clear(padded)
		more := mem.take(s.count*c.In + c.In)
		defer mem.give(more)
		for n := lo; n < hi; n++ {
			s.pad(padded, n)
			s.sum(sums[n*each:(n+1)*each], padded, more, n)
		}
	})
	parallel.For(c.In, max(1, 1<<14/(taps*s.x.N)), func(lo, hi int) {
		for ch := lo; ch < hi; ch++ {
			for t := range taps {
				at := (t/c.Kernel[1]*s.count+t%c.Kernel[1])*c.In + ch
				sum := 0.0
				for n := range s.x.N {
					sum += float64(sums[n*each+at])
				}
				dw[ch*taps+t] = float32(sum)
			}
		}
	})
}

// pad copies a map to between its padding, as far as the kernel reaches.
func (s *depthwiseSum) pad(padded []float32, n int) {
	c, x := s.c, s.x
	left := min(c.Padding[1], s.size[1])
	width := min(x.W, s.size[1]-left)
	for i := range x.H {
		if row := i + c.Padding[0]; row < s.size[0] {
			copy(padded[(row*s.size[1]+left)*c.In:][:width*c.In], x.data[x.pixel(n, i, 0):])
		}
	}
}

// sum writes the sums of an image: row of the kernel, column, channel.
func (s *depthwiseSum) sum(sums, padded, more []float32, n int) {
	c := s.c
	zeros := more[s.count*c.In:]
	clear(zeros)
	row := s.count * c.In
	p := stencil{bias: &zeros[0], weights: &s.dy.data[s.dy.pixel(n, 0, 0)], srcStride: 4 * c.Dilation * c.In, dstStride: 4 * c.In, channels: c.In}
	p.floor, p.ceiling = After{}.limits()
	for first := 0; first < len(s.offsets); first += blockPixels {
		p.offsets = &s.offsets[first]
		p.taps = min(blockPixels, len(s.offsets)-first)
		for u := range c.Kernel[0] {
			to := sums[u*row:][:row]
			p.src, p.count = &padded[u*c.Dilation*s.size[1]*c.In], s.count
			if first == 0 {
				p.dst = &to[0]
				c.kern.stencil(&p)
				continue
			}
			p.dst = &more[0]
			c.kern.stencil(&p)
			for k, v := range more[:row] {
				to[k] += v
			}
		}
	}
}
