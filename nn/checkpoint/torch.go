package checkpoint

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/glimpse-go/glimpse/internal/budget"
	"github.com/glimpse-go/glimpse/internal/pickle"
)

// A storage is one run of elements that tensors are views of.
type storage struct {
	key      string
	size     int    // bytes
	elemSize int    // as first mentioned
	mixed    bool   // mentioned with several element sizes
	needed   bool   // by a tensor of the state dict
	swapped  bool   // from big-endian
	data     []byte // once read
}

// A storageRef is a pickle's mention of a storage, or of a part of it.
type storageRef struct {
	*storage
	elem   *elemType
	offset int // of the part, in bytes
	size   int // of the part, in bytes
}

func (*storageRef) Kind() string { return "a storage" }

// A view is a tensor before its storage is read.
type view struct {
	*storage
	elem   *elemType
	offset int // bytes
	shape  []int
	stride []int // elements
	neg    bool  // the elements are the negatives of what is stored
}

func (*view) Kind() string { return "a tensor" }

// A torchEnv gives meaning to the pickle of a torch.save file, and collects
// the storages that it mentions.
type torchEnv struct {
	budget   *budget.Budget
	storages map[string]*storage
}

// negKey is the key, in a tensor's metadata, that says that the elements are stored with
// the other sign.
const negKey = "neg"

// Unneeded tells that no number in a list or dict matters to the weights, but for what is
// under negKey, and no dict that had nothing else.
func (*torchEnv) Unneeded(key, value any) bool {
	switch v := value.(type) {
	case nil, bool, int64, float64:
		return key != negKey
	case *pickle.Dict:
		return v.LeftOut > 0 && len(v.Entries) == 0
	}
	return false
}

// Global looks module.name up in the allow-list. What is not there becomes a stranger,
// which nothing is done with.
func (e *torchEnv) Global(module, name string) (any, error) {
	if v, ok := globals[[2]string{module, name}]; ok {
		return v, nil
	}
	if err := e.budget.Take(32 + len(module) + 1 + len(name)); err != nil {
		return nil, err
	}
	return &stranger{module + "." + name}, nil
}

// Call stands for the constructors and functions of the allow-list. What a stranger
// would return is a stray, and so is what is made of one.
func (e *torchEnv) Call(f any, args pickle.Tuple) (any, error) {
	switch f := f.(type) {
	case inert, ignored:
		return ignored{}, nil
	case *stranger:
		return stray{f}, nil
	case stray:
		return f, nil
	case function:
		if s, of := f.strayArgument(args); of {
			return s, nil
		}
		v, err := e.call(f, args)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		return v, nil
	}
	return nil, fmt.Errorf("a call of %s, expected a function", pickle.Kind(f))
}

// strayArgument finds an argument that is strange where the function needs one that is
// known: a storage or dtype of a newer PyTorch, a tensor of a class of its own.
func (f function) strayArgument(args pickle.Tuple) (stray, bool) {
	needed := []int{0}
	switch f {
	case defaultDict:
		needed = nil
	case rebuildTensorV3:
		needed = []int{0, 6}
	case rebuildFromType:
		needed = []int{0, 2}
	}
	for _, i := range needed {
		if i >= len(args) {
			break
		}
		switch arg := args[i].(type) {
		case *stranger:
			return stray{arg}, true
		case stray:
			return arg, true
		}
	}
	return stray{}, false
}

func (e *torchEnv) call(f function, args pickle.Tuple) (any, error) {
	argc := func(low, high int) error {
		if len(args) < low || len(args) > high {
			return fmt.Errorf("%d arguments, expected %d to %d", len(args), low, high)
		}
		return nil
	}
	switch f {
	case orderedDict:
		return e.orderedDict(args)
	case defaultDict:
		return e.orderedDict(nil) // its items follow
	case torchSize:
		if err := argc(1, 1); err != nil {
			return nil, err
		}
		return args[0], nil
	case rebuildTensor:
		if err := argc(4, 4); err != nil {
			return nil, err
		}
		return e.rebuild(args, nil)
	case rebuildTensorV2: // also: requires_grad, backward_hooks, metadata
		if err := argc(6, 7); err != nil {
			return nil, err
		}
		return e.rebuildWith(args, nil, args[6:])
	case rebuildTensorV3: // dtype before the metadata, on untyped storage
		if err := argc(7, 8); err != nil {
			return nil, err
		}
		elem, ok := args[6].(*elemType)
		if !ok {
			return nil, fmt.Errorf("the dtype is %s", pickle.Kind(args[6]))
		}
		return e.rebuildWith(args, elem, args[7:])
	case rebuildParameter, rebuildParameterV2: // also: requires_grad, backward_hooks, state
		if err := argc(3, 4); err != nil {
			return nil, err
		}
		if _, ok := args[0].(*view); !ok {
			return nil, fmt.Errorf("the data is %s, expected a tensor", pickle.Kind(args[0]))
		}
		return args[0], nil
	case rebuildFromType: // function, class, arguments, state: a tensor with attributes
		if err := argc(4, 4); err != nil {
			return nil, err
		}
		inner, ok1 := args[0].(function)
		innerArgs, ok2 := args[2].(pickle.Tuple)
		if !ok1 || !ok2 || inner == rebuildFromType {
			return nil, errors.New("expected a function and its arguments")
		}
		return e.Call(inner, innerArgs)
	}
	return nil, fmt.Errorf("unknown function %s", f)
}

