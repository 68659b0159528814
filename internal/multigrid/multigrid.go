// Package multigrid fills in the unknown pixels of an image, each with the mean of its
// neighbours: a linear system A x = b, solved by multigrid. Sweeps of Gauss and Seidel's
// method smooth the error, and what is smooth is found on a coarser level, of every other
// pixel of every other row, by the same means. An interpolation P takes a solution to the
// finer level, its transpose takes the residual to the coarser, whose matrix is P' A P. P
// follows from A, so that it knows where known pixels are near: Dendy, "Black box multigrid",
// Journal of Computational Physics 48, 1982.
package multigrid

import (
	"context"
	"fmt"
)

// A Solver is the memory that images of one size need.
type Solver struct {
	levels []*level // the finest first
}

// New returns a Solver for images of a size of 1 x 1 or more.
func New(height, width int) *Solver {
	s := &Solver{levels: []*level{newLevel(height, width)}}
	for width*height > 4 {
		width, height = (width+1)/2, (height+1)/2
		s.levels = append(s.levels, newLevel(height, width))
	}
	return s
}

// Fill writes the unknown pixels of an image, channels x height x width; known is height x
// width. A pixel counts 1/6 in its neighbours' means beside it, 1/12 across a corner, nothing
// beyond the border. What the image holds there is where the solution begins, which is found
// to some 1e-7 of its range. Where no pixel is known, all become 0.
//
// Fill returns an error when a pixel is not finite, or ctx is done.
func (s *Solver) Fill(ctx context.Context, image []float32, known []bool) error {
	l := s.levels[0]
	holes := 0
	for y := range l.height {
		hole := l.hole[(y+1)*l.stride+1:]
		for x, k := range known[y*l.width : (y+1)*l.width] {
			hole[x] = !k
			if !k {
				holes++
			}
		}
	}
	switch holes {
	case 0:
		return nil
	case len(known):
		clear(image)
		return nil
	}
	l.finest()
	for i, c := range s.levels[1:] {
		s.levels[i].coarsen(c)
	}
	area := len(known)
	for lo := 0; lo < len(image); lo += 3 * area {
		hi := min(lo+3*area, len(image))
		if err := s.solve(ctx, image[lo:hi]); err != nil {
			return err
		}
	}
	return nil
}

// A cycle of multigrid leaves less than a quarter of the error; where one changes no pixel by
// more than enough of the image's range, what is left is smaller still.
const (
	enough = 1e-6
	cycles = 60
)

// solve fills in up to three channels.
func (s *Solver) solve(ctx context.Context, image []float32) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l := s.levels[0]
	area := l.width * l.height
	span, most := 0.0, 0.0
	for lo := 0; lo < len(image); lo += area {
		low, high := image[lo], image[lo]
		for p, v := range image[lo : lo+area] {
			switch {
			case v-v != 0:
				return fmt.Errorf("pixel %d of the image is %v", p, v)
			case v < low:
				low = v
			case v > high:
				high = v
			}
		}
		span, most = max(span, float64(high)-float64(low)), max(most, float64(high), -float64(low))
		for y := range l.height {
			row := l.x[(y+1)*l.stride+1:]
			for x, v := range image[lo+y*l.width:][:l.width] {
				*row[x].at(lo / area) = float64(v)
			}
		}
	}
	for n := 0; s.cycle(0) > enough*max(span, most*1e-6); n++ {
		if n == cycles {
			return fmt.Errorf("the unknown pixels were not found in %d cycles", n)
		}
	}
	for _, p := range l.unknown {
		y, x := int(p)/l.stride-1, int(p)%l.stride-1
		for lo := 0; lo < len(image); lo += area {
			image[lo+y*l.width+x] = float32(*l.x[p].at(lo / area))
		}
	}
	return nil
}

// cycle improves the solution: a sweep, a correction by the coarser level, and a sweep back.
// On the finest level b is 0, and x holds what is known. It returns the largest
// change by the correction and the sweep back.
func (s *Solver) cycle(depth int) (change float64) {
	l := s.levels[depth]
	if depth == len(s.levels)-1 {
		for range 8 { // it is small
			chosen.sweep(l)
		}
		return chosen.sweepBack(l)
	}
	coarse := s.levels[depth+1]
	chosen.sweep(l)
	clear(coarse.b)
	chosen.restrict(l, coarse)
	clear(coarse.x)
	s.cycle(depth + 1)
	change = chosen.prolong(l, coarse)
	return max(change, chosen.sweepBack(l))
}
