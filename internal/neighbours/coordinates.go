package neighbours

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/singles"
)

// coordinates are rows of d numbers: float32 where all of them are float32 numbers, as
// the features of networks are, which takes half the memory and gives the same
// distances, or else float64.
type coordinates struct {
	n, d   int
	narrow []float32 // n x d, or nil
	wide   []float64 // n x d, or nil
}

// read copies the elements of x, or says which is not finite. They are narrow if they
// may be and their magnitude is not unusual (see Tame). The magnitude returned is the
// largest.
func read(x mat.Matrix, mayBeNarrow bool) (c coordinates, largest float64, err error) {
	n, d := x.Dims()
	c = coordinates{n: n, d: d}
	if n == 0 || d == 0 {
		return c, 0, fmt.Errorf("the input is %d x %d, want at least one row and one column", n, d)
	}
	to, err := reader(x)
	if err != nil {
		return c, 0, err
	}
	row := make([]float64, d)
	for i := range n {
		to(row, i)
		fits := mayBeNarrow
		for j, v := range row {
			if v-v != 0 { // infinite or NaN
				return c, 0, fmt.Errorf("the input holds %v in row %d, column %d", v, i, j)
			}
			largest = max(largest, math.Abs(v))
			fits = fits && float64(float32(v)) == v
		}
		switch {
		case c.wide != nil:
		case fits && c.narrow == nil:
			c.narrow = make([]float32, n*d)
		case !fits:
			c.widen()
		}
		c.set(i, row)
	}
	if unusual(exponent(largest)) {
		c.widen()
	}
	return c, largest, nil
}

// reader returns what copies row i of x.
func reader(x mat.Matrix) (func(row []float64, i int), error) {
	g, ok, err := singles.Of(x)
	if err != nil || ok {
		return func(row []float64, i int) { singles.Row(row, g, i) }, err
	}
	return func(row []float64, i int) { mat.Row(row, i, x) }, nil
}

// widen makes the coordinates float64.
func (c *coordinates) widen() {
	if c.wide != nil {
		return
	}
	c.wide = make([]float64, c.n*c.d)
	for i, v := range c.narrow {
		c.wide[i] = float64(v)
	}
	c.narrow = nil
}

func (c *coordinates) set(i int, row []float64) {
	if c.wide != nil {
		copy(c.wide[i*c.d:], row)
		return
	}
	to := c.narrow[i*c.d : (i+1)*c.d]
	for j, v := range row {
		to[j] = float32(v)
	}
}

// row returns the coordinates of point i: its own memory, or memory of d numbers that
// they are copied to, new where it is nil.
func (c *coordinates) row(i int, memory []float64) []float64 {
	if c.wide != nil {
		return c.wide[i*c.d : (i+1)*c.d]
	}
	if memory == nil {
		memory = make([]float64, c.d)
	}
	for j, v := range c.narrow[i*c.d : (i+1)*c.d] {
		memory[j] = float64(v)
	}
	return memory
}
