package train

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"
)

// memory is how many steps L-BFGS remembers: scikit-learn's, from SciPy.
const memory = 10

// The line search asks for a decrease by this part of what the slope promises, and for a
// slope of at most this part of the first (Nocedal and Wright, "Numerical optimization",
// 2006, section 3.1).
const decrease, curvature = 1e-4, 0.9

// searches bounds the steps that a line search tries. Each halves or doubles, so by then
// float64 has no step between.
const searches = 60

// A function returns its value at x and writes its gradient.
type function func(ctx context.Context, x, gradient []float64) (float64, error)

// minimise goes from x to the minimum of a smooth convex function by L-BFGS (Nocedal and
// Wright, algorithms 7.4 and 7.5), and leaves it in x with its gradient. It ends when done
// says so, which it asks before each iteration, or when float64 has nothing better: no
// step along the direction, or neither a lower value nor a smaller gradient in as many
// steps as it remembers.
func minimise(ctx context.Context, f function, x, gradient []float64, done func(value float64) bool) (float64, error) {
	value, err := f(ctx, x, gradient)
	if err != nil {
		return 0, err
	}
	h := history{}
	best, stale := math.Inf(1), 0
	direction, to, slope := make([]float64, len(x)), make([]float64, len(x)), make([]float64, len(x))
	for !done(value) && stale < memory {
		if err := h.direction(ctx, direction, gradient); err != nil {
			return 0, err
		}
		step := 1.0
		if h.n == 0 {
			step = 1 / max(1, floats.Norm(gradient, 2)) // nothing is known of the curvature
		}
		next, ok, err := search(ctx, f, x, value, gradient, direction, step, to, slope)
		if err != nil {
			return 0, err
		}
		if !ok {
			return value, nil
		}
		h.add(x, to, gradient, slope)
		norm := floats.Norm(slope, 2)
		if stale++; next < value || norm < best {
			stale = 0
		}
		best = min(best, norm)
		value = next
		copy(x, to)
		copy(gradient, slope)
	}
	return value, nil
}

// search finds a step along a direction, from x with its value and gradient, and leaves
// where it leads and the gradient there in to and slope. It brackets and bisects, as Lewis
// and Overton ("Nonsmooth optimization via quasi-Newton methods", 2013, algorithm 4.6) do.
// Where values are equal but for rounding slopes decide instead, by the approximate Wolfe
// conditions of Hager and Zhang ("A new conjugate gradient method with guaranteed descent
// and an efficient line search", 2005, equation 4.1).
func search(ctx context.Context, f function, x []float64, value float64, gradient, direction []float64, step float64, to, slope []float64) (next float64, ok bool, err error) {
	first := floats.Dot(gradient, direction)
	if !(first < 0) {
		return 0, false, nil
	}
	rounding := 1e-14 * math.Abs(value)
	lo, hi := 0.0, math.Inf(1)
	for range searches {
		floats.AddScaledTo(to, x, step, direction)
		next, err := f(ctx, to, slope)
		if err != nil {
			return 0, false, err
		}
		last := floats.Dot(slope, direction)
		lower := next <= value+decrease*step*first || next <= value+rounding && last <= (2*decrease-1)*first
		switch {
		case !lower: // also where next is NaN
			hi = step
		case last < curvature*first:
			lo = step
		default:
			return next, true, nil
		}
		if step = (lo + hi) / 2; math.IsInf(hi, 1) {
			step = 2 * lo
		}
	}
	return 0, false, nil
}

// A history is the last steps and what they changed of the gradient, the oldest at n mod
// memory.
type history struct {
	n    int
	s, y [memory][]float64
	rho  [memory]float64 // 1 / s·y
}

// add remembers a step in place of the oldest. Wolfe's conditions make s·y positive; where
// rounding does not, the step tells nothing.
func (h *history) add(from, to, before, after []float64) {
	sy := 0.0
	for i, v := range to {
		sy += (v - from[i]) * (after[i] - before[i])
	}
	if !(sy > 0) {
		return
	}
	k := h.n % memory
	if h.s[k] == nil {
		h.s[k], h.y[k] = make([]float64, len(from)), make([]float64, len(from))
	}
	floats.SubTo(h.s[k], to, from)
	floats.SubTo(h.y[k], after, before)
	h.rho[k] = 1 / sy
	h.n++
}

// direction is minus the gradient times the inverse Hessian that the history tells of.
func (h *history) direction(ctx context.Context, d, gradient []float64) error {
	var a [memory]float64
	copy(d, gradient)
	oldest := max(0, h.n-memory)
	for i := h.n - 1; i >= oldest; i-- {
		if err := ctx.Err(); err != nil {
			return err
		}
		k := i % memory
		a[k] = h.rho[k] * floats.Dot(h.s[k], d)
		floats.AddScaled(d, -a[k], h.y[k])
	}
	if h.n > 0 {
		k := (h.n - 1) % memory
		floats.Scale(1/(h.rho[k]*floats.Dot(h.y[k], h.y[k])), d)
	}
	for i := oldest; i < h.n; i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		k := i % memory
		floats.AddScaled(d, a[k]-h.rho[k]*floats.Dot(h.y[k], d), h.s[k])
	}
	floats.Scale(-1, d)
	return nil
}
