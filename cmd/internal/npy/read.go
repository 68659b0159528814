package npy

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/glimpse-go/glimpse/cmd/internal/regular"
	"github.com/glimpse-go/glimpse/internal/ctxio"
)

// Array is the content of a .npy file: its shape, and its elements in
// row-major order as raw bytes.
type Array struct {
	Shape []int
	kind  byte // 'f', 'i', 'u', 'b', 'U' or 'S', as in NumPy's descr
	size  int  // bytes an element
	order binary.ByteOrder
	data  []byte
}

// Load reads a .npy file. It returns an error that names the file, or ctx's, at
// the next MiB, when ctx ends.
func Load(ctx context.Context, path string) (*Array, error) {
	f, size, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	a, err := Read(bufio.NewReader(ctxio.Reader(ctx, f)), size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

// maxHeader bounds the header: far more than any array of numbers needs.
const maxHeader = 1 << 16

// Read reads an array of numbers, booleans or texts from size bytes, all of which it
// must fill. It returns an error for anything else, before it allocates more
// than the file holds.
func Read(r io.Reader, size int64) (*Array, error) {
	var head [12]byte
	if err := fill(r, head[:8]); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("npy: %w", err)
	} else if err != nil || string(head[:6]) != magic {
		return nil, errors.New("npy: no NumPy array (the file does not begin with \\x93NUMPY)")
	}
	lengthBytes := 4
	switch head[6] {
	case 1:
		lengthBytes = 2
	case 2, 3:
	default:
		return nil, fmt.Errorf("npy: format version %d.%d, want 1.0 to 3.0", head[6], head[7])
	}
	if err := fill(r, head[8:8+lengthBytes]); err != nil {
		return nil, fmt.Errorf("npy: before the header's length: %w", err)
	}
	n := int64(binary.LittleEndian.Uint32(append(head[8:8+lengthBytes:8+lengthBytes], 0, 0)[:4]))
	left := size - int64(8+lengthBytes)
	if n > left || n > maxHeader {
		return nil, fmt.Errorf("npy: a header of %d bytes in a file of %d", n, size)
	}
	text := make([]byte, n)
	if err := fill(r, text); err != nil {
		return nil, fmt.Errorf("npy: header: %w", err)
	}
	left -= n
	a, fortran, err := parseHeader(string(text))
	if err != nil {
		return nil, err
	}
	if a.size == 0 { // the texts of an array of none but empty ones
		return nil, errors.New("npy: elements of no bytes")
	}
	want := int64(a.size)
	for _, d := range a.Shape {
		if d != 0 && want > left/int64(d) {
			return nil, fmt.Errorf("npy: %d bytes of data are too few for shape %v of %d-byte elements", left, a.Shape, a.size)
		}
		want *= int64(d)
	}
	if want != left {
		return nil, fmt.Errorf("npy: %d bytes of data, want %d for shape %v of %d-byte elements", left, want, a.Shape, a.size)
	}
	a.data = make([]byte, want)
	if err := fill(r, a.data); err != nil {
		return nil, fmt.Errorf("npy: data: %w", err)
	}
	if fortran && len(a.Shape) > 1 {
		a.transpose()
	}
	return a, nil
}

// fill is io.ReadFull, to which any end before p's is unexpected.
func fill(r io.Reader, p []byte) error {
	_, err := io.ReadFull(r, p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err == io.ErrUnexpectedEOF {
		err = fmt.Errorf("truncated, or shrunk while it was read: %w", err)
	}
	return err
}

// transpose brings an array from Fortran's order, in which the first index runs
// fastest, into C's.
func (a *Array) transpose() {
	out := make([]byte, len(a.data))
	strides := make([]int, len(a.Shape)) // of Fortran's order, in elements
	stride := 1
	for i, d := range a.Shape {
		strides[i] = stride
		stride *= d
	}
	index := make([]int, len(a.Shape))
	from := 0
	for to := 0; to < len(out); to += a.size {
		copy(out[to:to+a.size], a.data[from*a.size:])
		for i := len(index) - 1; i >= 0; i-- {
			index[i]++
			from += strides[i]
			if index[i] < a.Shape[i] {
				break
			}
			from -= index[i] * strides[i]
			index[i] = 0
		}
	}
	a.data = out
}

// Len returns the number of elements.
func (a *Array) Len() int {
	n := 1
	for _, d := range a.Shape {
		n *= d
	}
	return n
}

// IsText tells whether the elements are texts and no numbers.
func (a *Array) IsText() bool { return a.kind == 'U' || a.kind == 'S' }

// IsFloat tells whether the elements are floats.
func (a *Array) IsFloat() bool { return a.kind == 'f' }

// Float64s returns the elements as float64, whatever numbers they are. Texts are NaN.
func (a *Array) Float64s() []float64 {
	out := make([]float64, a.Len())
	for i := range out {
		b := a.data[i*a.size:]
		switch {
		case a.IsText():
			out[i] = math.NaN()
		case a.kind == 'f' && a.size == 2:
			out[i] = half(a.order.Uint16(b))
		case a.kind == 'f' && a.size == 4:
			out[i] = float64(math.Float32frombits(a.order.Uint32(b)))
		case a.kind == 'f':
			out[i] = math.Float64frombits(a.order.Uint64(b))
		case a.kind == 'u' && a.size == 8:
			out[i] = float64(a.order.Uint64(b))
		default:
			out[i] = float64(a.integer(b))
		}
	}
	return out
}

// half returns the value of a number of half precision (IEEE 754 binary16).
func half(bits uint16) float64 {
	sign := 1.0
	if bits>>15 != 0 {
		sign = -1
	}
	exp, fraction := int(bits>>10&31), float64(bits&0x3ff)
	switch exp {
	case 0:
		return sign * math.Ldexp(fraction, -24)
	case 31:
		if fraction == 0 {
			return math.Inf(int(sign))
		}
		return math.NaN()
	}
	return sign * math.Ldexp(1024+fraction, exp-25)
}

// Text returns element i of an array of texts, without the zeros that fill it up.
func (a *Array) Text(i int) string {
	b := a.data[i*a.size:][:a.size]
	if a.kind == 'S' {
		return strings.TrimRight(string(b), "\x00")
	}
	var s strings.Builder
	for len(b) > 0 {
		s.WriteRune(rune(a.order.Uint32(b)))
		b = b[4:]
	}
	return strings.TrimRight(s.String(), "\x00")
}

// Int64s returns the elements of an array of integers or booleans. It returns
// an error for floats and texts, and for an unsigned integer that int64 cannot hold.
func (a *Array) Int64s() ([]int64, error) {
	if a.kind == 'f' || a.IsText() {
		return nil, errors.New("npy: an array of floats or texts, want integers")
	}
	out := make([]int64, a.Len())
	for i := range out {
		out[i] = a.integer(a.data[i*a.size:])
		if a.kind == 'u' && a.size == 8 && out[i] < 0 {
			return nil, fmt.Errorf("npy: element %d is too large for int64", i)
		}
	}
	return out, nil
}

// integer decodes one integer or boolean.
func (a *Array) integer(b []byte) int64 {
	signed := a.kind == 'i'
	switch a.size {
	case 1:
		if signed {
			return int64(int8(b[0]))
		}
		return int64(b[0])
	case 2:
		if v := a.order.Uint16(b); signed {
			return int64(int16(v))
		} else {
			return int64(v)
		}
	case 4:
		if v := a.order.Uint32(b); signed {
			return int64(int32(v))
		} else {
			return int64(v)
		}
	}
	return int64(a.order.Uint64(b))
}
