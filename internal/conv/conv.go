// Package conv convolves feature maps that are stored channels last.
//
// The innermost loops run over output channels, for whose sake weights are
// packed once; the pixels under the kernel are read where they are. There are
// two ways: directly, each pixel of the output the sum of all products, and by
// Winograd's algorithm, which makes up to four times fewer. Which one is taken
// depends on the layer and on the size of the map alone, and each element is
// summed in one fixed order: results depend neither on the number of images
// that are convolved together nor on how many goroutines share the work.
//
// The kernels are in assembly (AVX-512, AVX2, NEON) beside a portable one in
// Go, and picked as those of internal/gemm are.
package conv

import (
	"fmt"
	"math"
	"runtime"
	"sync"
)

// Shape is a convolution's: see nn.Conv2d.
type Shape struct {
	In, Out          int // channels, of all groups
	Kernel           int
	Stride, Dilation int // at least 1
	Padding          int
	Groups           int // at least 1
}

// OutSize returns the side of the output for a side of the input.
func (s Shape) OutSize(n int) int {
	reach := s.Dilation*(s.Kernel-1) + 1
	if n+2*s.Padding < reach {
		return 0
	}
	return (n+2*s.Padding-reach)/s.Stride + 1
}

// check refuses what is no convolution.
func (s Shape) check() error {
	if s.In < 1 || s.Out < 1 || s.Kernel < 1 || s.Stride < 1 || s.Dilation < 1 || s.Padding < 0 || s.Groups < 1 ||
		s.In%s.Groups != 0 || s.Out%s.Groups != 0 {
		return fmt.Errorf("conv: bad shape %+v", s)
	}
	return nil
}

// Conv is a convolution with a factor and a summand for every output channel,
// to which a shortcut can be added and which can rectify as it stores. It is
// safe for concurrent use.
type Conv struct {
	Shape
	kern   *kernel
	weight []float32 // out x in/groups x kernel x kernel
	scale  []float32 // out
	bias   []float32 // out, and then zeros: a whole panel can be read anywhere

	direct   func() *direct
	winograd [variants]func() *winograd
}

// New returns the convolution with the given weights, Out x In/Groups x Kernel
// x Kernel, times scale, plus bias, one of each an output channel. The weights
// are not copied until they are packed, when they are used first, and must not
// change. It returns an error when lengths do not fit the shape.
func New(s Shape, weight, scale, bias []float32) (*Conv, error) {
	if errChosen != nil {
		return nil, errChosen
	}
	return newConv(chosen, s, weight, scale, bias)
}

func newConv(kern *kernel, s Shape, weight, scale, bias []float32) (*Conv, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if n := s.Out * (s.In / s.Groups) * s.Kernel * s.Kernel; len(weight) != n || len(scale) != s.Out || len(bias) != s.Out {
		return nil, fmt.Errorf("conv: %d weights, %d factors and %d summands for %+v", len(weight), len(scale), len(bias), s)
	}
	c := &Conv{Shape: s, kern: kern, weight: weight, scale: scale, bias: make([]float32, s.Out+kern.lanes)}
	copy(c.bias, bias)
	c.direct = sync.OnceValue(func() *direct { return packDirect(c) })
	for v := range c.winograd {
		c.winograd[v] = sync.OnceValue(func() *winograd { return packWinograd(c, v) })
	}
	return c, nil
}

// Apply convolves x to y, adds shortcut unless that is nil, and rectifies if
// asked. A border of x must be 0 or at least the padding, the others have
// none; y is not one of the others. It returns an error when the shapes do not
// fit.
func (c *Conv) Apply(y, x, shortcut *Maps, relu bool, mem *Memory) error {
	h, w := c.OutSize(x.H), c.OutSize(x.W)
	fits := func(m *Maps) bool {
		return m.N == x.N && m.H == h && m.W == w && m.C == c.Out && m.Border == 0
	}
	switch {
	case x.C != c.In:
		return fmt.Errorf("conv: %d channels, want %d", x.C, c.In)
	case x.Border != 0 && x.Border < c.Padding:
		return fmt.Errorf("conv: border %d, padding %d", x.Border, c.Padding)
	case h < 1 || w < 1:
		return fmt.Errorf("conv: kernel %d is larger than the padded image %dx%d", c.Kernel, x.H+2*c.Padding, x.W+2*c.Padding)
	case !fits(y):
		return fmt.Errorf("conv: output of %s, want %d x %d x %d x %d", y, x.N, h, w, c.Out)
	case shortcut != nil && !fits(shortcut):
		return fmt.Errorf("conv: shortcut of %s does not fit the output of %s", shortcut, y)
	}
	c.apply(y, x, shortcut, relu, c.variant(x), mem)
	return nil
}

// apply is Apply in the given way.
func (c *Conv) apply(y, x, shortcut *Maps, relu bool, variant int, mem *Memory) {
	floor := float32(math.Inf(-1))
	if relu {
		floor = 0
	}
	if variant < 0 {
		c.direct().run(c, x, y, shortcut, floor, mem)
	} else {
		c.winograd[variant]().run(c, x, y, shortcut, floor, mem)
	}
}

// winogradFits tells whether Winograd's algorithm can convolve x.
func (c *Conv) winogradFits(x *Maps) bool {
	return c.Kernel == 3 && c.Stride == 1 && c.Dilation == 1 && c.Groups == 1 && x.Border == 0 && c.In%vector == 0 && c.Out%vector == 0
}

// variant returns which of Winograd's variants convolves x, or -1 for none.
// The cost of each is that of its products: as many as there are points times
// tiles, and the weights that are fetched for them. The direct way has one
// tile a pixel.
func (c *Conv) variant(x *Maps) int {
	if !c.winogradFits(x) {
		return -1
	}
	h, w := c.OutSize(x.H), c.OutSize(x.W)
	best, least := -1, 9*(h*w+weightRows)
	for v := range variants {
		m, n := tileSize(v), tileSize(v)+2
		if cost := n * n * (ceil(h, m)*ceil(w, m) + weightRows); cost < least {
			best, least = v, cost
		}
	}
	return best
}

// weightRows is the number of rows of a product that cost as much as fetching
// its weights: what a weight takes from main memory (4 bytes of some 20 GB/s)
// over a multiply-add of a lane (16 of some 3.5 GHz), for a batch of one image
// or two. Larger batches do not decide, lest their bits differ.
const weightRows = 5

// A panel is a run of output channels of one group, whose weights lie together.
type panel struct {
	group int
	col   int // first output channel
	cols  int
	lanes int // with the zeros beyond cols
	at    int // where its weights begin
}

// panels cuts the output channels up, for weights of depth to a lane; end is
// where the weights of all end.
func (c *Conv) panels(depth int) (list []panel, end int) {
	perGroup := c.Out / c.Groups
	for g := range c.Groups {
		for col := 0; col < perGroup; {
			lanes := c.kern.lanes
			if perGroup-col <= c.kern.narrow {
				lanes = c.kern.narrow
			}
			cols := min(lanes, perGroup-col)
			list = append(list, panel{g, g*perGroup + col, cols, lanes, end})
			end += depth * lanes
			col += cols
		}
	}
	return list, end
}

// share returns into how many parts to cut panels, when there are so many
// blocks of rows, for every goroutine to have tasks tasks.
func share(blocks, panels, tasks int) int {
	workers := runtime.GOMAXPROCS(0)
	if workers == 1 {
		return 1
	}
	return min(panels, ceil(tasks*workers, blocks))
}
