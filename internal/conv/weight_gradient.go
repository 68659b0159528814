package conv

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/glimpse-go/glimpse/internal/elementwise"
	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/internal/transpose"
)

// A WeightGradient takes the input of a convolution and gradients by its output to those by
// its weights,
//
//	dw[o][c][u][v] = sum over images n and pixels i, j of
//	    dy[n][i][j][o] x[n][i stride + u dilation - padding][j stride + v dilation - padding][c]
//
// It is for a convolution without the factors of New, or for the product of weights and
// factors. Pixels are summed in blocks of a size that depends on the shapes alone, and the
// blocks one after the other: a float32 sum of all pixels would lose digits.
type WeightGradient struct{ c *Conv }

// WeightGradient returns the gradient of a convolution by its weights. It does not read
// them.
func (c *Conv) WeightGradient() *WeightGradient { return &WeightGradient{c} }

// Apply writes the gradient by the weights, Out x In/Groups x Kernel x Kernel, to dw, and
// that by the summands, Out, to db unless that is nil, given the input and the gradient by
// the output. A border of x must be 0 or at least the padding; dy has none. It returns an
// error when the shapes do not fit.
func (g *WeightGradient) Apply(dw, db []float32, x, dy *Maps, mem *Memory) error {
	c := g.c
	h, w, err := c.sizeFor(x)
	if err != nil {
		return err
	}
	switch {
	case dy.N != x.N || dy.H != h || dy.W != w || dy.C != c.Out || dy.Border != 0:
		return fmt.Errorf("conv: gradient by %s, want %d x %d x %d x %d", dy, x.N, h, w, c.Out)
	case len(dw) != c.Out*(c.In/c.Groups)*c.taps() || db != nil && len(db) != c.Out:
		return fmt.Errorf("conv: gradients by %d weights and %d summands for %+v", len(dw), len(db), c.Shape)
	}
	if x.N == 0 {
		clear(dw)
		clear(db)
		return nil
	}
	sumPixels(db, dy)
	switch {
	case c.Depthwise():
		newDepthwiseSum(c, x, dy).run(dw, mem)
	case c.byWinograd(x, dy):
		newWinogradSum(c, x, dy).run(dw, mem)
	default:
		newOuterSum(c, x, dy).run(dw, mem)
	}
	return nil
}

// byWinograd tells whether Winograd's algorithm takes the gradient: tiles of 4 x 4 pixels
// must not be mostly empty.
func (c *Conv) byWinograd(x, dy *Maps) bool { return c.winogradFits(x) && dy.H > 2 && dy.W > 2 }

// sumPixels writes the sum of each channel.
func sumPixels(sums []float32, m *Maps) {
	const run = 32 // channels: two lines of the cache
	parallel.For(ceil(len(sums), run), 1, func(lo, hi int) {
		for t := lo; t < hi; t++ {
			part := sums[t*run : min((t+1)*run, len(sums))]
			var wide [run]float64
			elementwise.Sums(wide[:len(part)], elementwise.Rows{Data: m.pixels()[t*run:], Stride: m.C}, m.N*m.H*m.W)
			for i := range part {
				part[i] = float32(wide[i])
			}
		}
	})
}

// An outerSum is a gradient by weights as a sum of outer products of pixels: tiles of some
// channels of x by some of dy. Both are packed, some images at a time: dy to panels of
// lanes, and x to panels of rows, with its padding, so that every tap of the kernel reads
// the same panel from another pixel on.
//
// What is a channel of x may be one under one row of the kernel (a column of it and a
// channel, channels last lie as they must): for few channels, which would leave most of a
// panel empty.
type outerSum struct {
	c      *Conv
	x, dy  *Maps
	merged bool // a channel is one of a row of the kernel

	tiles int    // panels of x of a group
	taps  int    // of the kernel that are not channels
	size  [2]int // of a packed map
	step  int    // from the row that one row of dy sees to what the next does, packed
	pack  int    // from one packed row to the next, in x

	// Columns that are a stride apart are packed one after the other, those of each phase
	// after those of the one before: what neighbours in dy see are neighbours.
	phases int

	images int                        // that are packed at a time
	block  struct{ images, rows int } // of dy, that are one sum
}

