package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// Features are points, a row each.
type Features struct {
	N, D int
	X    []float64 // N x D, row-major, all finite
	Note string    // what was left out, for people
}

// LoadFeatures reads features from a file. A table of text may have a row of names; below
// it a first column without a name that holds whole numbers is the index that pandas and R
// write, and left out. It returns an error that names the file, and the place of what is no
// finite number, or ctx's when ctx ends.
func LoadFeatures(ctx context.Context, path string) (*Features, error) {
	f, err := open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer f.close()
	var out *Features
	switch {
	case f.array != nil:
		out, err = arrayFeatures(f)
	case f.column != "":
		err = errors.New("one column, want a table of features: leave its name out")
	default:
		out, err = textFeatures(ctx, f)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

func arrayFeatures(f *file) (*Features, error) {
	shape := f.array.Shape
	switch {
	case f.array.IsText():
		return nil, errors.New("texts, want n x d numbers")
	case len(shape) > 2:
		return nil, fmt.Errorf("shape %v, want n x d features: save x.reshape(%d, -1)", shape, shape[0])
	case len(shape) != 2 || shape[0] < 1 || shape[1] < 1:
		return nil, fmt.Errorf("shape %v, want n x d features", shape)
	}
	out := &Features{N: shape[0], D: shape[1], X: f.array.Float64s()}
	for i, v := range out.X {
		if v-v != 0 { // NaN or infinite
			return nil, fmt.Errorf("row %d, column %d is %v, want finite numbers", i/out.D, i%out.D, v)
		}
	}
	return out, nil
}

// textFeatures reads a text twice: to count the rows, and to fill them.
func textFeatures(ctx context.Context, f *file) (*Features, error) {
	c, err := f.cells(ctx, true)
	if err != nil {
		return nil, err
	}
	if err := c.next(); err == io.EOF {
		return nil, errors.New("no rows")
	} else if err != nil {
		return nil, err
	}
	columns := len(c.row)
	named := c.isHeader()
	// Names of which some are numbers, or only 0 and 1, may be the first point.
	doubtful := named && slices.ContainsFunc(c.row, isFinite) && (columns == 2 || slices.ContainsFunc(c.row, isName))
	// Whether the first column is an index is known at the end.
	indexed := named && len(c.row[0]) == 0 && columns > 1
	rows := 0
	if !named {
		rows = 1
	}
	for {
		err := c.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if len(c.row) != columns {
			return nil, fmt.Errorf("line %d: %d cells, want %d as in the first row", c.line, len(c.row), columns)
		}
		indexed = indexed && isWhole(c.row[0])
		rows++
	}
	if rows == 0 {
		return nil, errors.New("names of columns, and no rows")
	}
	out := &Features{N: rows, D: columns}
	first := 0
	switch {
	case indexed:
		out.D, first = columns-1, 1
		out.Note = "without its index"
	case doubtful:
		out.Note = "its first row taken for names of columns"
	}
	if err := f.memory.Take(8 * out.N * out.D); err != nil {
		return nil, err
	}
	if c, err = f.cells(ctx, true); err != nil {
		return nil, err
	}
	if named {
		if err := c.next(); err != nil {
			return nil, changed(err)
		}
	}
	out.X = make([]float64, 0, out.N*out.D)
	for range rows {
		if err := c.next(); err != nil {
			return nil, changed(err)
		}
		if len(c.row) != columns {
			return nil, changed(io.EOF)
		}
		for j, cell := range c.row[first:] {
			v, ok := number(cell)
			if !ok || v-v != 0 {
				return nil, fmt.Errorf("line %d: column %d holds %.40q, want finite numbers (one column of another file may hold labels)", c.line, first+j+1, cell)
			}
			out.X = append(out.X, v)
		}
	}
	return out, nil
}

// changed replaces the end of a text that was longer before.
func changed(err error) error {
	if err == io.EOF {
		return errors.New("the file changed while it was read")
	}
	return err
}

// isWhole tells whether a cell is a whole number of digits.
func isWhole(cell []byte) bool {
	return len(cell) > 0 && len(bytes.Trim(cell, "0123456789")) == 0
}

// isName tells whether a cell is a word.
func isName(cell []byte) bool {
	_, ok := number(cell)
	return !ok
}

// isFinite tells whether a cell is a number that could be a feature.
func isFinite(cell []byte) bool {
	v, ok := number(cell)
	return ok && v-v == 0
}

// isHeader tells whether the row is names: whether a cell is no number, or the cells
// are 0, 1, 2 and so on, as pandas names the columns of an array, behind a cell without
// a name for its index, or not.
func (c *cells) isHeader() bool {
	counting := c.row
	if len(counting) > 1 && len(counting[0]) == 0 {
		counting = counting[1:]
	}
	isCount := len(c.row) > 1
	for i, cell := range counting {
		if _, ok := number(cell); !ok {
			return true
		}
		isCount = isCount && string(cell) == strconv.Itoa(i)
	}
	return isCount
}
