package conv

import (
	"math"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// onceTiles is the largest number of tiles of a convolution whose changing weights are not
// packed: at the points they are up to four times as many numbers, and to write these and to
// read them takes longer than the products of so few tiles. Some input channels of
// a panel are taken to the points, multiplied while the second-level cache holds them, and
// forgotten; each panel belongs to one task, and so is evaluated once.
const onceTiles = largestBlock

// onceRun is how many input channels these are: so many that to add their sum to those before
// costs little. Results depend on it in their last bits.
const onceRun = 64

// once tells whether the weights are not packed for so many tiles.
func (c *Conv) once(tiles int) bool { return c.packings.changes.often && tiles <= onceTiles }

// runOnce is [winograd.run] with weights that are not packed.
func (c *Conv) runOnce(variant int, x, y, shortcut *Maps, floor float32, mem *Memory) {
	n := tileSize(variant) + 2
	w := &winograd{variant: variant}
	w.panels, _ = c.panels(0)
	tiles := tilesOf(y, variant)
	points := mem.take(n * n * (tiles*c.In + pointsPadding))
	defer mem.give(points)
	parallel.For(tiles, 2, func(lo, hi int) {
		s := newWinogradTask(w, c, x, y, shortcut, floor, 0, 0, mem) // the points are in the memory of all
		defer mem.give(s.buffer)
		s.in.stride = tiles*c.In + pointsPadding
		for t := lo; t < hi; t++ {
			s.transformInput(t, &points[t*c.In])
		}
	})
	parallel.For(len(w.panels), 1, func(lo, hi int) {
		s := newWinogradTask(w, c, x, y, shortcut, floor, 0, 0, mem)
		defer mem.give(s.buffer)
		for q := lo; q < hi; q++ {
			s.runPanel(w.panels[q], points, tiles, mem)
		}
	})
}

// runPanel convolves all tiles, whose points are given, to the channels of a panel.
func (s *winogradTask) runPanel(q panel, points []float32, tiles int, mem *Memory) {
	kern, in := s.c.kern, s.c.In
	n := tileSize(s.variant) + 2
	width := kern.lanes
	stride, weightStride := tiles*width+pointsPadding, onceRun*q.lanes+pointsPadding
	buffer := mem.take(n*n*(stride+weightStride) + mostLanes + filteringSize)
	defer mem.give(buffer)
	products, rest := buffer[:n*n*stride], buffer[n*n*stride:]
	weights, rest := rest[:n*n*weightStride], rest[n*n*weightStride:]
	zeros, rest := rest[:mostLanes], rest[mostLanes:]
	clear(zeros)
	filter := newFiltering(s.c, s.variant, rest)

	infinity := float32(math.Inf(1))
	args := product{taps: 1, lanes: q.lanes, cols: q.cols, stride: width, floor: -infinity, ceiling: infinity}
	s.fillRows(tiles)
	for first := 0; first < in; first += onceRun {
		args.depth = min(onceRun, in-first)
		for i := 0; i < args.depth; i += filterRun {
			filter.points(weights[i*q.lanes:], weightStride, q, first+i, min(filterRun, args.depth-i))
		}
		for f := range n * n {
			args.b = &weights[f*weightStride]
			for r := 0; r < tiles; r += kern.rows {
				args.rows = min(kern.rows, tiles-r)
				args.offsets = s.offsetsOf(args.rows)
				args.a = &points[f*(tiles*in+pointsPadding)+r*in+first]
				args.c = &products[f*stride+r*width]
				if first > 0 {
					args.bias, args.add = &zeros[0], args.c
				}
				kern.mul(&args)
			}
		}
	}
	s.out.stride, s.out.channels = stride, q.cols
	s.out.bias = &s.c.bias[q.col]
	for t := range tiles {
		s.transformOutput(t, &products[t*width], q.col)
	}
}