const (
	// blockPixels is about how many pixels one sum has: their panel of dy stays in the
	// first-level cache, or nearly, and adding sums up costs little.
	blockPixels = 256
	// packedBytes is about what is packed at a time.
	packedBytes = 4 << 20
)

func newOuterSum(c *Conv, x, dy *Maps) *outerSum {
	s := &outerSum{c: c, x: x, dy: dy}
	rows := c.kern.rows
	in := c.In / c.Groups
	s.merged = c.Kernel[1] == 1 || c.Dilation == 1 && c.Groups == 1 &&
		5*ceil(c.Kernel[1]*in, rows) < 4*c.Kernel[1]*ceil(in, rows)
	s.size[0], s.step, s.pack = (dy.H-1)*c.Stride+c.reach(0), c.Stride, 1
	if c.Kernel[0] == 1 {
		s.size[0], s.step, s.pack = dy.H, 1, c.Stride
	}
	s.phases = c.Stride
	s.size[1] = s.phases * ceil(s.width(), s.phases)
	s.tiles, s.taps = ceil(in, rows), c.taps()
	if s.merged {
		s.phases, s.size[1] = 1, dy.W
		s.tiles, s.taps = ceil(c.Kernel[1]*in, rows), c.Kernel[0]
	}

	area := dy.H * dy.W
	s.block.images, s.block.rows = 1, dy.H
	if area < blockPixels {
		s.block.images = min(blockPixels/area, x.N)
	} else {
		s.block.rows = ceil(dy.H, ceil(area, blockPixels))
	}
	packed := 4 * (c.Groups*s.tiles*rows*s.size[0]*s.size[1] + c.Out*area)
	s.images = min(ceil(max(1, packedBytes/packed), s.block.images)*s.block.images, x.N)
	return s
}

// width is how many columns of x, with its padding, are under the kernel.
func (s *outerSum) width() int { return (s.dy.W-1)*s.c.Stride + s.c.reach(1) }

// run writes the gradient.
func (s *outerSum) run(dw []float32, mem *Memory) {
	kern := s.c.kern
	area := s.dy.H * s.dy.W
	panels, end := s.c.panels(s.images * area)
	tile := kern.rows * kern.lanes
	units := len(panels) * s.tiles * s.taps // a tile each

	x := mem.take(s.c.Groups * s.tiles * s.panel())
	defer mem.give(x)
	dy := mem.take(end)
	defer mem.give(dy)
	sums := mem.take(units * tile)
	defer mem.give(sums)
	buffer := mem.take(s.images * s.dy.H * wordsOfInt)
	defer mem.give(buffer)
	offsets := intsIn(buffer)
	for r := range offsets {
		offsets[r] = 4 * (r/s.dy.H*s.size[0] + r%s.dy.H*s.step) * s.size[1] * kern.rows
	}

	for n := 0; n < s.x.N; n += s.images {
		images := min(s.images, s.x.N-n)
		s.packX(x, n, images, mem)
		s.packDY(dy, panels, n, images)
		parallel.For(units, s.share(units), func(lo, hi int) {
			s.sum(sums, x, dy, offsets, panels, lo, hi, images, n > 0)
		})
	}
	s.unpack(dw, sums, panels, mem)
}

// share is how many tiles a task has: so many that what they read is used again, and that
// the second-level cache holds them.
func (s *outerSum) share(units int) int {
	const most = 128
	if workers := runtime.GOMAXPROCS(0); workers > 1 {
		return min(ceil(units, 4*workers), most)
	}
	return most
}

// wordsOfInt is the elements that an int takes.
const wordsOfInt = int(unsafe.Sizeof(int(0)) / 4)

// intsIn returns memory for integers in that for elements, which begins on a cache line.
func intsIn(buffer []float32) []int {
	return unsafe.Slice((*int)(unsafe.Pointer(unsafe.SliceData(buffer))), len(buffer)/wordsOfInt)
}

