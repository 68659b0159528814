package explorer

import (
	"errors"
	"fmt"
	"math"

	"github.com/glimpse-go/glimpse/render"
)

// maxPoints bounds the points: what an int32 counts, with room.
const maxPoints = 1 << 27

// check returns the number of points, or says what does not fit.
func (p *Page) check() (n int, err error) {
	n = -1
	count := func(what string, have int) error {
		if n < 0 {
			n = have
		}
		if have != n {
			return fmt.Errorf("%s are of %d points, others of %d", what, have, n)
		}
		return nil
	}
	for _, l := range p.Layouts {
		if l.At == nil {
			return 0, fmt.Errorf("layout %q has no coordinates", l.Name)
		}
		rows, cols := l.At.Dims()
		if cols < 1 {
			return 0, fmt.Errorf("layout %q has no columns", l.Name)
		}
		if err := count("coordinates of layout "+l.Name, rows); err != nil {
			return 0, err
		}
	}
	for _, s := range []struct {
		what string
		have int
	}{
		{"labels", length(p.Labels)}, {"predictions", length(p.Predictions)}, {"probabilities", length(p.Probabilities)},
		{"names", length(p.Names)}, {"neighbours", length(p.Neighbours)},
	} {
		if s.have >= 0 {
			if err := count(s.what, s.have); err != nil {
				return 0, err
			}
		}
	}
	for _, m := range p.Maps {
		if err := count("maps by "+m.Name, len(m.Maps)); err != nil {
			return 0, err
		}
	}
	for _, c := range p.Columns {
		if (c.Numbers == nil) == (c.Texts == nil) {
			return 0, fmt.Errorf("column %q needs numbers or texts", c.Name)
		}
		if err := count("values of column "+c.Name, max(len(c.Numbers), len(c.Texts))); err != nil {
			return 0, err
		}
	}
	if p.Features != nil {
		rows, _ := p.Features.Dims()
		if err := count("features", rows); err != nil {
			return 0, err
		}
	}
	switch {
	case len(p.Layouts) == 0 && p.Images == nil && p.Maps == nil:
		return 0, errors.New("neither a layout nor images nor maps")
	case n < 1:
		return 0, errors.New("no points")
	case n > maxPoints:
		return 0, fmt.Errorf("%d points, want at most %d", n, maxPoints)
	}
	if err := p.checkClasses(); err != nil {
		return 0, err
	}
	return n, p.checkOptions()
}

// length is -1 for nil, which means that there is nothing.
func length[T any](s []T) int {
	if s == nil {
		return -1
	}
	return len(s)
}

// checkClasses looks at whatever counts classes.
func (p *Page) checkClasses() error {
	classes := len(p.Classes)
	for _, s := range []struct {
		what string
		of   []int
	}{{"label", p.Labels}, {"prediction", p.Predictions}} {
		for i, c := range s.of {
			if c < -1 || c >= classes {
				return fmt.Errorf("the %s of point %d is %d; there are %d classes", s.what, i, c, classes)
			}
		}
	}
	for i, row := range p.Probabilities {
		if row == nil {
			continue
		}
		if len(row) != classes || classes == 0 {
			return fmt.Errorf("%d probabilities of point %d; there are %d classes", len(row), i, classes)
		}
		for c, v := range row {
			if !(v >= 0 && v <= 1) {
				return fmt.Errorf("the probability of class %d of point %d is %v, want 0 to 1", c, i, v)
			}
		}
	}
	for _, method := range p.Maps {
		for i, maps := range method.Maps {
			for _, m := range maps {
				switch {
				case m.Class < -1 || m.Class >= classes && m.Class != -1:
					return fmt.Errorf("a map by %s of point %d is of class %d; there are %d", method.Name, i, m.Class, classes)
				case m.Width < 1 || m.Height < 1 || m.Width > maxMapSide || m.Height > maxMapSide || len(m.Levels) != m.Width*m.Height:
					return fmt.Errorf("a map by %s of point %d has %d levels for %d x %d", method.Name, i, len(m.Levels), m.Width, m.Height)
				}
			}
		}
	}
	for i, row := range p.Neighbours {
		for _, j := range row {
			if j < 0 || j >= len(p.Neighbours) {
				return fmt.Errorf("point %d has a neighbour %d; there are %d points", i, j, len(p.Neighbours))
			}
		}
	}
	return nil
}

// maxMapSide bounds the sides of a map.
const maxMapSide = 4096

// checkOptions looks at what is a choice.
func (p *Page) checkOptions() error {
	switch {
	case p.Thumb != 0 && (p.Thumb < MinThumb || p.Thumb > MaxThumb):
		return fmt.Errorf("images of %d pixels, want %d to %d", p.Thumb, MinThumb, MaxThumb)
	case p.Quality < 0 || p.Quality > 100:
		return fmt.Errorf("a quality of %d, want 1 to 100", p.Quality)
	case p.NeighbourCount < 0 || p.NeighbourCount > 100:
		return fmt.Errorf("%d neighbours, want at most 100", p.NeighbourCount)
	case p.Alpha != nil && !(*p.Alpha >= 0 && *p.Alpha <= 1):
		return fmt.Errorf("an opacity of %v, want 0 to 1", *p.Alpha)
	}
	if p.Colormap != "" {
		if _, err := render.ColormapByName(p.Colormap); err != nil {
			return err
		}
	}
	if p.Palette != "" {
		if _, err := render.PaletteByName(p.Palette); err != nil {
			return err
		}
	}
	return nil
}

// finite tells whether a float32 can hold a number.
func finite(v float64) bool { return math.Abs(v) <= math.MaxFloat32 }
