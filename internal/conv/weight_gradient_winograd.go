package conv

import (
	"runtime"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// A winogradSum is the gradient by the weights of a 3x3 convolution of stride 1, by Winograd's
// algorithm turned round. What is linear in the kernel,
//
//	Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A, has the gradient dG = Gᵀ [sum of (A dY Aᵀ) ⊙ (Bᵀ d B)] G,
//
// where at each of 36 points the sum over tiles of 4 x 4 pixels and their product over
// channels are one sum of outer products: a pixel takes 2.25 multiplications instead of 9.
type winogradSum struct {
	c      *Conv
	x, dy  *Maps
	tiles  int    // of all maps
	held   int    // tiles that are transformed at a time: their sum is one
	chunk  [2]int // channels of x and dy that lie together
	panels []panel
	rows   int // panels of channels of x
}

// variant4 is the variant of 4 x 4 pixels.
const variant4 = 1

// spread4 is A for m = 4: the values of a polynomial at the points.
func spread4(d *[6]float32) {
	even, odd := d[0]+squareA*d[2], pointA*(d[1]+squareA*d[3])
	even2, odd2 := d[0]+squareB*d[2], pointB*(d[1]+squareB*d[3])
	*d = [6]float32{d[0], even + odd, even - odd, even2 + odd2, even2 - odd2, d[3]}
}

// gather4 is Gᵀ for m = 4.
func gather4(d *[6]float32) {
	k := &gatherConstants
	sum, difference := d[1]+d[2], d[1]-d[2]
	sum2, difference2 := d[3]+d[4], d[3]-d[4]
	d[0] = k[0]*d[0] + k[1]*sum + k[4]*sum2
	d[1] = k[2]*difference + k[5]*difference2
	d[2] = k[3]*sum + k[6]*sum2 + d[5]
}

// gatherConstants are those of filter4.
var gatherConstants = [8]float32{
	1 / (squareA * squareB),
	1 / distanceA, pointA / distanceA, squareA / distanceA,
	1 / distanceB, pointB / distanceB, squareB / distanceB,
}

const points4 = 36

func newWinogradSum(c *Conv, x, dy *Maps) *winogradSum {
	s := &winogradSum{c: c, x: x, dy: dy, rows: ceil(c.In, c.kern.rows)}
	s.tiles = x.N * ceil(dy.H, 4) * ceil(dy.W, 4)
	s.held = min(s.tiles, max(leastHeld, min((c.In+c.Out)/4, mostHeld)))
	s.chunk = [2]int{c.In, c.Out}
	const together = 32
	if c.In%together == 0 && together%c.kern.rows == 0 {
		s.chunk[0] = together
	}
	if c.Out%together == 0 {
		s.chunk[1] = together
	}
	s.panels, _ = c.panels(0)
	return s
}

const (
	// At least and at most so many tiles are one sum: the more channels there are, the more
	// of them, for sums to be added up less often; the fewer, the fewer stay in the cache.
	leastHeld, mostHeld = 64, 128
	// A block of panels of dy and of x is taken to all points, while the cache holds its
	// sums: each panel that it reads serves as many products as there are of the others.
	blockPanels, blockRows = 2, 8
)

func (s *winogradSum) run(dw []float32, mem *Memory) {
	kern := s.c.kern
	in, out := s.c.In, s.c.Out
	x := mem.take(points4*(s.held*in+pointsPadding) + kern.rows) // the last panel may read on
	defer mem.give(x)
	dy := mem.take(points4 * (s.held*out + pointsPadding))
	defer mem.give(dy)
	tile := kern.rows * kern.lanes
	weights := mem.take(len(s.panels) * s.rows * 9 * tile)
	defer mem.give(weights)

	across := ceil(s.rows, blockRows)
	blocks := ceil(len(s.panels), blockPanels) * across
	block := func(b int) (k0, k1, r0, r1 int) {
		k0, r0 = b/across*blockPanels, b%across*blockRows
		return k0, min(k0+blockPanels, len(s.panels)), r0, min(r0+blockRows, s.rows)
	}
	if workers := runtime.GOMAXPROCS(0); s.held == s.tiles && (workers == 1 || blocks >= 2*workers) {
		// One block after the other, from the products to the weights.
		s.transform(x, dy, 0, s.tiles, mem)
		parallel.For(blocks, 1, func(lo, hi int) {
			sums := mem.take(blockPanels * blockRows * points4 * tile)
			defer mem.give(sums)
			for b := lo; b < hi; b++ {
				k0, k1, r0, r1 := block(b)
				at := func(k, r int) []float32 { return sums[((k-k0)*blockRows+r-r0)*points4*tile:] }
				for f := range points4 {
					s.sum(at, x, dy, f, k0, k1, r0, r1, s.tiles, false)
				}
				for k := k0; k < k1; k++ {
					for r := r0; r < r1; r++ {
						s.gather(weights, at(k, r), k, r, mem)
					}
				}
			}
		})
	} else {
		sums := mem.take(len(s.panels) * s.rows * points4 * tile)
		defer mem.give(sums)
		at := func(k, r int) []float32 { return sums[(k*s.rows+r)*points4*tile:] }
		for t := 0; t < s.tiles; t += s.held {
			count := min(s.held, s.tiles-t)
			s.transform(x, dy, t, count, mem)
			parallel.For(blocks*points4, 1, func(lo, hi int) {
				for u := lo; u < hi; u++ {
					k0, k1, r0, r1 := block(u / points4)
					s.sum(at, x, dy, u%points4, k0, k1, r0, r1, count, t > 0)
				}
			})
		}
		parallel.For(len(s.panels)*s.rows, 4, func(lo, hi int) {
			for u := lo; u < hi; u++ {
				k, r := u/s.rows, u%s.rows
				s.gather(weights, at(k, r), k, r, mem)
			}
		})
	}
	(&outerSum{c: s.c, tiles: s.rows, taps: 9}).unpack(dw, weights, s.panels, mem)
}

// gather takes the sums of a tile to the weights.
func (s *winogradSum) gather(weights, sums []float32, k, r int, mem *Memory) {
	scratch := mem.take(points4 * vector)
	defer mem.give(scratch)
	tile := s.c.kern.rows * s.c.kern.lanes
	s.c.kern.gather(&transform{
		src: &sums[0], dst: &weights[(k*s.rows+r)*9*tile], stride: tile, channels: tile,
		scratch: &scratch[0], constants: &gatherConstants[0],
	})
}

// transform takes some tiles of both to points: point, chunk of channels, tile, channel.
func (s *winogradSum) transform(x, dy []float32, first, count int, mem *Memory) {
	kern := s.c.kern
	parallel.For(count, 4, func(lo, hi int) {
		scratch := mem.take(points4 * vector)
		defer mem.give(scratch)
		in := transform{scratch: &scratch[0], constants: &constants[0], channels: s.chunk[0], stride: count*s.c.In + pointsPadding}
		by := transform{scratch: &scratch[0], constants: &constants[0], channels: s.chunk[1], stride: count*s.c.Out + pointsPadding}
		var offsets [points4]int
		for t := lo; t < hi; t++ {
			across, down := ceil(s.dy.W, 4), ceil(s.dy.H, 4)
			n, i, j := (first+t)/(across*down), (first+t)/across%down*4, (first+t)%across*4
			tileOffsets(offsets[:], s.x, n, i-s.c.Padding[0], j-s.c.Padding[1], 6)
			in.offsets = &offsets[0]
			for k := 0; k < s.c.In; k += s.chunk[0] {
				in.src, in.dst = &s.x.data[k], &x[k*count+t*s.chunk[0]]
				kern.input[variant4](&in)
			}
			tileOffsets(offsets[:], s.dy, n, i, j, 4)
			by.offsets = &offsets[0]
			for k := 0; k < s.c.Out; k += s.chunk[1] {
				by.src, by.dst = &s.dy.data[k], &dy[k*count+t*s.chunk[1]]
				kern.spread(&by)
			}
		}
	})
}

// tileOffsets writes where the pixels of a tile of n x n are, in bytes; those outside the
// map are zeros.
func tileOffsets(offsets []int, m *Maps, image, top, left, n int) {
	for i := range n {
		row := offsets[i*n:][:n]
		clear(row)
		if y := top + i; y < 0 || y >= m.H {
			continue
		}
		at := 4 * m.pixel(image, top+i, left)
		for j := range row {
			if x := left + j; x >= 0 && x < m.W {
				row[j] = at + 4*j*m.C
			}
		}
	}
}

// sum writes the outer products at a point of panels [k0, k1) of dy and [r0, r1) of x to
// their tiles, or adds them if there is more.
func (s *winogradSum) sum(sums func(k, r int) []float32, x, dy []float32, f, k0, k1, r0, r1, count int, more bool) {
	kern := s.c.kern
	zero := 0
	p := outer{offsets: &zero, runs: 1, depth: count, xStep: 4 * s.chunk[0], dyStep: 4 * s.chunk[1]}
	if more {
		p.more = 1
	}
	tile := kern.rows * kern.lanes
	for k := k0; k < k1; k++ {
		q := s.panels[k]
		p.lanes = q.lanes
		p.dy = &dy[f*(count*s.c.Out+pointsPadding)+q.col/s.chunk[1]*s.chunk[1]*count+q.col%s.chunk[1]]
		for r := r0; r < r1; r++ {
			at := r * kern.rows
			p.x = &x[f*(count*s.c.In+pointsPadding)+at/s.chunk[0]*s.chunk[0]*count+at%s.chunk[0]]
			p.tile = &sums(k, r)[f*tile]
			kern.outer(&p)
		}
	}
}
