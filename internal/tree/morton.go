package tree

import (
	"math"
	"math/bits"

	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/internal/scratch"
)

// encode computes the Morton codes: the bits of the cell numbers along each
// axis, interleaved.
func (t *Tree) encode(n, dims int, y []float64, low [3]float64) {
	cells := math.Ldexp(1, levelsOf(dims))
	var scale [3]float64
	for a, w := range t.Width {
		if w > 0 && !math.IsInf(cells/w, 1) {
			scale[a] = cells / w
		}
	}
	parallel.For(n, 2048, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			var c [3]uint64
			for a := range dims {
				c[a] = uint64(min(int64((y[i*dims+a]-low[a])*scale[a]), int64(cells)-1))
			}
			switch dims {
			case 1:
				t.codes[i] = c[0]
			case 2:
				t.codes[i] = spread2(c[0]) | spread2(c[1])<<1
			default:
				t.codes[i] = spread3(c[0]) | spread3(c[1])<<1 | spread3(c[2])<<2
			}
			t.Order[i] = int32(i)
		}
	})
}

// spread2 puts a zero between each of the lower 32 bits.
func spread2(v uint64) uint64 {
	v = (v | v<<16) & 0x0000ffff0000ffff
	v = (v | v<<8) & 0x00ff00ff00ff00ff
	v = (v | v<<4) & 0x0f0f0f0f0f0f0f0f
	v = (v | v<<2) & 0x3333333333333333
	return (v | v<<1) & 0x5555555555555555
}

// spread3 puts two zeros between each of the lower 21 bits.
func spread3(v uint64) uint64 {
	v = (v | v<<32) & 0x001f00000000ffff
	v = (v | v<<16) & 0x001f0000ff0000ff
	v = (v | v<<8) & 0x100f00f00f00f00f
	v = (v | v<<4) & 0x10c30c30c30c30c3
	return (v | v<<2) & 0x1249249249249249
}

// digit is the bits of a code that a pass of the sort looks at.
const digit = 11

// sort orders the codes and the points by them, stably. A first pass deals them
// into buckets by their upper bits, several goroutines at a time; then each
// bucket is sorted by itself. There is one order of codes and indices, so it
// does not matter how the work is shared.
func (t *Tree) sort() {
	n := len(t.codes)
	shift := max(0, 64-bits.LeadingZeros64(t.codeOr())-digit)
	chunk := (n + sortChunks - 1) / sortChunks
	t.counts = scratch.Resize(t.counts, sortChunks)
	parallel.For(sortChunks, 1, func(lo, hi int) {
		for c := lo; c < hi; c++ {
			count := &t.counts[c]
			clear(count[:])
			for _, code := range t.codes[min(c*chunk, n):min((c+1)*chunk, n)] {
				count[code>>shift]++
			}
		}
	})
	sum := int32(0)
	for d := range t.starts {
		t.starts[d] = sum
		for c := range t.counts {
			count := &t.counts[c][d]
			sum, *count = sum+*count, sum
		}
	}
	parallel.For(sortChunks, 1, func(lo, hi int) {
		for c := lo; c < hi; c++ {
			next := &t.counts[c]
			for i := min(c*chunk, n); i < min((c+1)*chunk, n); i++ {
				to := &next[t.codes[i]>>shift]
				t.codes2[*to], t.order2[*to] = t.codes[i], t.Order[i]
				*to++
			}
		}
	})
	t.codes, t.codes2 = t.codes2, t.codes
	t.Order, t.order2 = t.order2, t.Order
	parallel.For(len(t.starts), len(t.starts)/16, func(lo, hi int) {
		for d := lo; d < hi; d++ {
			first, last := int(t.starts[d]), n
			if d+1 < len(t.starts) {
				last = int(t.starts[d+1])
			}
			sortCodes(t.codes[first:last], t.codes2[first:last], t.Order[first:last], t.order2[first:last])
		}
	})
}

// sortChunks is how many ranges of the points the first pass of the sort takes.
const sortChunks = 4

// codeOr returns the bits that are set in any code.
func (t *Tree) codeOr() (or uint64) {
	for _, c := range t.codes {
		or |= c
	}
	return or
}

// fewCodes is how many codes are sorted by insertion. The first pass leaves
// few in a bucket, but for large layouts and lumps.
const fewCodes = 32

// sortCodes sorts codes and order by the codes, stably. codes2 and order2 are
// as long, for its use.
func sortCodes(codes, codes2 []uint64, order, order2 []int32) {
	if len(codes) <= fewCodes {
		for i := 1; i < len(codes); i++ {
			code, index := codes[i], order[i]
			j := i
			for ; j > 0 && codes[j-1] > code; j-- {
				codes[j], order[j] = codes[j-1], order[j-1]
			}
			codes[j], order[j] = code, index
		}
		return
	}
	// A radix sort from the lowest digit in which they differ.
	differ := uint64(0)
	for _, c := range codes {
		differ |= c ^ codes[0]
	}
	from, from2, to, to2 := codes, order, codes2, order2
	for shift := 0; differ>>shift != 0; shift += digit {
		if differ>>shift&(1<<digit-1) == 0 {
			continue
		}
		var count [1 << digit]int32
		for _, c := range from {
			count[c>>shift&(1<<digit-1)]++
		}
		sum := int32(0)
		for d, c := range count {
			count[d] = sum
			sum += c
		}
		for i, c := range from {
			at := &count[c>>shift&(1<<digit-1)]
			to[*at], to2[*at] = c, from2[i]
			*at++
		}
		from, from2, to, to2 = to, to2, from, from2
	}
	if &from[0] != &codes[0] {
		copy(codes, from)
		copy(order, from2)
	}
}