// panel is the elements of a panel of x.
func (s *outerSum) panel() int { return s.images * s.size[0] * s.size[1] * s.c.kern.rows }

// sum adds what so many packed images give to some tiles, or writes it if there is nothing
// yet.
func (s *outerSum) sum(sums, x, dy []float32, offsets []int, panels []panel, lo, hi, images int, more bool) {
	kern := s.c.kern
	p := outer{xStep: 4 * kern.rows}
	wide := 1 // taps of a row of the kernel
	if !s.merged {
		wide = s.c.Kernel[1]
	}
	for n := 0; n < images; n += s.block.images {
		for i := 0; i < s.dy.H; i += s.block.rows {
			first := n*s.dy.H + i
			p.runs = min(s.block.rows, s.dy.H-i)
			if s.block.images > 1 {
				p.runs = min(s.block.images, images-n) * s.dy.H
			}
			p.depth = s.dy.W
			if s.size[1] == s.dy.W && (s.size[0] == s.dy.H || s.block.images == 1 && s.step == 1) { // all one run
				p.runs, p.depth = 1, p.runs*p.depth
			}
			p.offsets = &offsets[first]
			p.more = 0
			if more || first > 0 {
				p.more = 1
			}
			for t := lo; t < hi; t++ {
				q := panels[t/(s.tiles*s.taps)]
				tile, tap := t/s.taps%s.tiles, t%s.taps
				at := (q.group*s.tiles + tile) * s.panel()
				column := tap % wide * s.c.Dilation
				at += (tap/wide*s.c.Dilation*s.size[1] + column%s.phases*(s.size[1]/s.phases) + column/s.phases) * kern.rows
				p.x = &x[at]
				p.dy, p.dyStep, p.lanes = &dy[q.at+first*s.dy.W*q.lanes], 4*q.lanes, q.lanes
				p.tile = &sums[t*kern.rows*kern.lanes]
				kern.outer(&p)
			}
		}
	}
}

// packX packs so many images from one on: panel, image, row, phase, column, channels of a
// panel.
func (s *outerSum) packX(dst []float32, first, images int, mem *Memory) {
	c, x, rows := s.c, s.x, s.c.kern.rows
	in, width := c.In/c.Groups, s.width()
	run := s.size[1] * rows
	parallel.For(images*s.size[0], max(1, 1<<14/(width*x.C)), func(lo, hi int) {
		// One row, with its padding; phases and panels that are not full read on behind it.
		padded := mem.take((width+c.Stride)*x.C + rows)
		defer mem.give(padded)
		clear(padded)
		left := min(c.Padding[1], width)
		inside := padded[left*x.C:][:min(x.W, width-left)*x.C]
		for r := lo; r < hi; r++ {
			row := r%s.size[0]*s.pack - c.Padding[0]
			if uint(row) < uint(x.H) {
				copy(inside, x.data[x.pixel(first+r/s.size[0], row, 0):])
			}
			for q := range c.Groups * s.tiles {
				to := dst[q*s.panel()+r*run:][:run]
				if uint(row) >= uint(x.H) {
					clear(to)
					continue
				}
				from := padded[q/s.tiles*in+q%s.tiles*rows:]
				for phase := range s.phases {
					part := run / s.phases
					interleaveRuns(to[phase*part:][:part], from[phase*x.C:], rows, c.Stride*x.C)
				}
			}
		}
	})
}

// interleaveRuns copies runs of so many elements, that are stride apart, one after the other.
func interleaveRuns(dst, src []float32, run, stride int) {
	switch run {
	case 8: // in registers, for calling copy would take longer
		type eight struct{ a, b, c, d uint64 }
		for at := 0; len(dst) >= 8; at += stride {
			v := *(*eight)(unsafe.Pointer((*[8]float32)(src[at:])))
			*(*eight)(unsafe.Pointer((*[8]float32)(dst))) = v
			dst = dst[8:]
		}
	default:
		for at := 0; len(dst) >= run; at += stride {
			copy(dst[:run], src[at:])
			dst = dst[run:]
		}
	}
}

