package conv

import (
	"unsafe"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// Sums over the pixels of all maps are those of blocks of pixels, which depend on the
// shape of the maps alone, added up in order. A block has so many elements that beginning
// the next one costs nothing, and so many pixels that its sums are little beside them.
const (
	blockElements = 1 << 16
	runPixels     = 1 << 7
)

// sums writes two sums over all pixels for each channel. add adds those of pixels
// [lo, hi).
func (m *Maps) sums(first, second []float64, mem *Memory, add func(first, second []float64, lo, hi int)) {
	pixels, channels := m.N*m.H*m.W, m.C
	each := max(runPixels, blockElements/channels)
	blocks := ceil(pixels, each)
	scratch, sums := mem.float64s(2 * blocks * channels)
	defer mem.give(scratch)
	parallel.For(blocks, 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			s := sums[2*i*channels:][:2*channels]
			clear(s)
			add(s[:channels], s[channels:], i*each, min((i+1)*each, pixels))
		}
	})
	first, second = first[:channels], second[:channels]
	parallel.For(channels, max(1, blockElements/blocks), func(lo, hi int) {
		clear(first[lo:hi])
		clear(second[lo:hi])
		for i := range blocks {
			s := sums[2*i*channels:][:2*channels]
			for c := lo; c < hi; c++ {
				first[c] += s[c]
				second[c] += s[channels+c]
			}
		}
	})
}

// float64s returns n numbers, and the memory that they are in, to be given back.
func (mem *Memory) float64s(n int) ([]float32, []float64) {
	s := mem.take(2 * n)
	return s, unsafe.Slice((*float64)(unsafe.Pointer(unsafe.SliceData(s))), n)
}
