package data

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/glimpse-go/glimpse/internal/budget"
	"github.com/glimpse-go/glimpse/internal/pickle"
)

// openCIFARPickled returns a layout's open for the "python" distribution,
// which torchvision downloads: pickled dicts of an array "data" of n x 3072
// bytes and lists of labels, and one with the class names. The array is left
// in the file and read image by image.
func openCIFARPickled(format Format) func(context.Context, fs.FS, string, OpenOptions) (Dataset, error) {
	return func(ctx context.Context, fsys fs.FS, split string, opt OpenOptions) (Dataset, error) {
		names, meta := cifar10Files(split, ""), "batches.meta"
		labels, labelNames, classes := "labels", "label_names", 10
		if format == CIFAR100 {
			names, meta = []string{split}, "meta"
			labels, labelNames, classes = "fine_labels", "fine_label_names", 100
			if opt.Coarse {
				labels, labelNames, classes = "coarse_labels", "coarse_label_names", 20
			}
		}
		c := &cifar{format: format, split: split}
		var err error
		c.classes, err = cifarClasses(format, func() ([]string, error) {
			return readPickledNames(ctx, fsys, format, meta, labelNames, classes)
		})
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			f, err := openPickledBatch(ctx, fsys, format, name, labels, classes)
			if err != nil {
				c.Close()
				return nil, err
			}
			c.files = append(c.files, f)
			c.n += f.n
		}
		return c, nil
	}
}

// openPickledBatch opens a batch and checks its labels.
func openPickledBatch(ctx context.Context, fsys fs.FS, format Format, name, key string, classes int) (cifarFile, error) {
	r, size, closer, err := openAt(ctx, fsys, name)
	if err != nil {
		return cifarFile{}, format.errorf("%s: %w", name, err)
	}
	f := cifarFile{recordFile: &recordFile{format: format, name: name, record: cifarImage, r: r, Closer: closer}}
	if err := f.unpickle(size, key, classes); err != nil {
		closer.Close()
		return cifarFile{}, format.errorf("%s: %w", name, err)
	}
	return f, nil
}

// unpickle finds the array and the labels in the file's first size bytes.
func (f *cifarFile) unpickle(size int64, key string, classes int) error {
	dict, err := unpickleDict(f.r, size)
	if err != nil {
		return err
	}
	array, ok := lookup(dict, "data").(*ndarray)
	if !ok {
		return fmt.Errorf(`"data" is %s, expected an array`, kind(lookup(dict, "data")))
	}
	list, ok := lookup(dict, key).(*pickle.List)
	if !ok {
		return fmt.Errorf("%q is %s, expected a list", key, kind(lookup(dict, key)))
	}
	if f.n, err = array.rows(cifarImage); err != nil {
		return err
	}
	if len(list.Items) != f.n {
		return fmt.Errorf("%d labels for %d images", len(list.Items), f.n)
	}
	f.labels = make([]byte, f.n)
	for i, item := range list.Items {
		label, ok := item.(int64)
		if !ok {
			return fmt.Errorf("record %d: the label is %s, expected an int", i, kind(item))
		}
		if label < 0 || label >= int64(classes) {
			return fmt.Errorf("record %d: label %d, expected 0 to %d", i, label, classes-1)
		}
		f.labels[i] = byte(label)
	}
	switch data := array.data.(type) {
	case pickle.Span:
		f.base = data.Off
	case string: // a short one, see pickle.MaxString
		f.r = strings.NewReader(data)
	}
	return nil
}

// readPickledNames reads a list of class names.
func readPickledNames(ctx context.Context, fsys fs.FS, format Format, name, key string, classes int) ([]string, error) {
	r, size, closer, err := openAt(ctx, fsys, name)
	if err != nil {
		return nil, format.errorf("%s: %w", name, err)
	}
	defer closer.Close()
	dict, err := unpickleDict(r, size)
	if err != nil {
		return nil, format.errorf("%s: %w", name, err)
	}
	list, ok := lookup(dict, key).(*pickle.List)
	if !ok {
		return nil, format.errorf("%s: %q is %s, expected a list", name, key, kind(lookup(dict, key)))
	}
	names := make([]string, len(list.Items))
	for i, item := range list.Items {
		if names[i], ok = item.(string); !ok {
			return nil, format.errorf("%s: the name of class %d is %s, expected a string", name, i, kind(item))
		}
	}
	return checkClassNames(format, name, names, classes)
}

// unpickleDict decodes a file that is one pickled dict.
func unpickleDict(r io.ReaderAt, size int64) (*pickle.Dict, error) {
	value, end, err := pickle.Decode(r, 0, size, budget.New(size), numpy{})
	if err != nil {
		return nil, err
	}
	if end != size {
		return nil, fmt.Errorf("size %d, but the pickle ends at byte %d", size, end)
	}
	dict, ok := value.(*pickle.Dict)
	if !ok {
		return nil, fmt.Errorf("the pickle is %s, expected a dict", kind(value))
	}
	return dict, nil
}

