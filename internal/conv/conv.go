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

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// Shape is a convolution's: see nn.Conv2d.
type Shape struct {
	In, Out          int    // channels, of all groups
	Kernel           [2]int // height and width
	Stride, Dilation int    // at least 1
	Padding          [2]int // above and below, left and right
	Groups           int    // at least 1
}

// OutSize returns the height and the width of the output for those of the input.
func (s Shape) OutSize(h, w int) (oh, ow int) {
	out := [2]int{h, w}
	for i, n := range out {
		if out[i] = 0; n+2*s.Padding[i] >= s.reach(i) {
			out[i] = (n+2*s.Padding[i]-s.reach(i))/s.Stride + 1
		}
	}
	return out[0], out[1]
}

// reach is how many pixels the kernel spans down (0) or across (1).
func (s Shape) reach(axis int) int { return s.Dilation*(s.Kernel[axis]-1) + 1 }

// taps is the number of pixels under the kernel.
func (s Shape) taps() int { return s.Kernel[0] * s.Kernel[1] }

// check refuses what is no convolution.
func (s Shape) check() error {
	if s.In < 1 || s.Out < 1 || min(s.Kernel[0], s.Kernel[1]) < 1 || s.Stride < 1 || s.Dilation < 1 || min(s.Padding[0], s.Padding[1]) < 0 || s.Groups < 1 ||
		s.In%s.Groups != 0 || s.Out%s.Groups != 0 {
		return fmt.Errorf("conv: bad shape %+v", s)
	}
	return nil
}

// Conv is a convolution with a factor and a summand for every output channel,
// to which a shortcut can be added, and to whose elements something is done as
// they are stored. It is safe for concurrent use.
type Conv struct {
	Shape
	kern   *kernel
	weight []float32 // out x in/groups x kernel x kernel
	scale  []float32 // out
	given  []float32 // the summands: out
	bias   []float32 // a copy, and then zeros: a whole panel can be read anywhere

	layout   layout // of weight
	packings *packings
}

// After is what becomes of the elements of an output: what is below 0 becomes 0, and
// what is above Cap that, unless Cap is 0 (NaN stays), or F changes runs of them in
// place.
type After struct {
	ReLU bool
	Cap  float32           // with ReLU
	F    func(y []float32) // without
}

// limits are the least and the largest that a kernel stores.
func (a After) limits() (floor, ceiling float32) {
	floor, ceiling = float32(math.Inf(-1)), float32(math.Inf(1))
	if a.ReLU {
		floor = 0
	}
	if a.Cap > 0 {
		ceiling = a.Cap
	}
	return floor, ceiling
}

// clamp does to a run of elements what limits says.
func clamp(y []float32, floor, ceiling float32) {
	for i, v := range y {
		if v < floor { // NaN stays, as in PyTorch
			y[i] = floor
		} else if v > ceiling {
			y[i] = ceiling
		}
	}
}

// New returns the convolution with the given weights, Out x In/Groups x Kernel
// x Kernel, times scale, plus bias, one of each an output channel. The weights
// are packed when they are used first; whoever changes any of the numbers later must say
// so, see Changed. It returns an error when lengths do not fit the shape.
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
	if n := s.Out * (s.In / s.Groups) * s.taps(); len(weight) != n || len(scale) != s.Out || len(bias) != s.Out {
		return nil, fmt.Errorf("conv: %d weights, %d factors and %d summands for %+v", len(weight), len(scale), len(bias), s)
	}
	c := &Conv{Shape: s, kern: kern, weight: weight, scale: scale, given: bias, bias: make([]float32, s.Out+kern.lanes)}
	copy(c.bias, bias)
	c.layout = s.own()
	c.packings = &packings{changes: new(changes)}
	return c, nil
}

