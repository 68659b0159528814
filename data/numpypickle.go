package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/glimpse-go/glimpse/internal/budget"
	"github.com/glimpse-go/glimpse/internal/pickle"
)

// numpy is the part of NumPy and of Python that a pickled array of bytes refers to. An
// array is the result of _reconstruct, whose state is set to a version, the
// shape, the type, the order and the bytes; or, by protocol 5, that of _frombuffer of the
// bytes, the type, the shape and the order. A number is that of scalar of a type and bytes.
// Before protocol 3 bytes are what _codecs.encode makes of a text, as Latin-1.
type numpy struct{ budget *budget.Budget }

type (
	function string // by its name
	dtype    struct {
		name      string // "u1", "i8"
		bigEndian bool
	}
	ndarray struct {
		shape pickle.Tuple
		of    *dtype
		data  any // a string or a pickle.Span
	}
	scalar struct {
		of   *dtype
		data any
	}
)

func (function) Kind() string { return "a function or class" }
func (*dtype) Kind() string   { return "a dtype" }
func (*ndarray) Kind() string { return "an array" }
func (*scalar) Kind() string  { return "a number of NumPy" }

const (
	reconstruct  function = "_reconstruct"
	frombuffer   function = "_frombuffer"
	newScalar    function = "scalar"
	ndarrayClass function = "ndarray"
	dtypeClass   function = "dtype"
	encode       function = "encode"
	bytesClass   function = "bytes"
)

func (numpy) Global(module, name string) (any, error) {
	switch module {
	case "numpy.core.multiarray", "numpy._core.multiarray":
		if f := function(name); f == reconstruct || f == newScalar {
			return f, nil
		}
	case "numpy.core.numeric", "numpy._core.numeric":
		if f := function(name); f == frombuffer {
			return f, nil
		}
	case "numpy":
		if f := function(name); f == ndarrayClass || f == dtypeClass {
			return f, nil
		}
	case "_codecs":
		if f := function(name); f == encode {
			return f, nil
		}
	case "__builtin__", "builtins":
		if f := function(name); f == bytesClass {
			return f, nil
		}
	}
	return nil, fmt.Errorf("refused: %.200q is not part of a CIFAR batch", module+"."+name)
}

func (n numpy) Call(f any, args pickle.Tuple) (any, error) {
	// What is made below takes less.
	if err := n.budget.Take(64); err != nil {
		return nil, err
	}
	switch f {
	case reconstruct:
		if len(args) == 3 && args[0] == ndarrayClass {
			return &ndarray{}, nil
		}
	case frombuffer:
		if len(args) == 4 {
			if args[3] != "C" {
				return nil, errors.New("an array in Fortran order, expected C order")
			}
			return newArray(args[2], args[1], args[0])
		}
	case newScalar:
		if len(args) == 2 {
			of, ok := args[0].(*dtype)
			if ok && isBytes(args[1]) {
				return &scalar{of, args[1]}, nil
			}
		}
	case dtypeClass:
		if len(args) == 3 {
			if name, ok := args[0].(string); ok {
				return &dtype{name: name}, nil
			}
		}
	case encode:
		if len(args) == 2 && args[1] == "latin1" {
			if text, ok := args[0].(string); ok {
				return n.latin1(text)
			}
		}
	case bytesClass:
		if len(args) == 0 {
			return "", nil
		}
	default:
		return nil, fmt.Errorf("refused: a call of %s", kind(f))
	}
	return nil, fmt.Errorf("%s called with %d arguments that it does not take", f, len(args))
}

// latin1 returns the text's characters as bytes.
func (n numpy) latin1(text string) (string, error) {
	size := utf8.RuneCountInString(text)
	if err := n.budget.Take(16 + size); err != nil {
		return "", err
	}
	var b strings.Builder
	b.Grow(size)
	for _, r := range text {
		if r > 0xff {
			return "", fmt.Errorf("the character %q, expected one of Latin-1", r)
		}
		b.WriteByte(byte(r))
	}
	return b.String(), nil
}