// orderedDict is the constructor: of nothing, or of a list of pairs as
// Python 2 has it.
func (e *torchEnv) orderedDict(args pickle.Tuple) (any, error) {
	if err := e.budget.Take(int(unsafe.Sizeof(pickle.Dict{}))); err != nil {
		return nil, err
	}
	dict := &pickle.Dict{}
	if len(args) == 0 {
		return dict, nil
	}
	list, ok := args[0].(*pickle.List)
	if !ok || len(args) != 1 {
		return nil, errors.New("expected no argument, or a list of pairs")
	}
	var err error
	if dict.Entries, err = budget.Grow(e.budget, dict.Entries, len(list.Items)); err != nil {
		return nil, err
	}
	for _, item := range list.Items {
		pair, ok := item.(pickle.Tuple)
		if l, isList := item.(*pickle.List); isList {
			if len(l.Items) < 2 { // a key with a number, which is left out
				dict.LeftOut++
				continue
			}
			pair, ok = l.Items, true
		}
		if !ok || len(pair) != 2 {
			return nil, errors.New("expected no argument, or a list of pairs")
		}
		dict.Entries = append(dict.Entries, pickle.Entry{Key: pair[0], Value: pair[1]})
	}
	return dict, nil
}

// Build accepts the attributes that a state dict, a parameter and the ignored
// objects carry, and drops them.
func (e *torchEnv) Build(obj, state any) (any, error) {
	switch obj.(type) {
	case *pickle.Dict, *pickle.List, *view, ignored, *stranger, stray:
		return obj, nil
	}
	return nil, fmt.Errorf("state set on %s, expected an OrderedDict or a tensor", pickle.Kind(obj))
}

// Persistent finds the storage of a persistent id:
// ('storage', class, key, location, number of elements[, view]), where view
// is None or (key, offset, number of elements).
func (e *torchEnv) Persistent(id any) (any, error) {
	t, ok := id.(pickle.Tuple)
	if _, text := id.(string); text {
		return nil, errors.New("a persistent id in text, as pickle protocol 0 has it; torch.load cannot read that either: save it with pickle_protocol=2")
	}
	if ok && len(t) > 1 && t[0] == "module" { // a class with its source, of a whole model
		return t[1], nil
	}
	if !ok || len(t) < 5 || len(t) > 6 || t[0] != "storage" {
		return nil, errors.New("a persistent id that is no storage")
	}
	if s, ok := t[1].(*stranger); ok {
		return stray{s}, nil
	}
	class, ok1 := t[1].(storageClass)
	key, ok2 := t[2].(string)
	numel, ok3 := t[4].(int64)
	if !ok1 || !ok2 || !ok3 {
		return nil, errors.New("a storage id of unexpected types")
	}
	size, err := storageSize(numel, class.size)
	if err != nil {
		return nil, fmt.Errorf("storage %s: %w", quote(key), err)
	}
	s := e.storages[key]
	if s == nil {
		// The storage, and its place in a growing map.
		if err := e.budget.Take(80 + 160); err != nil {
			return nil, err
		}
		s = &storage{key: key, size: size, elemSize: class.size}
		e.storages[key] = s
	}
	if s.size != size {
		return nil, fmt.Errorf("storage %s: %d bytes here, %d before", quote(key), size, s.size)
	}
	s.mixed = s.mixed || s.elemSize != class.size
	if err := e.budget.Take(40); err != nil {
		return nil, err
	}
	ref := &storageRef{storage: s, elem: class.elemType, size: size}
	if len(t) == 6 && t[5] != nil {
		v, ok := t[5].(pickle.Tuple)
		if !ok || len(v) != 3 {
			return nil, fmt.Errorf("storage %s: unexpected view %s", quote(key), pickle.Kind(t[5]))
		}
		offset, ok1 := v[1].(int64)
		count, ok2 := v[2].(int64)
		if !ok1 || !ok2 || offset < 0 || count < 0 || offset > numel || count > numel-offset {
			return nil, fmt.Errorf("storage %s: a view outside its %d elements", quote(key), numel)
		}
		ref.offset, ref.size = int(offset)*class.size, int(count)*class.size
	}
	return ref, nil
}

// storageSize returns the bytes of numel elements.
func storageSize(numel int64, size int) (int, error) {
	if numel < 0 || numel > math.MaxInt/int64(size) {
		return 0, fmt.Errorf("%d elements of %d bytes", numel, size)
	}
	return int(numel) * size, nil
}

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
