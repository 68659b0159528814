// Package resample scales RGB pictures bilinearly, bit for bit as Pillow's
// Image.resize(size, BILINEAR) does: a triangle filter, widened by the scale when
// shrinking, in 22-bit fixed point, along one axis and then along the other, with bytes
// between (libImaging/Resample.c).
//
// The sums are of integers, so that their order does not matter: the loops of every
// instruction set give the same bytes.
package resample

import (
	"context"
	"image"
	"sync"

	"github.com/glimpse-go/glimpse/internal/scratch"
)

// RGB returns the part win, within the picture, of src resized to w x h pixels. src has
// 3*width*height bytes, the result 3*win.Dx()*win.Dy(). It does no more work than win needs, and
// stops between rows, two at a time, with ctx's error when ctx is done.
//
// The order of the axes is Pillow 13's: first along the rows, unless more than twice as
// many rows as columns are lost.
func RGB(ctx context.Context, src []uint8, width, height, w, h int, win image.Rectangle) ([]uint8, error) {
	if w == width && h == height {
		dst := make([]uint8, 3*win.Dx()*win.Dy())
		n := 3 * win.Dx()
		for y := range win.Dy() {
			copy(dst[y*n:(y+1)*n], src[3*((y+win.Min.Y)*width+win.Min.X):])
		}
		return dst, ctx.Err()
	}
	s := scaling{chosen, weightsFor(width, w, win.Min.X, win.Dx()), weightsFor(height, h, win.Min.Y, win.Dy())}
	return s.resize(ctx, src, width, height, w, h)
}

// scaling is what both passes do.
type scaling struct {
	*loops
	across, down *weights
}

func (s scaling) resize(ctx context.Context, src []uint8, width, height, w, h int) ([]uint8, error) {
	dst := make([]uint8, 3*len(s.across.from)*len(s.down.from))
	m := memories.Get().(*memory)
	defer memories.Put(m)
	if lost := height - h; lost > 0 && lost > 2*(width-w) {
		return dst, s.downFirst(ctx, dst, src, width, m)
	}
	return dst, s.acrossFirst(ctx, dst, src, width, m)
}

// memory is what a scaling uses between its passes, and the next one again.
type memory struct {
	between []uint8 // rows between the passes
	edge    [2][]uint8
}

var memories = sync.Pool{New: func() any { return new(memory) }}

// spare is the bytes behind a row of between that the loops may write.
const spare = 16

// acrossFirst filters rows, and mixes them as soon as there are those of one row of dst.
// Only rows that are still wanted are kept, some tens of KB, which stay in the cache.
func (s scaling) acrossFirst(ctx context.Context, dst, src []uint8, width int, m *memory) error {
	n := 3 * len(s.across.from)
	stride := n + spare
	most := s.down.most()
	// Twice what one row needs, so that rows are seldom moved.
	room := 2*most + 16
	m.between = scratch.Resize(m.between, room*stride)
	first, end := 0, 0 // the rows of the picture that lie in between
	last := len(src) / (3 * width)
	for y, from := range s.down.from {
		until := from + len(s.down.taps(y))
		if from < first || from > end {
			first, end = from, from
		}
		if until-first > room {
			copy(m.between, m.between[(from-first)*stride:(end-first)*stride])
			first = from
		}
		for end < until {
			if err := ctx.Err(); err != nil {
				return err
			}
			count := min(2, last-end, first+room-end)
			at := m.between[(end-first)*stride:]
			s.filterRows(at, src, 3*width, end, count, stride, m)
			end += count
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		s.mix(dst[y*n:(y+1)*n], m.between, (from-first)*stride, stride, y)
	}
	return nil
}

// downFirst mixes two rows at a time, as far as columns are wanted, and filters them.
func (s scaling) downFirst(ctx context.Context, dst, src []uint8, width int, m *memory) error {
	n := 3 * len(s.across.from)
	first, last := s.across.span()
	wide := 3 * width
	m.between = scratch.Resize(m.between, 2*(wide+n+spare))
	mixed, filtered := m.between[:2*wide], m.between[2*wide:]
	rows := len(s.down.from)
	for y := 0; y < rows; y += 2 {
		if err := ctx.Err(); err != nil {
			return err
		}
		count := min(2, rows-y)
		for i := range count {
			s.mix(mixed[i*wide:][3*first:3*last], src, 3*(s.down.from[y+i]*width+first), 3*width, y+i)
		}
		s.filterRows(filtered, mixed, wide, 0, count, n+spare, m)
		for i := range count {
			copy(dst[(y+i)*n:(y+i+1)*n], filtered[i*(n+spare):])
		}
	}
	return nil
}

// filterRows filters count rows, one or two, of src, rows of stride bytes, from row y on.
// Rows of dst are dstStride bytes apart.
func (s scaling) filterRows(dst, src []uint8, stride, y, count, dstStride int, m *memory) {
	n := len(s.across.from)
	if s.filter == nil {
		for i := range count {
			filterGo(dst[i*dstStride:][:3*n], src[(y+i)*stride:][:stride], s.across)
		}
		return
	}
	// The loops read vectors, and so beyond the last rows: those are copied first.
	var rows [2]*uint8
	for i := range rows {
		at := (y + min(i, count-1)) * stride
		if at+s.across.reach > len(src) {
			m.edge[i] = scratch.Resize(m.edge[i], max(stride, s.across.reach))
			copy(m.edge[i], src[at:])
			rows[i] = &m.edge[i][0]
			continue
		}
		rows[i] = &src[at]
	}
	t := s.across
	s.filter(&dst[0], &dst[(count-1)*dstStride], rows[0], rows[1], &t.from[0], &t.arranged[0], t.width, n)
}

// mix writes the weighted sum of the rows of src for row y; the first of them begins at at.
func (s scaling) mix(dst, src []uint8, at, stride, y int) {
	taps := s.down.taps(y)
	if len(taps) == 0 { // so many that all are zero
		clear(dst)
		return
	}
	if s.loops.mix == nil || len(dst) < s.block {
		mixGo(dst, src[at:], stride, taps)
		return
	}
	_ = src[at+(len(taps)-1)*stride+len(dst)-1]
	s.loops.mix(&dst[0], &src[at], stride, &s.down.arranged[y*s.down.width], len(taps), len(dst))
}
