package checkpoint

import (
	"errors"
	"fmt"
	"math"
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