func (numpy) Build(obj, state any) (any, error) {
	args, _ := state.(pickle.Tuple)
	switch obj := obj.(type) {
	case *dtype: // version, byte order, and what simple types do not have
		order := any("")
		if len(args) > 2 {
			order = args[1]
		}
		if order != "|" && order != "<" && order != ">" && order != "=" || args[2] != nil {
			return nil, fmt.Errorf("the type %.20q has parts, or no byte order; expected one of integers", obj.name)
		}
		obj.bigEndian = order == ">"
		return obj, nil
	case *ndarray:
		if len(args) != 5 {
			return nil, fmt.Errorf("an array's state of %d values, expected 5", len(args))
		}
		if args[3] != false && args[3] != int64(0) {
			return nil, errors.New("an array in Fortran order, expected C order")
		}
		a, err := newArray(args[1], args[2], args[4])
		if err != nil {
			return nil, err
		}
		*obj = *a
		return obj, nil
	}
	return nil, fmt.Errorf("refused: state set on %s", kind(obj))
}

// newArray checks the parts of an array.
func newArray(shape, of, data any) (*ndarray, error) {
	a := &ndarray{data: data}
	var ok1, ok2 bool
	a.shape, ok1 = shape.(pickle.Tuple)
	a.of, ok2 = of.(*dtype)
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("an array whose shape is %s and whose type is %s", kind(shape), kind(of))
	}
	if !isBytes(data) {
		return nil, fmt.Errorf("an array whose data is %s, expected bytes", kind(data))
	}
	return a, nil
}

func isBytes(v any) bool {
	switch v.(type) {
	case string, pickle.Span:
		return true
	}
	return false
}

func (numpy) Persistent(any) (any, error) {
	return nil, errors.New("refused: a persistent id")
}

// images returns n of an array of bytes that must be n x size, or n x 3 x side x side, with
// n at least 1.
func (a *ndarray) images(size, side int64) (int, error) {
	var have int64
	switch data := a.data.(type) {
	case string:
		have = int64(len(data))
	case pickle.Span:
		have = data.Len
	default:
		return 0, errors.New("an array without data")
	}
	if a.of.name != "u1" {
		return 0, fmt.Errorf("an array that is not one of bytes, but of type %.20q", a.of.name)
	}
	if len(a.shape) > 4 {
		return 0, fmt.Errorf("an array of %d dimensions, expected n x %d", len(a.shape), size)
	}
	dims := make([]int64, len(a.shape))
	for i, d := range a.shape {
		var ok bool
		if dims[i], ok = d.(int64); !ok {
			return 0, fmt.Errorf("an array whose shape has %s", kind(d))
		}
	}
	switch {
	case len(dims) == 2 && dims[1] == size:
	case len(dims) == 4 && dims[1] == 3 && dims[2] == side && dims[3] == side:
	default:
		return 0, fmt.Errorf("an array of %s in %d bytes, expected n x %d", times(dims), have, size)
	}
	if n := dims[0]; n < 1 || n > have || n*size != have {
		return 0, fmt.Errorf("an array of %s in %d bytes, expected n x %d", times(dims), have, size)
	}
	return int(dims[0]), nil
}

// times writes a shape.
func times(dims []int64) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(dims), "[]"), " ", " x ")
}

// integers returns the numbers that lie in b.
func (d *dtype) integers(b []byte) ([]int64, error) {
	size, signed := 0, false
	switch d.name {
	case "i1", "i2", "i4", "i8":
		size, signed = int(d.name[1]-'0'), true
	case "u1", "u2", "u4", "u8":
		size = int(d.name[1] - '0')
	}
	if size == 0 || len(b)%size != 0 {
		return nil, fmt.Errorf("of type %.20q in %d bytes, expected integers", d.name, len(b))
	}
	list := make([]int64, len(b)/size)
	for i := range list {
		var full [8]byte // little-endian
		for j := range size {
			at := i*size + j
			if d.bigEndian {
				at = i*size + size - 1 - j
			}
			full[j] = b[at]
		}
		v := int64(binary.LittleEndian.Uint64(full[:]))
		if shift := 64 - 8*size; signed {
			v = v << shift >> shift // the sign
		}
		list[i] = v
	}
	return list, nil
}
