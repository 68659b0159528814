package checkpoint

import (
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/glimpse-go/glimpse/internal/pickle"
)

// negKey is the key, in a tensor's metadata, that says that the elements are stored with
// the other sign.
const negKey = "neg"

// rebuildWith is rebuild with metadata, if there is any: a dict that may have the key
// "neg", whatever its value, for a tensor whose elements are stored with the other sign,
// as of x.conj().imag. (The key "conj" is for complex tensors alone.)
func (e *torchEnv) rebuildWith(args pickle.Tuple, elem *elemType, metadata pickle.Tuple) (any, error) {
	x, err := e.rebuild(args, elem)
	if err != nil || len(metadata) == 0 {
		return x, err
	}
	if dict, ok := metadata[0].(*pickle.Dict); ok {
		x.neg = slices.ContainsFunc(dict.Entries, func(entry pickle.Entry) bool { return entry.Key == negKey })
	}
	return x, nil
}

// rebuild makes a view of (storage, offset, shape, stride), the first of
// args. elem is the element type, nil for that of the storage. The view is
// checked to lie within its storage.
func (e *torchEnv) rebuild(args pickle.Tuple, elem *elemType) (*view, error) {
	ref, ok := args[0].(*storageRef)
	if !ok {
		return nil, fmt.Errorf("the storage is %s", pickle.Kind(args[0]))
	}
	if elem == nil {
		elem = ref.elem
	}
	offset, ok := args[1].(int64)
	if !ok {
		return nil, fmt.Errorf("the offset is %s", pickle.Kind(args[1]))
	}
	shape, err := e.sizes(args[2])
	if err != nil {
		return nil, fmt.Errorf("shape: %w", err)
	}
	stride, err := e.sizes(args[3])
	if err != nil {
		return nil, fmt.Errorf("stride: %w", err)
	}
	if len(shape) != len(stride) {
		return nil, fmt.Errorf("shape %v has another length than stride %v", shape, stride)
	}
	n, err := elements(shape)
	if err != nil {
		return nil, err
	}
	// The last element's index, which must lie within the storage. All terms
	// are at least 0 and each is bounded before it is added.
	have := int64(ref.size / elem.size)
	switch {
	case n == 0 && offset >= 0: // of nothing, wherever
		offset = 0
	case offset < 0 || offset > have:
		return nil, fmt.Errorf("offset %d, expected within the %d elements of storage %s", offset, have, quote(ref.key))
	default:
		last := offset
		for i, d := range shape {
			if d > 1 && int64(stride[i]) > (math.MaxInt64-last)/int64(d-1) {
				last = math.MaxInt64
				break
			}
			last += int64(d-1) * int64(stride[i])
		}
		if last >= have {
			return nil, fmt.Errorf("shape %v with stride %v and offset %d reaches outside the %d elements of storage %s", shape, stride, offset, have, quote(ref.key))
		}
	}
	if err := e.budget.Take(int(unsafe.Sizeof(view{}))); err != nil {
		return nil, err
	}
	return &view{storage: ref.storage, elem: elem, offset: ref.offset + int(offset)*elem.size, shape: shape, stride: stride}, nil
}

// sizes turns a tuple of integers into a slice, and refuses negative ones.
func (e *torchEnv) sizes(v any) ([]int, error) {
	t, ok := v.(pickle.Tuple)
	if !ok {
		return nil, fmt.Errorf("%s, expected a tuple", pickle.Kind(v))
	}
	if len(t) > maxDims {
		return nil, fmt.Errorf("%d axes, expected at most %d", len(t), maxDims)
	}
	if err := e.budget.Take(8 * len(t)); err != nil {
		return nil, err
	}
	s := make([]int, len(t))
	for i, x := range t {
		d, ok := x.(int64)
		if !ok || d < 0 || d > math.MaxInt {
			return nil, fmt.Errorf("axis %d: expected a size, found %v (%s)", i, printable(x), pickle.Kind(x))
		}
		s[i] = int(d)
	}
	return s, nil
}

// printable is an integer itself; other values are left to their Kind.
func printable(x any) any {
	if d, ok := x.(int64); ok {
		return d
	}
	return "another value"
}
