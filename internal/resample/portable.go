package resample

import "encoding/binary"

// fixedByte rounds a fixed-point sum to a byte. Weights are not negative, so
// only the upper end can overflow.
func fixedByte(sum uint32) uint8 { return uint8(min(sum>>fixedBits, 255)) }

// filterGo filters one row.
func filterGo(dst, src []uint8, t *weights) {
	for x, from := range t.from {
		taps := t.taps(x)
		p := src[min(3*from, len(src)):]
		r, g, b := uint32(fixedHalf), uint32(fixedHalf), uint32(fixedHalf)
		if len(taps) == 2 { // most outputs, when growing
			q := p[:6:6]
			k, l := taps[0], taps[1]
			r += k*uint32(q[0]) + l*uint32(q[3])
			g += k*uint32(q[1]) + l*uint32(q[4])
			b += k*uint32(q[2]) + l*uint32(q[5])
		} else {
			for _, k := range taps {
				q := p[:3:3]
				r += k * uint32(q[0])
				g += k * uint32(q[1])
				b += k * uint32(q[2])
				p = p[3:]
			}
		}
		o := dst[3*x : 3*x+3 : 3*x+3]
		o[0], o[1], o[2] = fixedByte(r), fixedByte(g), fixedByte(b)
	}
}

// maxLanes is the number of taps up to which no sum can reach 256: each weight
// is at most a half too large, so 255*(1 + n/2^23) + 1/2 must stay below.
const maxLanes = 1 << 14

// mixGo writes the weighted sum of len(taps) rows of src, one every stride
// bytes. Eight bytes at a time are summed as pairs in the 32-bit halves of
// four integers.
func mixGo(dst, src []uint8, stride int, taps []uint32) {
	n := len(dst)
	x := 0
	if len(taps) <= maxLanes {
		const pair = 0xff<<32 | 0xff
		for ; x+8 <= n; x += 8 {
			s0, s1, s2, s3 := uint64(fixedHalf<<32|fixedHalf), uint64(fixedHalf<<32|fixedHalf), uint64(fixedHalf<<32|fixedHalf), uint64(fixedHalf<<32|fixedHalf)
			at := x
			for _, k := range taps {
				v, k := binary.LittleEndian.Uint64(src[at:]), uint64(k)
				s0 += k * (v & pair)
				s1 += k * (v >> 8 & pair)
				s2 += k * (v >> 16 & pair)
				s3 += k * (v >> 24 & pair)
				at += stride
			}
			v := s0>>fixedBits&pair | s1>>fixedBits&pair<<8 | s2>>fixedBits&pair<<16 | s3>>fixedBits&pair<<24
			binary.LittleEndian.PutUint64(dst[x:], v)
		}
	}
	for ; x < n; x++ {
		sum := uint32(fixedHalf)
		at := x
		for _, k := range taps {
			sum += k * uint32(src[at])
			at += stride
		}
		dst[x] = fixedByte(sum)
	}
}
