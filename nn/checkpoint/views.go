package checkpoint

import (
	"errors"
	"fmt"

	"github.com/glimpse-go/glimpse/internal/budget"
)

// contiguous tells whether the elements lie one after the other in row-major
// order.
func (v *view) contiguous() bool {
	want := 1
	for i := len(v.shape) - 1; i >= 0; i-- {
		if v.shape[i] != 1 && v.stride[i] != want {
			return false
		}
		want *= v.shape[i]
	}
	return true
}

// tensor returns the view as a tensor, once its storage is read: of the
// storage's own memory where the elements lie in order, else of a copy. Its element type
// must be one that Go has.
func (v *view) tensor(name string, b *budget.Budget) (*Tensor, error) {
	n, err := byteSize(v.elem.dtype, v.shape)
	if err != nil {
		return nil, err
	}
	t := &Tensor{Name: name, DType: v.elem.dtype, Shape: v.shape}
	if n == 0 {
		return t, nil
	}
	if v.contiguous() && !v.neg {
		if data := v.data[v.offset : v.offset+n : v.offset+n]; aligned(data, v.elem.size) {
			t.data = data
			return t, nil
		}
	}
	if err := b.Take(n); err != nil {
		return nil, fmt.Errorf("%v of shape %v: %w", t.DType, t.Shape, err)
	}
	t.data = alloc(n)
	v.copyTo(t.data)
	if v.neg {
		err = negate(t.data, t.DType)
	}
	return t, err
}

// negate changes the sign of each element, of integers in two's complement, as PyTorch
// does.
func negate(b []byte, dtype DType) error {
	size := dtype.Size()
	switch {
	case dtype == Bool:
		return errors.New("a negative of bools, which PyTorch does not have")
	case dtype.IsFloat():
		for i := size - 1; i < len(b); i += size {
			b[i] ^= 0x80
		}
	default:
		for i := 0; i < len(b); i += size {
			carry := 1
			for j := i; j < i+size; j++ {
				carry += int(^b[j])
				b[j] = byte(carry)
				carry >>= 8
			}
		}
	}
	return nil
}

// copyTo writes the elements to dst in row-major order.
func (v *view) copyTo(dst []byte) {
	type axis struct{ size, step, index int } // step in bytes
	var all [maxDims]axis
	axes := all[:0]
	for i, d := range v.shape {
		if d > 1 {
			axes = append(axes, axis{size: d, step: v.stride[i] * v.elem.size})
		}
	}
	// The trailing axes that lie in order are copied as one run.
	run := v.elem.size
	for n := len(axes); n > 0 && axes[n-1].step == run; n-- {
		run *= axes[n-1].size
		axes = axes[:n-1]
	}
	// The others count like an odometer, the last fastest.
	src := v.offset
	for at := 0; at < len(dst); at += run {
		copy(dst[at:at+run], v.data[src:src+run])
		for i := len(axes) - 1; i >= 0; i-- {
			a := &axes[i]
			a.index++
			src += a.step
			if a.index < a.size {
				break
			}
			src -= a.size * a.step
			a.index = 0
		}
	}
}
