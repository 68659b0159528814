package conv

import (
	"runtime"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// winograd is a 3x3 convolution of stride 1 by Winograd's minimal filtering,
// F(m x m, 3 x 3) for m = 2 and 4 (Lavin and Gray, "Fast algorithms for
// convolutional neural networks", CVPR 2016): tiles of n x n pixels, n = m+2,
// and the kernels are both evaluated at n x n points, multiplied point by
// point, and m x m pixels interpolated,
//
//	Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A,
//
// where the product over the input channels is, at each point, a matrix
// product. A pixel takes 4 multiplications for m = 2 and 2.25 for m = 4,
// instead of 9.
type winograd struct {
	variant int
	panels  []panel
	point   int       // elements of data to a point
	data    []float32 // of each point and panel: channel, lane
	mem     Memory    // for packing
}

// tilesOf returns how many tiles make the maps of y.
func tilesOf(y *Maps, variant int) int {
	m := tileSize(variant)
	return y.N * ceil(y.H, m) * ceil(y.W, m)
}

// variants is how many values of m there are.
const variants = 2

// tileSize returns m.
func tileSize(variant int) int { return 2 + 2*variant }

// The points of F(2x2, 3x3) are 0, 1, -1 and infinity; those of F(4x4, 3x3) are
// 0, ±5/8, ±3/2 and infinity. The usual 0, ±1, ±2 lose twice as many bits:
// powers of the larger point amplify the rounding errors of the products, and
// here the two sizes lie about as far below 1 as above. Both are short in
// binary, so that all the constants below are exact.
const (
	pointA           = 0.625
	pointB           = 1.5
	squareA, squareB = pointA * pointA, pointB * pointB
)

// constants of Bᵀ and Aᵀ for m = 4, for the assembly, which may read all eight.
var constants = [8]float32{squareA * squareB, squareA + squareB, squareA, squareB, pointA, pointB}

// filter is G for n points.
func filter(g *[6]float64, n int) {
	if n == 4 {
		filter2(g)
	} else {
		filter4(g)
	}
}

// filterConstants are those of filter for the assembly.
var filterConstants = [variants][7]float64{
	{0.5},
	{squareA, 1 / distanceA, pointA / distanceA, squareB, 1 / distanceB, pointB / distanceB, 1 / (squareA * squareB)},
}

// Products of the distances of points from the others, for m = 4.
const (
	distanceA = 2 * squareA * (squareA - squareB)
	distanceB = 2 * squareB * (squareB - squareA)
)

// filter2 is G for m = 2: (1, p, p²) for each point p, over the product of its
// distances from the other points, in float64.
func filter2(g *[6]float64) {
	even, odd := (g[0]+g[2])/2, g[1]/2
	g[1], g[2], g[3] = even+odd, even-odd, g[2]
}

// filter4 is G for m = 4.
func filter4(g *[6]float64) {
	even, odd := (g[0]+squareA*g[2])*(1/distanceA), g[1]*(pointA/distanceA)
	even2, odd2 := (g[0]+squareB*g[2])*(1/distanceB), g[1]*(pointB/distanceB)
	*g = [6]float64{g[0] * (1 / (squareA * squareB)), even + odd, even - odd, even2 + odd2, even2 - odd2, g[2]}
}

// input2 is Bᵀ for m = 2.
func input2(d *[6]float32) {
	d[0], d[1], d[2], d[3] = d[0]-d[2], d[1]+d[2], d[2]-d[1], d[1]-d[3]
}

// output2 is Aᵀ for m = 2.
func output2(d *[6]float32) {
	d[0], d[1] = d[0]+d[1]+d[2], d[1]-d[2]-d[3]
}

// input4 is Bᵀ for m = 4: each row has the other points as its roots.
func input4(d *[6]float32) {
	even, odd := d[4]-squareB*d[2], pointA*(d[3]-squareB*d[1])
	even2, odd2 := d[4]-squareA*d[2], pointB*(d[3]-squareA*d[1])
	*d = [6]float32{
		squareA*squareB*d[0] - (squareA+squareB)*d[2] + d[4],
		even + odd, even - odd, even2 + odd2, even2 - odd2,
		squareA*squareB*d[1] - (squareA+squareB)*d[3] + d[5],
	}
}

// output4 is Aᵀ for m = 4: powers of the points.
func output4(d *[6]float32) {
	even, odd := d[1]+d[2], pointA*(d[1]-d[2])
	even2, odd2 := d[3]+d[4], pointB*(d[3]-d[4])
	d[0] = d[0] + even + even2
	d[1] = odd + odd2
	d[2] = squareA*even + squareB*even2
	d[3] = squareA*odd + squareB*odd2 + d[5]
}

// A block of tiles is transformed, multiplied and transformed back by one
// task. It has as many tiles as let its points stay in the second-level cache,
// but enough for the weights, which do not, to be used again.
const (
	blockBytes    = 640 << 10
	leastBlock    = 32
	largestBlock  = 128
	pointsPadding = 16 // elements between points, lest all fall on the same lines of the cache
)

// run writes the convolution of x to y.
func (w *winograd) run(c *Conv, x, y, shortcut *Maps, floor float32, mem *Memory) {
	n := tileSize(w.variant) + 2
	tiles := tilesOf(y, w.variant)
	height := min(max(blockBytes/(4*n*n*(c.In+c.Out)), leastBlock), largestBlock)
	least := leastBlock / 2
	if len(w.panels) < runtime.GOMAXPROCS(0) { // nor can the panels be shared out
		least = c.kern.rows
	}
	if parts := share(1, ceil(tiles, least), 2); parts > 1 {
		height = min(height, ceil(tiles, parts))
	}
	height = min(ceil(height, c.kern.rows)*c.kern.rows, tiles)
	blocks := ceil(tiles, height)
	parts := share(blocks, len(w.panels), 1)
	per := ceil(len(w.panels), parts)
	parts = ceil(len(w.panels), per)
	parallel.For(blocks*parts, 1, func(lo, hi int) {
		s := newWinogradTask(w, c, x, y, shortcut, floor, height, per, mem)
		defer mem.give(s.buffer)
		for t := lo; t < hi; t++ {
			t0, q0 := t/parts*height, t%parts*per
			s.run(t0, min(t0+height, tiles), w.panels[q0:min(q0+per, len(w.panels))])
		}
	})
}

// A winogradTask is what one goroutine needs to convolve blocks of tiles.
type winogradTask struct {
	*winograd
	c                 *Conv
	x, y, shortcut    *Maps
	in, out           transform
	product           product
	buffer            []float32
	points, products  []float32 // of a block: point, tile, channel
	offsets, interior [36]int   // of a tile's pixels: at the edge, and from its first one
	rows              [2][8]int // of a tile of a product: all, and those there are
}

func newWinogradTask(w *winograd, c *Conv, x, y, shortcut *Maps, floor float32, height, panels int, mem *Memory) *winogradTask {
	n := tileSize(w.variant) + 2
	s := &winogradTask{winograd: w, c: c, x: x, y: y, shortcut: shortcut}
	points := n * n * (height*c.In + pointsPadding)
	products := n * n * (height*min(panels*c.kern.lanes, c.Out) + pointsPadding)
	s.buffer = mem.take(n*n*vector + points + products)
	scratch := &s.buffer[0]
	s.points, s.products = s.buffer[n*n*vector:][:points], s.buffer[n*n*vector+points:]
	s.in = transform{channels: c.In, scratch: scratch, constants: &constants[0]}
	s.out = transform{scratch: scratch, constants: &constants[0], rowStride: y.W * y.C, pixelStride: y.C, floor: floor}
	s.product = product{taps: 1, depth: c.In}
	for i := range n * n {
		s.interior[i] = 4 * (i/n*x.W + i%n) * x.C
	}
	return s
}

// run convolves tiles [t0, t1) to the channels of some panels.
func (s *winogradTask) run(t0, t1 int, panels []panel) {
	kern, in := s.c.kern, s.c.In
	n := tileSize(s.variant) + 2
	count := t1 - t0
	s.in.stride = count*in + pointsPadding
	for t := t0; t < t1; t++ {
		s.transformInput(t, &s.points[(t-t0)*in])
	}

	last := panels[len(panels)-1]
	first, width := panels[0].col, last.col+last.cols-panels[0].col
	stride := count*width + pointsPadding
	s.fillRows(count)
	args := &s.product
	args.stride = width
	for f := range n * n {
		for _, q := range panels {
			args.b, args.lanes, args.cols = &s.data[f*s.point+q.at], q.lanes, q.cols
			for r := 0; r < count; r += kern.rows {
				args.a = &s.points[f*s.in.stride+r*in]
				args.rows = min(kern.rows, count-r)
				args.offsets = s.offsetsOf(args.rows)
				args.c = &s.products[f*stride+r*width+q.col-first]
				kern.mul(args)
			}
		}
	}

	s.out.stride, s.out.channels = stride, width
	s.out.bias = &s.c.bias[first]
	for t := t0; t < t1; t++ {
		s.transformOutput(t, &s.products[(t-t0)*width], first)
	}
}

// fillRows finds where the rows of a tile of a product of count tiles begin.
func (s *winogradTask) fillRows(count int) {
	rows := s.c.kern.rows
	for i := range rows {
		s.rows[0][i] = 4 * i * s.c.In
		s.rows[1][i] = 4 * min(i, (count-1)%rows) * s.c.In
	}
}

// offsetsOf returns that for a tile of so many rows.
func (s *winogradTask) offsetsOf(rows int) *int {
	if rows < s.c.kern.rows {
		return &s.rows[1][0]
	}
	return &s.rows[0][0]
}

// place returns the map of a tile and its first output pixel.
func (s *winogradTask) place(t int) (n, y, x int) {
	m := tileSize(s.variant)
	across := ceil(s.y.W, m)
	down := ceil(s.y.H, m)
	return t / (across * down), t / across % down * m, t % across * m
}

func (s *winogradTask) transformInput(t int, dst *float32) {
	n := tileSize(s.variant) + 2
	image, top, left := s.place(t)
	top -= s.c.Padding[0]
	left -= s.c.Padding[1]
	s.in.dst = dst
	if top >= 0 && left >= 0 && top+n <= s.x.H && left+n <= s.x.W {
		s.in.src, s.in.offsets = &s.x.data[s.x.pixel(image, top, left)], &s.interior[0]
	} else {
		s.in.src, s.in.offsets = &s.x.data[0], &s.offsets[0]
		for i := range n {
			row := s.offsets[i*n:][:n]
			if y := top + i; y < 0 || y >= s.x.H {
				clear(row)
				continue
			}
			at := 4 * s.x.pixel(image, top+i, left)
			for j := range row {
				row[j] = 0
				if x := left + j; x >= 0 && x < s.x.W {
					row[j] = at + 4*j*s.x.C
				}
			}
		}
	}
	s.c.kern.input[s.variant](&s.in)
}

func (s *winogradTask) transformOutput(t int, src *float32, first int) {
	m := tileSize(s.variant)
	image, top, left := s.place(t)
	s.out.rows, s.out.cols = min(m, s.y.H-top), min(m, s.y.W-left)
	at := s.y.pixel(image, top, left) + first
	s.out.src, s.out.dst = src, &s.y.data[at]
	if s.shortcut != nil {
		s.out.add = &s.shortcut.data[s.shortcut.pixel(image, top, left)+first]
	}
	s.c.kern.output[s.variant](&s.out)
}