// Apply convolves x to y, adds shortcut unless that is nil, and does to the
// result what is asked for. A border of x must be 0 or at least the padding, the others have
// none; y is not one of the others. It returns an error when the shapes do not
// fit.
func (c *Conv) Apply(y, x, shortcut *Maps, after After, mem *Memory) error {
	h, w, err := c.sizeFor(x)
	if err != nil {
		return err
	}
	fits := func(m *Maps) bool {
		return m.N == x.N && m.H == h && m.W == w && m.C == c.Out && m.Border == 0
	}
	switch {
	case !fits(y):
		return fmt.Errorf("conv: output of %s, want %d x %d x %d x %d", y, x.N, h, w, c.Out)
	case shortcut != nil && !fits(shortcut):
		return fmt.Errorf("conv: shortcut of %s does not fit the output of %s", shortcut, y)
	}
	c.apply(y, x, shortcut, after, c.variant(x), mem)
	return nil
}

// sizeFor returns the height and the width of the output for an input, or an error where
// that does not fit.
func (s Shape) sizeFor(x *Maps) (h, w int, err error) {
	h, w = s.OutSize(x.H, x.W)
	switch {
	case x.C != s.In:
		err = fmt.Errorf("conv: %d channels, want %d", x.C, s.In)
	case x.Border != 0 && x.Border < max(s.Padding[0], s.Padding[1]):
		err = fmt.Errorf("conv: border %d, padding %v", x.Border, s.Padding)
	case h < 1 || w < 1:
		err = fmt.Errorf("conv: kernel %dx%d is larger than the padded image %dx%d",
			s.Kernel[0], s.Kernel[1], x.H+2*s.Padding[0], x.W+2*s.Padding[1])
	}
	return h, w, err
}

// apply is Apply in the given way.
func (c *Conv) apply(y, x, shortcut *Maps, after After, variant int, mem *Memory) {
	switch variant {
	case channelwise:
		c.channels().run(c, x, y, shortcut, after, mem)
	case directly:
		c.direct().run(c, x, y, shortcut, after, mem)
	default:
		floor, ceiling := after.limits()
		if c.once(tilesOf(y, variant)) {
			c.runOnce(variant, x, y, shortcut, floor, mem)
		} else {
			c.winograd(variant).run(c, x, y, shortcut, floor, mem)
		}
		if after.Cap > 0 {
			after.F = func(y []float32) { clamp(y, floor, ceiling) }
		}
		if after.F != nil {
			out := y.pixels()
			parallel.For(len(out), 1<<14, func(lo, hi int) { after.F(out[lo:hi]) })
		}
	}
}

// Ways to convolve other than Winograd's variants.
const (
	directly    = -1
	channelwise = -2 // each channel by itself
)

// winogradFits tells whether Winograd's algorithm can convolve x.
func (c *Conv) winogradFits(x *Maps) bool {
	return c.Kernel == [2]int{3, 3} && c.Padding[0] == c.Padding[1] && c.Stride == 1 && c.Dilation == 1 && c.Groups == 1 && x.Border == 0 && c.In%vector == 0 && c.Out%vector == 0
}

// variant returns which of Winograd's variants convolves x, or another way.
// The cost of each is that of its products: as many as there are points times
// tiles, and the weights that are fetched for them. The direct way has one
// tile a pixel.
func (c *Conv) variant(x *Maps) int {
	if c.Depthwise() {
		return channelwise
	}
	if !c.winogradFits(x) {
		return directly
	}
	h, w := c.OutSize(x.H, x.W)
	images, more := 1, weightRows
	if c.packings.changes.often {
		images, more = x.N, packingRows
	}
	best, least := directly, 9*(images*h*w+more)
	for v := range variants {
		m, n := tileSize(v), tileSize(v)+2
		tiles, more := images*ceil(h, m)*ceil(w, m), more
		if c.once(tiles) {
			more = onceRows
		}
		if cost := n * n * (tiles + more); cost < least {
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

// packingRows is the same where the weights are packed first: packing 512 x 512 channels for
// the direct way and Winograd's two took 7.5, 19 and 29 ms on one core, where a row of their
// products, of 9, 16 and 36 points, takes 43, 76 and 172 us.
const packingRows = 170

// onceRows is the same where the weights are not packed, see onceTiles: 512 x 512 channels took
// as long as 5 to 11 rows of their products.
const onceRows = 10

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
