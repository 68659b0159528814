package checkpoint

import (
	"fmt"
	"math"
	"slices"
)

// A Tensor is a named array of numbers in row-major order, the last axis
// fastest. Its data may be shared with other tensors of the same StateDict (a
// checkpoint's views of one storage), so treat it as read-only.
type Tensor struct {
	Name  string
	DType DType
	Shape []int // empty for a single number

	data []byte // little-endian, aligned to the element size
}

// maxDims bounds the axes of a tensor that a file may declare; PyTorch's own
// kernels stop at 64 as well.
const maxDims = 64

// elements returns the product of shape. Negative sizes, more than 64 axes,
// and products that overflow an int (zero axes aside) are errors.
func elements(shape []int) (int, error) {
	if len(shape) > maxDims {
		return 0, fmt.Errorf("%d axes, expected at most %d", len(shape), maxDims)
	}
	n, empty := 1, false
	for _, d := range shape {
		switch {
		case d < 0:
			return 0, fmt.Errorf("shape %v has a negative size", shape)
		case d == 0:
			empty = true
		case n > math.MaxInt/d:
			return 0, fmt.Errorf("shape %v: the number of elements overflows", shape)
		default:
			n *= d
		}
	}
	if empty {
		return 0, nil
	}
	return n, nil
}

// byteSize returns the bytes that a tensor takes, with the errors of elements.
func byteSize(dtype DType, shape []int) (int, error) {
	n, err := elements(shape)
	if err != nil {
		return 0, err
	}
	if n > math.MaxInt/dtype.Size() {
		return 0, fmt.Errorf("shape %v of %v: the number of bytes overflows", shape, dtype)
	}
	return n * dtype.Size(), nil
}

// NewTensor returns a tensor over data, which holds the elements in row-major
// order and little-endian byte order. It keeps data itself, or a copy where
// data is not aligned to the element size. It is an error when dtype or shape
// is invalid or data has another size than they say.
func NewTensor(name string, dtype DType, shape []int, data []byte) (*Tensor, error) {
	if !dtype.valid() {
		return nil, fmt.Errorf("tensor %s: invalid %v", quote(name), dtype)
	}
	want, err := byteSize(dtype, shape)
	if err != nil {
		return nil, fmt.Errorf("tensor %s: %w", quote(name), err)
	}
	if len(data) != want {
		return nil, fmt.Errorf("tensor %s: %v of shape %v takes %d bytes, found %d", quote(name), dtype, shape, want, len(data))
	}
	if !aligned(data, dtype.Size()) {
		c := alloc(len(data))
		copy(c, data)
		data = c
	}
	return &Tensor{Name: name, DType: dtype, Shape: slices.Clone(shape), data: data}, nil
}

// NewFloat32 returns an F32 tensor that shares data (on a little-endian
// machine). It is an error when shape does not hold len(data) elements.
func NewFloat32(name string, shape []int, data []float32) (*Tensor, error) {
	return NewTensor(name, F32, shape, encode(data))
}

// NewFloat64 is NewFloat32 for an F64 tensor.
func NewFloat64(name string, shape []int, data []float64) (*Tensor, error) {
	return NewTensor(name, F64, shape, encode(data))
}

// NewInt64 is NewFloat32 for an I64 tensor.
func NewInt64(name string, shape []int, data []int64) (*Tensor, error) {
	return NewTensor(name, I64, shape, encode(data))
}

// Len returns the number of elements.
func (t *Tensor) Len() int {
	if size := t.DType.Size(); size > 0 {
		return len(t.data) / size
	}
	return 0
}

// Bytes returns the tensor's data itself, not a copy: row-major,
// little-endian.
func (t *Tensor) Bytes() []byte { return t.data }

// Float32 returns the elements of a floating-point tensor. For F32 on a
// little-endian machine they are the tensor's own memory; other types are
// converted into new memory (F64 rounds to nearest even). It is an error for
// an integer tensor.
func (t *Tensor) Float32() ([]float32, error) {
	switch t.DType {
	case F32:
		return decode[float32](t.data), nil
	case F64:
		return mapSlice(decode[float64](t.data), func(x float64) float32 { return float32(x) }), nil
	case F16:
		return mapSlice(decode[uint16](t.data), float16To32), nil
	case BF16:
		return mapSlice(decode[uint16](t.data), bfloat16To32), nil
	}
	return nil, fmt.Errorf("tensor %s: expected a floating-point type, found %v", quote(t.Name), t.DType)
}

// Float64 returns the elements of a floating-point tensor, without rounding.
// For F64 on a little-endian machine they are the tensor's own memory. It is
// an error for an integer tensor.
func (t *Tensor) Float64() ([]float64, error) {
	if t.DType == F64 {
		return decode[float64](t.data), nil
	}
	v, err := t.Float32()
	if err != nil {
		return nil, err
	}
	return widen[float64](v), nil
}

// Int64 returns the elements of an integer or boolean tensor (true is 1). For
// I64 on a little-endian machine they are the tensor's own memory. It is an
// error for a floating-point tensor and for a U64 element of 2^63 or more.
func (t *Tensor) Int64() ([]int64, error) {
	switch t.DType {
	case I64:
		return decode[int64](t.data), nil
	case I32:
		return widen[int64](decode[int32](t.data)), nil
	case I16:
		return widen[int64](decode[int16](t.data)), nil
	case I8:
		return widen[int64](decode[int8](t.data)), nil
	case U8:
		return widen[int64](t.data), nil
	case U16:
		return widen[int64](decode[uint16](t.data)), nil
	case U32:
		return widen[int64](decode[uint32](t.data)), nil
	case U64:
		v := decode[uint64](t.data)
		if i := slices.IndexFunc(v, func(x uint64) bool { return x > math.MaxInt64 }); i >= 0 {
			return nil, fmt.Errorf("tensor %s: element %d is %d, expected less than 2^63", quote(t.Name), i, v[i])
		}
		return widen[int64](v), nil
	case Bool:
		return mapSlice(t.data, func(x byte) int64 {
			if x != 0 {
				return 1
			}
			return 0
		}), nil
	}
	return nil, fmt.Errorf("tensor %s: expected an integer type, found %v", quote(t.Name), t.DType)
}

// widen converts each element; no value may be lost in To.
func widen[To, From number](s []From) []To {
	return mapSlice(s, func(x From) To { return To(x) })
}

func mapSlice[From, To any](s []From, f func(From) To) []To {
	out := make([]To, len(s))
	for i, x := range s {
		out[i] = f(x)
	}
	return out
}
