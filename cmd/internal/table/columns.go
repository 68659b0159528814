package table

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/glimpse-go/glimpse/internal/budget"
)

// Column is what a table says of each of its rows: numbers, NaN where a cell is empty, or
// texts.
type Column struct {
	Name    string
	Numbers []float64
	Texts   []string
}

// LoadColumns reads a table of text whose first row is the names of its columns, or one
// column of it, as "x.csv:name". Columns whose cells are all numbers, or empty, are numbers.
// A first column without a name that holds whole numbers is the index of pandas or R, and
// left out. It returns an error that names the file and the place, or ctx's when ctx ends. It
// takes memory of at most 20 times the file, for texts of no letters and the pointers to them.
func LoadColumns(ctx context.Context, path string) ([]Column, error) {
	f, err := open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer f.close()
	var out []Column
	if f.array != nil {
		err = errors.New("an array, want a table of text (.csv, .tsv) with the names of its columns")
	} else {
		f.memory = budget.NewMax(columnBytes * f.size)
		out, err = f.columns(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

// columnBytes is how many bytes of memory a byte of the file may take.
const columnBytes = 20

// columns reads the text twice: to learn what its columns hold, and to take it.
func (f *file) columns(ctx context.Context) ([]Column, error) {
	kinds, rows, _, err := f.survey(ctx)
	switch {
	case err != nil:
		return nil, err
	case rows == 0:
		return nil, errors.New("no rows")
	case rows == 1:
		return nil, errors.New("names of columns, and no rows")
	}
	rows-- // below the names
	var out []Column
	places := make([]int, len(kinds)) // of each column in the result, -1 if left out
	for j, k := range kinds {
		if places[j] = -1; k.name == "" && k.index || f.column != "" && k.name != f.column {
			continue
		}
		places[j] = len(out)
		column, size := Column{Name: cmp.Or(k.name, fmt.Sprintf("column %d", j+1))}, 8
		if !k.numbers {
			size = 16
		}
		if err := f.memory.Take(size * rows); err != nil {
			return nil, err
		}
		if k.numbers {
			column.Numbers = make([]float64, 0, rows)
		} else {
			column.Texts = make([]string, 0, rows)
		}
		out = append(out, column)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no column %q", f.column)
	}
	if err := f.fill(ctx, out, places, rows); err != nil {
		return nil, err
	}
	return out, nil
}

// fill takes the cells of so many rows below the names.
func (f *file) fill(ctx context.Context, out []Column, places []int, rows int) error {
	c, err := f.cells(ctx, false)
	if err != nil {
		return err
	}
	if err := c.next(); err != nil {
		return changed(err)
	}
	for range rows {
		if err := c.next(); err != nil {
			return changed(err)
		}
		if len(c.row) != len(places) {
			return changed(io.EOF)
		}
		for j, cell := range c.row {
			if places[j] < 0 {
				continue
			}
			column := &out[places[j]]
			if column.Numbers != nil {
				v, ok := number(cell)
				if !ok {
					return changed(io.EOF)
				}
				if math.IsInf(v, 0) {
					return fmt.Errorf("line %d: column %q holds %.40q, want finite numbers", c.line, column.Name, cell)
				}
				column.Numbers = append(column.Numbers, v)
				continue
			}
			if len(cell) > 0 {
				if err := f.memory.Take(len(cell)); err != nil {
					return err
				}
			}
			column.Texts = append(column.Texts, string(cell))
		}
	}
	return nil
}
