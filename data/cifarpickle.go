package data

import (
	"cmp"
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
// bytes and lists of labels, and one with the class names, of any protocol, as Python 2
// and 3 and NumPy 1 and 2 write them. The array is left in the file and read image by
// image, except where the pickle holds it as text.
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
	array, ok := dict.lookup("data").(*ndarray)
	if !ok {
		return fmt.Errorf(`"data" is %s, expected an array`, kind(dict.lookup("data")))
	}
	if f.n, err = array.images(cifarImage, cifarSide); err != nil {
		return err
	}
	labels, err := dict.integers(key, f.n)
	if err != nil {
		return err
	}
	if len(labels) != f.n {
		return fmt.Errorf("%d labels for %d images", len(labels), f.n)
	}
	f.labels = make([]byte, f.n)
	for i, label := range labels {
		if label < 0 || label >= int64(classes) {
			return fmt.Errorf("record %d: label %d, expected 0 to %d", i, label, classes-1)
		}
		f.labels[i] = byte(label)
	}
	switch data := array.data.(type) {
	case pickle.Span:
		f.base = data.Off
	case string: // what is not in the file as it is
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
	list, ok := dict.lookup(key).(*pickle.List)
	if !ok {
		return nil, format.errorf("%s: %q is %s, expected a list", name, key, kind(dict.lookup(key)))
	}
	if len(list.Items) > classes {
		return nil, format.errorf("%s: %d class names, expected %d", name, len(list.Items), classes)
	}
	names := make([]string, len(list.Items))
	for i, item := range list.Items {
		if names[i], ok = dict.text(item); !ok {
			return nil, format.errorf("%s: the name of class %d is %s, expected a string", name, i, kind(item))
		}
	}
	return checkClassNames(format, name, names, classes)
}

// pickledDict is a dict, and the file that its bytes objects lie in.
type pickledDict struct {
	*pickle.Dict
	r io.ReaderAt
}

// unpickleDict decodes a file that is one pickled dict.
func unpickleDict(r io.ReaderAt, size int64) (*pickledDict, error) {
	b := budget.New(size)
	value, end, err := pickle.Decode(r, 0, size, b, numpy{b})
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
	return &pickledDict{dict, r}, nil
}

// missing is what lookup finds under a key that is not there.
type missing struct{}

func (missing) Kind() string { return "missing" }

// lookup returns the value that Python's dict would have under a key: the
// last one set. Keys are texts or, in pickles that Python 3 made of Python 2's, bytes.
func (d *pickledDict) lookup(key string) any {
	for i := len(d.Entries) - 1; i >= 0; i-- {
		if text, ok := d.text(d.Entries[i].Key); ok && text == key {
			return d.Entries[i].Value
		}
	}
	return missing{}
}

// text returns a text, or short bytes as one.
func (d *pickledDict) text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case pickle.Span:
		b, err := d.bytes(v, 256)
		return string(b), err == nil
	}
	return "", false
}

// bytes reads bytes of the file, or takes those that were decoded. It is an error when there
// are more than most.
func (d *pickledDict) bytes(v any, most int) ([]byte, error) {
	switch v := v.(type) {
	case string:
		if len(v) <= most {
			return []byte(v), nil
		}
	case pickle.Span:
		if v.Len <= int64(most) {
			b := make([]byte, v.Len)
			if n, err := d.r.ReadAt(b, v.Off); n < len(b) {
				return nil, fmt.Errorf("offset %d: read %d of %d bytes: %w", v.Off, n, len(b), cmp.Or(err, io.ErrUnexpectedEOF))
			}
			return b, nil
		}
	}
	return nil, fmt.Errorf("%s, expected at most %d bytes", kind(v), most)
}

// integers returns the list, tuple or array under a key, of at most most integers of Python
// or NumPy.
func (d *pickledDict) integers(key string, most int) ([]int64, error) {
	var items []any
	switch v := d.lookup(key).(type) {
	case *pickle.List:
		items = v.Items
	case pickle.Tuple:
		items = v
	case *ndarray:
		if len(v.shape) != 1 {
			return nil, fmt.Errorf("%q is an array of %d dimensions, expected 1", key, len(v.shape))
		}
		b, err := d.bytes(v.data, 8*most)
		if err != nil {
			return nil, fmt.Errorf("%q is %w", key, err)
		}
		return v.of.integers(b)
	default:
		return nil, fmt.Errorf("%q is %s, expected a list", key, kind(v))
	}
	if len(items) > most {
		return nil, fmt.Errorf("%d labels for %d images", len(items), most)
	}
	list := make([]int64, len(items))
	for i, item := range items {
		switch item := item.(type) {
		case int64:
			list[i] = item
		case *scalar:
			b, err := d.bytes(item.data, 8)
			if err != nil {
				return nil, fmt.Errorf("record %d: the label is %w", i, err)
			}
			one, err := item.of.integers(b)
			if err == nil && len(one) != 1 {
				err = fmt.Errorf("%d integers", len(one))
			}
			if err != nil {
				return nil, fmt.Errorf("record %d: the label is %w", i, err)
			}
			list[i] = one[0]
		default:
			return nil, fmt.Errorf("record %d: the label is %s, expected an int", i, kind(item))
		}
	}
	return list, nil
}

func kind(v any) string { return pickle.Kind(v) }
