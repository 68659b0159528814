package table

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// textLabels reads the labels of a text, twice: to learn what its columns are, and to
// take them. Whether the first row is names of columns is told by how many rows there
// are.
func textLabels(ctx context.Context, f *file, n int) (*Labels, error) {
	t, err := f.surveyLabels(ctx, n)
	if err != nil {
		return nil, err
	}
	chosen, err := t.choose(f.column)
	if err != nil {
		return nil, err
	}
	if err := f.memory.Take(8 * n); err != nil {
		return nil, err
	}
	out := &Labels{Of: make([]int, 0, n)}
	c, err := f.cells(ctx, false)
	if err != nil {
		return nil, err
	}
	c.keep = t.keep
	if t.named {
		if err := c.next(); err != nil {
			return nil, changed(err)
		}
		if len(chosen) > 1 { // one-hot
			for _, j := range chosen {
				out.Names = append(out.Names, t.columns[j].name)
			}
		}
	}
	var names classes
	for range n {
		if err := c.next(); err != nil {
			return nil, changed(err)
		}
		if len(c.row) != len(t.columns) {
			return nil, changed(io.EOF)
		}
		label, hot := 0, oneHotRow{}
		for _, j := range chosen {
			cell := c.row[j]
			v, ok := number(cell)
			switch {
			case len(chosen) > 1:
				hot.add(v)
			case t.columns[j].numbers && ok:
				label, err = whole(v)
			case len(cell) == 0:
				label = -1
			default:
				known := len(names.names)
				label = names.number(string(cell))
				if len(names.names) > known {
					// The name, its places in a list and a map, and a list's growth.
					err = f.memory.Take(2*len(cell) + 128)
				}
			}
		}
		if len(chosen) > 1 {
			label, err = hot.class()
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", c.line, err)
		}
		out.Of = append(out.Of, label)
	}
	if names.names != nil {
		out.Names = names.sorted(out.Of)
	}
	return out, nil
}

// column is what is known of a column.
type column struct {
	name    string // or the first row's cell
	numbers bool   // all but perhaps the first row
	index   bool   // the first, of whole numbers below the first row
}

// survey is what a text holds.
type survey struct {
	columns []column
	named   bool // the first row is names
	keep    bool // empty lines are rows
}

// surveyLabels surveys a text of n rows, or one more, of names.
func (f *file) surveyLabels(ctx context.Context, n int) (*survey, error) {
	columns, rows, blank, err := f.survey(ctx)
	if err != nil {
		return nil, err
	}
	// Of a single column an empty line is a point without a label, where that makes as many rows
	// as there are points.
	keep := len(columns) == 1 && blank > 0 && (rows+blank == n || rows+blank == n+1)
	if keep {
		rows += blank
	}
	switch rows {
	case n + 1:
	case n:
		for j := range columns { // the first row counts as the others
			_, ok := number([]byte(columns[j].name))
			columns[j].numbers = columns[j].numbers && ok
			columns[j].index = false
		}
	default:
		return nil, fmt.Errorf("%d rows, want a label for each of the %d points, and at most a row of names before them", rows, n)
	}
	return &survey{columns, rows == n+1, keep}, nil
}

// survey reads a text to learn what is in its columns, and returns the number of rows, the
// first among them, and of empty lines between them.
func (f *file) survey(ctx context.Context) (columns []column, rows, blank int, err error) {
	c, err := f.cells(ctx, false)
	if err != nil {
		return nil, 0, 0, err
	}
	for ; ; rows++ {
		err := c.next()
		if err == io.EOF {
			return columns, rows, c.blank, nil
		}
		if err != nil {
			return nil, 0, 0, err
		}
		if rows == 0 {
			if err := f.memory.Take(len(c.text) + 64*len(c.row)); err != nil {
				return nil, 0, 0, err
			}
			for _, cell := range c.row {
				columns = append(columns, column{string(cell), true, true})
			}
			continue
		}
		if len(c.row) != len(columns) {
			return nil, 0, 0, fmt.Errorf("line %d: %d cells, want %d as in the first row", c.line, len(c.row), len(columns))
		}
		for j, cell := range c.row {
			_, ok := number(cell)
			columns[j].numbers = columns[j].numbers && ok
			columns[j].index = j == 0 && columns[j].index && isWhole(cell)
		}
	}
}

// choose returns the column of the given name, or the only one, or all when they are
// numbers, as of one-hot rows. The index of pandas and R, a column without a name, is none.
func (t *survey) choose(name string) ([]int, error) {
	var all []int
	var names []string
	numbers := true
	for j, c := range t.columns {
		if j == 0 && t.named && c.name == "" && c.index && len(t.columns) > 1 {
			continue
		}
		all = append(all, j)
		numbers = numbers && c.numbers
		if name != "" && t.named && c.name == name {
			return []int{j}, nil
		}
		if len(names) < 20 {
			names = append(names, c.name)
		}
	}
	switch {
	case name != "" && !t.named:
		return nil, fmt.Errorf("no column %q: the first row is no names of columns", name)
	case name != "":
		return nil, fmt.Errorf("no column %q, but %s", name, strings.Join(names, ", "))
	case len(all) == 1 || numbers:
		return all, nil
	case t.named:
		return nil, fmt.Errorf("%d columns, %s, want one: say which, as FILE.csv:%s", len(all), strings.Join(names, ", "), names[len(names)-1])
	}
	return nil, fmt.Errorf("%d columns, want one of labels, or one-hot rows", len(all))
}
