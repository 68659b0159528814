package conv

import (
	"unsafe"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// Sums over the pixels of all maps are those of blocks, of so many channels and pixels,
// which depend on the shape of the maps alone, added up in order. A block has enough
// elements that the next one costs nothing, and enough pixels that its sums are little
// beside them; a row of a block, so many channels that it is read as fast as a whole one.
const (
	blockElements = 1 << 16
	blockPixels   = 1 << 8
	blockChannels = 1 << 9
)

// sums writes two sums over all pixels for each channel. add adds what pixels [lo, hi)
// have to those of some channels, from c on: at most so many as given.
func (m *Maps) sums(first, second []float64, channels int, mem *Memory, add func(first, second []float64, c, lo, hi int)) {
	pixels := m.N * m.H * m.W
	channels = min(channels, m.C)
	columns, each := ceil(m.C, channels), max(blockPixels, blockElements/channels)
	rows := ceil(pixels, each)
	scratch, sums := mem.float64s(2 * rows * m.C)
	defer mem.give(scratch)
	parallel.For(rows*columns, 1, func(lo, hi int) {
		for t := lo; t < hi; t++ {
			r, c := t/columns, t%columns*channels
			n := min(channels, m.C-c)
			a, b := sums[2*r*m.C+c:][:n], sums[(2*r+1)*m.C+c:][:n]
			clear(a)
			clear(b)
			add(a, b, c, r*each, min((r+1)*each, pixels))
		}
	})
	parallel.For(m.C, max(1, blockElements/rows), func(lo, hi int) {
		clear(first[lo:hi])
		clear(second[lo:hi])
		for r := range rows {
			for c := lo; c < hi; c++ {
				first[c] += sums[2*r*m.C+c]
				second[c] += sums[(2*r+1)*m.C+c]
			}
		}
	})
}

// float64s returns n numbers, and the memory that they are in, to be given back.
func (mem *Memory) float64s(n int) ([]float32, []float64) {
	s := mem.take(2 * n)
	return s, unsafe.Slice((*float64)(unsafe.Pointer(unsafe.SliceData(s))), n)
}
