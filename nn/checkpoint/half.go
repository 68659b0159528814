package checkpoint

import (
	"fmt"
	"maps"
	"math"
)

// float16To32 widens an IEEE binary16, exactly.
func float16To32(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exp := uint32(h>>10) & 0x1f
	mant := uint32(h & 0x3ff)
	switch {
	case exp == 0x1f: // infinity, NaN
		return math.Float32frombits(sign | 0x7f800000 | mant<<13)
	case exp != 0:
		return math.Float32frombits(sign | (exp+127-15)<<23 | mant<<13)
	}
	// A subnormal is mant units of 2^-24; the product is exact.
	v := float32(mant) * (1.0 / (1 << 24))
	return math.Float32frombits(sign | math.Float32bits(v))
}

// bfloat16To32 widens a bfloat16, exactly.
func bfloat16To32(b uint16) float32 { return math.Float32frombits(uint32(b) << 16) }

// float16 rounds x to the nearest binary16, ties to even, in one step (going
// through float32 would round twice).
func float16(x float64) uint16 { return narrow(x, 5, 10) }

// bfloat16 rounds x to the nearest bfloat16, ties to even, in one step.
func bfloat16(x float64) uint16 { return narrow(x, 8, 7) }

// narrow rounds x to a 16-bit float of expBits and mantBits, ties to even.
// Too large becomes infinity; a NaN keeps the upper bits of its payload and
// becomes quiet.
func narrow(x float64, expBits, mantBits int) uint16 {
	bits := math.Float64bits(x)
	sign := uint16(bits>>63) << 15
	exp := int(bits>>52) & 0x7ff
	mant := bits & (1<<52 - 1)
	infinity := uint16(1<<expBits-1) << mantBits
	if exp == 0x7ff {
		if mant == 0 {
			return sign | infinity
		}
		return sign | infinity | 1<<(mantBits-1) | uint16(mant>>(52-mantBits))
	}
	// Every float64 subnormal is far below half the smallest result.
	if exp == 0 {
		return sign
	}
	mant |= 1 << 52
	bias := 1<<(expBits-1) - 1
	e := exp - 1023 + bias // the result's exponent field, if it is normal
	drop := 52 - mantBits  // bits of the mantissa to round away
	if e < 1 {             // subnormal: a fixed unit, so more bits go
		drop += 1 - e
		e = 0
		if drop > 53 { // below half the smallest subnormal
			return sign
		}
	} else {
		e-- // the leading bit of the mantissa adds 1 to the field
	}
	kept, rest, half := mant>>drop, mant&(1<<drop-1), uint64(1)<<(drop-1)
	if rest > half || rest == half && kept&1 == 1 {
		kept++ // a carry runs on into the exponent, as it should
	}
	out := uint64(e)<<mantBits + kept
	return sign | uint16(min(out, uint64(infinity)))
}

// Convert returns a state dict with every floating-point tensor in dtype,
// rounded to nearest even; integer tensors and tensors that have the type
// already are shared with s. It is an error when dtype is no floating-point
// type. Metadata is copied.
func (s *StateDict) Convert(dtype DType) (*StateDict, error) {
	if !dtype.IsFloat() {
		return nil, fmt.Errorf("convert: expected a floating-point type, found %v", dtype)
	}
	out := newStateDict(s.Len())
	out.Metadata = maps.Clone(s.Metadata)
	for _, t := range s.tensors {
		c, err := t.convert(dtype)
		if err != nil {
			return nil, err
		}
		if err := out.Add(c); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (t *Tensor) convert(dtype DType) (*Tensor, error) {
	if !t.DType.IsFloat() || t.DType == dtype {
		return t, nil
	}
	if dtype == F32 {
		v, err := t.Float32()
		if err != nil {
			return nil, err
		}
		return NewFloat32(t.Name, t.Shape, v)
	}
	v, err := t.Float64()
	if err != nil {
		return nil, err
	}
	switch dtype {
	case F16:
		return NewTensor(t.Name, F16, t.Shape, encode(mapSlice(v, float16)))
	case BF16:
		return NewTensor(t.Name, BF16, t.Shape, encode(mapSlice(v, bfloat16)))
	}
	return NewFloat64(t.Name, t.Shape, v)
}
