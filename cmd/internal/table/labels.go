package table

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/glimpse-go/glimpse/cmd/internal/npy"
)

// Labels are the classes of points.
type Labels struct {
	Of    []int    // of each point; -1: none
	Names []string // of the classes, sorted; nil when the labels are numbers
}

// LoadLabels reads the labels of n points from a file: class numbers, also as floats;
// names, whose classes are then sorted by name; or one-hot rows. What is -1, NaN or
// empty is no label. A table of text may have a row of names of its columns, of which
// one can be picked as in "x.csv:name". It returns an error that names the file when it
// holds something else or for other than n points, or ctx's when ctx ends.
func LoadLabels(ctx context.Context, path string, n int) (*Labels, error) {
	f, err := open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer f.close()
	var out *Labels
	if f.array != nil {
		out, err = arrayLabels(f, n)
	} else {
		out, err = textLabels(ctx, f, n)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

// Number names the classes of labels that are numbers by them, and so numbers that are
// far apart, as of ten classes of ten thousand, become 0, 1, 2 and so on.
func (l *Labels) Number() {
	largest := -1
	for _, v := range l.Of {
		largest = max(largest, v)
	}
	if largest < max(1000, 2*len(l.Of)) {
		for i := range largest + 1 {
			l.Names = append(l.Names, strconv.Itoa(i))
		}
		return
	}
	classes := slices.Clone(l.Of)
	slices.Sort(classes)
	classes = slices.Compact(classes)
	if len(classes) > 0 && classes[0] < 0 {
		classes = classes[1:]
	}
	for _, v := range classes {
		l.Names = append(l.Names, strconv.Itoa(v))
	}
	for i, v := range l.Of {
		if v >= 0 {
			l.Of[i], _ = slices.BinarySearch(classes, v)
		}
	}
}

// arrayLabels reads the labels of an array.
func arrayLabels(f *file, n int) (*Labels, error) {
	a := f.array
	long := 0 // dimensions of more than one element
	for _, d := range a.Shape {
		if d != 1 {
			long++
		}
	}
	column := a.Len() == n && long <= 1
	oneHot := len(a.Shape) == 2 && a.Shape[0] == n && a.Shape[1] > 1 && !a.IsText()
	if !column && !oneHot {
		return nil, fmt.Errorf("shape %v, want a label for each of the %d points", a.Shape, n)
	}
	out := &Labels{Of: make([]int, n)}
	if column {
		return out, columnLabels(out, a)
	}
	k := a.Shape[1]
	x := a.Float64s()
	for i := range n {
		var hot oneHotRow
		for _, v := range x[i*k : (i+1)*k] {
			hot.add(v)
		}
		var err error
		if out.Of[i], err = hot.class(); err != nil {
			return nil, fmt.Errorf("row %d: %w", i, err)
		}
	}
	return out, nil
}

// columnLabels fills in the labels of an array of one column.
func columnLabels(out *Labels, a *npy.Array) error {
	if a.IsText() {
		var names classes
		for i := range out.Of {
			out.Of[i] = names.number(a.Text(i))
		}
		out.Names = names.sorted(out.Of)
		return nil
	}
	if !a.IsFloat() { // integers beyond 2^53 are told by their digits
		v, err := a.Int64s()
		if err != nil {
			return err
		}
		for i, v := range v {
			if v < -1 || v > math.MaxInt32 {
				return fmt.Errorf("label %d is %d, want a class number, or -1 for none", i, v)
			}
			out.Of[i] = int(v)
		}
		return nil
	}
	for i, v := range a.Float64s() {
		label, err := whole(v)
		if err != nil {
			return fmt.Errorf("label %d is %w", i, err)
		}
		out.Of[i] = label
	}
	return nil
}

// whole returns a class number that is a float.
func whole(v float64) (int, error) {
	switch {
	case v != v:
		return -1, nil
	case v != math.Trunc(v):
		return 0, fmt.Errorf("%v, want class numbers, not measured values", v)
	case v < -1 || v > math.MaxInt32:
		return 0, fmt.Errorf("%v, want a class number, or -1 for none", v)
	}
	return int(v), nil
}

// A oneHotRow finds the one 1 in a row of zeros.
type oneHotRow struct {
	seen, at, ones int
	other          float64 // a value that is neither
	wrong          bool
}

func (h *oneHotRow) add(v float64) {
	switch v {
	case 0:
	case 1:
		h.at = h.seen
		h.ones++
	default:
		h.other, h.wrong = v, true
	}
	h.seen++
}

// class returns the place of the 1, or -1 when there is none.
func (h *oneHotRow) class() (int, error) {
	switch {
	case h.wrong:
		return 0, fmt.Errorf("%v, want one column of labels, or one-hot rows of 0 and 1", h.other)
	case h.ones > 1:
		return 0, fmt.Errorf("%d of the %d columns are 1, want one class a point", h.ones, h.seen)
	case h.ones == 0:
		return -1, nil
	}
	return h.at, nil
}

// classes numbers names in the order in which they come.
type classes struct {
	numbers map[string]int
	names   []string
}

// number returns the number of a name, -1 of an empty one.
func (c *classes) number(name string) int {
	if name == "" {
		return -1
	}
	i, ok := c.numbers[name]
	if !ok {
		if c.numbers == nil {
			c.numbers = map[string]int{}
		}
		i = len(c.names)
		c.numbers[name] = i
		c.names = append(c.names, name)
	}
	return i
}

// sorted returns the names in their order, and renumbers labels by it.
func (c *classes) sorted(labels []int) []string {
	names := slices.Clone(c.names)
	slices.Sort(names)
	for i, name := range names {
		c.numbers[name] = i
	}
	for i, l := range labels {
		if l >= 0 {
			labels[i] = c.numbers[c.names[l]]
		}
	}
	return names
}
