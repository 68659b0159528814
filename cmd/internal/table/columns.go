package table

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

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
// A column without a name that holds 0, 1, 2 and so on is pandas' index, and left out. It
// returns an error that names the file and the place, or ctx's when ctx ends. It takes memory
// of at most 20 times the file, for texts of no letters and the pointers to them.
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
	c, err := f.cells(ctx, false)
	if err != nil {
		return nil, err
	}
	if err := c.next(); err == io.EOF {
		return nil, errors.New("no rows")
	} else if err != nil {
		return nil, err
	}
	kinds := make([]columnKind, len(c.row))
	for j, cell := range c.row {
		if err := f.memory.Take(len(cell)); err != nil {
			return nil, err
		}
		kinds[j] = columnKind{name: string(cell), numbers: true, index: len(cell) == 0}
	}
	rows := 0
	for ; ; rows++ {
		if err := c.next(); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		if len(c.row) != len(kinds) {
			return nil, fmt.Errorf("line %d: %d cells, want %d as in the first row, which names the columns", c.line, len(c.row), len(kinds))
		}
		for j, cell := range c.row {
			kinds[j].take(cell, rows)
		}
	}
	if rows == 0 {
		return nil, errors.New("names of columns, and no rows")
	}
	return f.fill(ctx, kinds, rows)
}

// columnKind is what is known of a column.
type columnKind struct {
	name           string
	numbers, index bool
	out            int // its place in the result, -1 if left out
}

func (k *columnKind) take(cell []byte, row int) {
	_, number := number(cell)
	k.numbers = k.numbers && number
	k.index = k.index && string(cell) == strconv.Itoa(row)
}

// fill takes the cells.
func (f *file) fill(ctx context.Context, kinds []columnKind, rows int) ([]Column, error) {
	var out []Column
	for j := range kinds {
		k := &kinds[j]
		if k.out = -1; k.index || f.column != "" && k.name != f.column {
			continue
		}
		k.out = len(out)
		if k.name == "" {
			k.name = fmt.Sprintf("column %d", j+1)
		}
		column := Column{Name: k.name}
		size := 8
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
	c, err := f.cells(ctx, false)
	if err != nil {
		return nil, err
	}
	if err := c.next(); err != nil {
		return nil, changed(err)
	}
	for range rows {
		if err := c.next(); err != nil {
			return nil, changed(err)
		}
		if len(c.row) != len(kinds) {
			return nil, changed(io.EOF)
		}
		for j, cell := range c.row {
			if kinds[j].out < 0 {
				continue
			}
			column := &out[kinds[j].out]
			if column.Numbers != nil {
				v, ok := number(cell)
				if !ok {
					return nil, changed(io.EOF)
				}
				if math.IsInf(v, 0) {
					return nil, fmt.Errorf("line %d: column %q holds %.40q, want finite numbers", c.line, column.Name, cell)
				}
				column.Numbers = append(column.Numbers, v)
				continue
			}
			if len(cell) > 0 {
				if err := f.memory.Take(len(cell)); err != nil {
					return nil, err
				}
			}
			column.Texts = append(column.Texts, string(cell))
		}
	}
	return out, nil
}