// missing is what lookup finds under a key that is not there.
type missing struct{}

func (missing) Kind() string { return "missing" }

// lookup returns the value that Python's dict would have under a key: the
// last one set.
func lookup(d *pickle.Dict, key string) any {
	for i := len(d.Entries) - 1; i >= 0; i-- {
		if d.Entries[i].Key == key {
			return d.Entries[i].Value
		}
	}
	return missing{}
}

func kind(v any) string { return pickle.Kind(v) }

// numpy is the part of NumPy that a pickled array of bytes refers to: an
// array is the result of _reconstruct, whose state is set to a version, the
// shape, the type, the order and the bytes.
type numpy struct{}

type (
	reconstruct  struct{} // numpy.core.multiarray._reconstruct
	ndarrayClass struct{}
	dtypeClass   struct{}
	dtype        struct{ name string }
	ndarray      struct {
		shape pickle.Tuple
		data  any // a string or a pickle.Span
	}
)

func (reconstruct) Kind() string  { return "a function" }
func (ndarrayClass) Kind() string { return "a class" }
func (dtypeClass) Kind() string   { return "a class" }
func (*dtype) Kind() string       { return "a dtype" }
func (*ndarray) Kind() string     { return "an array" }

func (numpy) Global(module, name string) (any, error) {
	switch module + "." + name {
	case "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct":
		return reconstruct{}, nil
	case "numpy.ndarray":
		return ndarrayClass{}, nil
	case "numpy.dtype":
		return dtypeClass{}, nil
	}
	return nil, fmt.Errorf("refused: %.200s.%.200s is not part of a CIFAR batch", module, name)
}

func (numpy) Call(f any, args pickle.Tuple) (any, error) {
	switch f.(type) {
	case reconstruct:
		if len(args) == 3 && args[0] == (ndarrayClass{}) {
			return &ndarray{}, nil
		}
	case dtypeClass:
		if len(args) == 3 {
			if name, ok := args[0].(string); ok {
				return &dtype{name}, nil
			}
		}
	default:
		return nil, fmt.Errorf("refused: a call of %s", kind(f))
	}
	return nil, fmt.Errorf("%s called with %d arguments that it does not take", kind(f), len(args))
}

func (numpy) Build(obj, state any) (any, error) {
	args, _ := state.(pickle.Tuple)
	switch obj := obj.(type) {
	case *dtype: // version, byte order, and what a type of bytes has not
		if len(args) < 2 || args[1] != "|" {
			return nil, fmt.Errorf("the type %.20q has a byte order or fields, expected one of bytes", obj.name)
		}
		return obj, nil
	case *ndarray:
		if len(args) != 5 {
			return nil, fmt.Errorf("an array's state of %d values, expected 5", len(args))
		}
		shape, ok1 := args[1].(pickle.Tuple)
		of, ok2 := args[2].(*dtype)
		if !ok1 || !ok2 || of.name != "u1" {
			return nil, fmt.Errorf("an array that is not one of bytes")
		}
		if args[3] != false && args[3] != int64(0) {
			return nil, fmt.Errorf("an array in Fortran order, expected C order")
		}
		switch args[4].(type) {
		case string, pickle.Span:
		default:
			return nil, fmt.Errorf("an array whose data is %s, expected bytes", kind(args[4]))
		}
		obj.shape, obj.data = shape, args[4]
		return obj, nil
	}
	return nil, fmt.Errorf("refused: state set on %s", kind(obj))
}

func (numpy) Persistent(any) (any, error) {
	return nil, fmt.Errorf("refused: a persistent id")
}

// rows returns n of an array that must be n x width, n at least 1, with as
// many bytes.
func (a *ndarray) rows(width int64) (int, error) {
	var size int64
	switch data := a.data.(type) {
	case string:
		size = int64(len(data))
	case pickle.Span:
		size = data.Len
	default:
		return 0, fmt.Errorf("an array without data")
	}
	var n, w int64
	ok := len(a.shape) == 2
	if ok {
		n, ok = a.shape[0].(int64)
	}
	if ok {
		w, ok = a.shape[1].(int64)
	}
	if !ok {
		return 0, fmt.Errorf("an array of %d dimensions, expected n x %d", len(a.shape), width)
	}
	if w != width || n < 1 || n > size || n*width != size {
		return 0, fmt.Errorf("an array of %d x %d in %d bytes, expected n x %d", n, w, size, width)
	}
	return int(n), nil
}
