package jpeg

// The inverse cosine transform is that of Loeffler, Ligtenberg and Moschytz (Practical
// fast 1-D DCT algorithms with 11 multiplications, ICASSP 1989) in integers, with
// libjpeg's precision (jidctint.c): constants of 13 bits, 2 further bits between columns
// and rows. Each constant is round(c * 2^13).
const (
	constantBits = 13
	columnBits   = 2

	fix0298631336 = 2446
	fix0390180644 = 3196
	fix0541196100 = 4433
	fix0765366865 = 6270
	fix0899976223 = 7373
	fix1175875602 = 9633
	fix1501321110 = 12299
	fix1847759065 = 15137
	fix1961570560 = 16069
	fix2053119869 = 16819
	fix2562915447 = 20995
	fix3072711026 = 25172
)

// inverseDCT makes 8 x 8 samples of dequantized coefficients, rows of dst a stride apart.
// Where damaged coefficients are too large for 16 bits on the way, it comes to what
// libjpeg-turbo's vector instructions come to, which hold no more.
func inverseDCT(l *loops, b *[64]int16, dst []uint8, stride int) {
	if l.inverse != nil {
		l.inverse(b, &dst[:7*stride+8][0], stride)
		return
	}
	var t [64]int32
	flat := true
	for x := range 8 {
		if b[8+x]|b[16+x]|b[24+x]|b[32+x]|b[40+x]|b[48+x]|b[56+x] == 0 {
			// The formula below comes to this.
			v := saturate(int32(b[x]) << columnBits)
			t[x], t[8+x], t[16+x], t[24+x], t[32+x], t[40+x], t[48+x], t[56+x] = v, v, v, v, v, v, v, v
			continue
		}
		flat = false
		e0, e1, e2, e3 := evenPart(int32(b[x]), int32(b[16+x]), int32(b[32+x]), int32(b[48+x]))
		o0, o1, o2, o3 := oddPart(int32(b[8+x]), int32(b[24+x]), int32(b[40+x]), int32(b[56+x]))
		const shift, half = constantBits - columnBits, 1 << (constantBits - columnBits - 1)
		t[x], t[56+x] = saturate((e0+o0+half)>>shift), saturate((e0-o0+half)>>shift)
		t[8+x], t[48+x] = saturate((e1+o1+half)>>shift), saturate((e1-o1+half)>>shift)
		t[16+x], t[40+x] = saturate((e2+o2+half)>>shift), saturate((e2-o2+half)>>shift)
		t[24+x], t[32+x] = saturate((e3+o3+half)>>shift), saturate((e3-o3+half)>>shift)
	}
	if flat {
		for i := range t {
			t[i] = int32(b[i%8] << columnBits)
		}
	}
	for y := range 8 {
		r := (*[8]int32)(t[8*y:])
		e0, e1, e2, e3 := evenPart(r[0], r[2], r[4], r[6])
		o0, o1, o2, o3 := oddPart(r[1], r[3], r[5], r[7])
		// Three bits more for the factor of 8 of the whole transform; samples are 128
		// higher than the transform.
		const shift = constantBits + columnBits + 3
		const half = 1<<(shift-1) + 128<<shift
		o := (*[8]uint8)(dst[y*stride:])
		o[0], o[7] = clamp((e0+o0+half)>>shift), clamp((e0-o0+half)>>shift)
		o[1], o[6] = clamp((e1+o1+half)>>shift), clamp((e1-o1+half)>>shift)
		o[2], o[5] = clamp((e2+o2+half)>>shift), clamp((e2-o2+half)>>shift)
		o[3], o[4] = clamp((e3+o3+half)>>shift), clamp((e3-o3+half)>>shift)
	}
}

// dequantize makes b of coefficients as they were coded, in 16 bits.
func dequantize(l *loops, b, coefficients *[64]int16, quant *[64]uint16) {
	if l.dequantize != nil {
		l.dequantize(b, coefficients, quant)
		return
	}
	for i, v := range coefficients {
		b[i] = v * int16(quant[i])
	}
}

// evenPart is the half of the transform for the even coefficients: the sums of the outer
// four samples of a half, from the outside.
func evenPart(c0, c2, c4, c6 int32) (e0, e1, e2, e3 int32) {
	z := (c2 + c6) * fix0541196100
	low := z - c6*fix1847759065
	high := z + c2*fix0765366865
	sum, difference := int32(int16(c0+c4))<<constantBits, int32(int16(c0-c4))<<constantBits
	return sum + high, difference + low, difference - low, sum - high
}

// oddPart is that for the odd ones.
func oddPart(c1, c3, c5, c7 int32) (o0, o1, o2, o3 int32) {
	a, b := int32(int16(c3+c7)), int32(int16(c1+c5))
	z5 := (a + b) * fix1175875602
	z1 := -(c7 + c1) * fix0899976223
	z2 := -(c5 + c3) * fix2562915447
	z3 := z5 - a*fix1961570560
	z4 := z5 - b*fix0390180644
	o3 = c7*fix0298631336 + z1 + z3
	o2 = c5*fix2053119869 + z2 + z4
	o1 = c3*fix3072711026 + z2 + z3
	o0 = c1*fix1501321110 + z1 + z4
	return o0, o1, o2, o3
}

func saturate(v int32) int32 { return max(-1<<15, min(v, 1<<15-1)) }

func clamp(v int32) uint8 {
	if uint32(v) > 255 {
		v = ^(v >> 31) // 0 below, all ones above
	}
	return uint8(v)
}