// packDY packs so many images from one on: panel, pixel, lane.
func (s *outerSum) packDY(dst []float32, panels []panel, first, images int) {
	dy := s.dy
	src := dy.Images(first, first+images).pixels()
	pixelsEach(images*dy.H*dy.W, dy.C, func(lo, hi int) {
		for _, q := range panels {
			to := dst[q.at+lo*q.lanes : q.at+hi*q.lanes]
			switch {
			case q.cols == 32 && q.lanes == 32:
				for at := lo*dy.C + q.col; len(to) >= 32; at += dy.C {
					*(*[32]float32)(to) = *(*[32]float32)(src[at:])
					to = to[32:]
				}
			case q.cols == 16 && q.lanes == 16:
				for at := lo*dy.C + q.col; len(to) >= 16; at += dy.C {
					*(*[16]float32)(to) = *(*[16]float32)(src[at:])
					to = to[16:]
				}
			default:
				for at := lo*dy.C + q.col; len(to) > 0; at += dy.C {
					copy(to[:q.cols], src[at:])
					clear(to[q.cols:q.lanes])
					to = to[q.lanes:]
				}
			}
		}
	})
}

// unpack writes the tiles in the order of the weights.
func (s *outerSum) unpack(dw, sums []float32, panels []panel, mem *Memory) {
	c, kern := s.c, s.c.kern
	each := c.In / c.Groups * c.taps() // weights of an output channel
	buffer := mem.take(2 * each * wordsOfInt)
	defer mem.give(buffer)
	places := intsIn(buffer) // in the tiles of a panel, for wide panels and for narrow ones
	s.places(places[:each], kern.lanes)
	s.places(places[each:2*each], kern.narrow)

	const run = 128 // their lines of all tiles stay in the first-level cache
	const together = 4
	runs := ceil(each, run)
	parallel.For(len(panels)*runs, max(1, 1<<14/(run*kern.lanes)), func(lo, hi int) {
		turn := transpose.Runs{Length: 8, Stride: each}
		for t := lo; t < hi; t++ {
			q := panels[t/runs]
			k0, k1 := t%runs*run, min(t%runs*run+run, each)
			place := places[k0:k1]
			if q.lanes < kern.lanes {
				place = places[each+k0 : each+k1]
			}
			from := sums[t/runs*s.tiles*s.taps*kern.rows*kern.lanes:]
			if len(place)%8 == 0 && q.cols%8 == 0 {
				for j := 0; j < q.cols; j += 8 { // lanes whose lines the cache holds
					turn.Src, turn.Dst = &from[j], &dw[(q.col+j)*each+k0]
					turn.Offsets, turn.Count = &place[0], len(place)
					turn.Transpose()
				}
				continue
			}
			to := func(j int) []float32 { return dw[(q.col+j)*each:][k0:k1][:len(place)] }
			j := 0
			for ; j+together <= q.cols; j += together {
				a, b, c, d := to(j), to(j+1), to(j+2), to(j+3)
				for k, at := range place {
					v := (*[together]float32)(from[at+j:])
					a[k], b[k], c[k], d[k] = v[0], v[1], v[2], v[3]
				}
			}
			for ; j < q.cols; j++ {
				a := to(j)
				for k, at := range place {
					a[k] = from[at+j]
				}
			}
		}
	})
}

// places writes where the weights of the first lane of a panel are among its tiles.
func (s *outerSum) places(places []int, lanes int) {
	rows := s.c.kern.rows
	in, wide := s.c.In/s.c.Groups, s.c.Kernel[1]
	at := 0
	for channel := range in {
		for u := range s.c.Kernel[0] {
			for v := range wide {
				tap, row := u*wide+v, channel
				if s.merged {
					tap, row = u, v*in+channel
				}
				places[at] = (row/rows*s.taps+tap)*rows*s.c.kern.lanes + row%rows*lanes
				at++
			}
		}
	}
}
