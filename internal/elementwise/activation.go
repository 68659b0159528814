package elementwise

// A Function is an activation, as torch.nn names it.
type Function int

// The activations, within 1e-6 of the result, or 1e-35, of exact arithmetic. To that
// come, by what an intermediate result is rounded, 1e-7 of x for Hardsigmoid and
// Hardswish, 2e-8 |x| of the result for Sigmoid and SiLU, and x^2 roundings of it for
// GELU, which matter where x is far below 0. NaN stays NaN.
const (
	ReLU6 Function = iota
	Sigmoid
	SiLU
	Hardsigmoid
	Hardswish
	GELU
	functions
)

// Apply writes f(x), element by element, to y, which may be x.
func (f Function) Apply(y, x []float32) { f.apply(chosen, y, x) }

func (f Function) apply(l *loops, y, x []float32) {
	y = y[:len(x)]
	if len(x) > 0 {
		l.activate[f](&y[0], &x[0], len(x))
	}
}

// Gradient writes dy f'(x), element by element, to dx, which may be dy or x. f' is within
// 1e-6 of itself and 3e-7; it is 0 at 0 and 6 for ReLU6 and at -3 and 3 for Hardsigmoid, and
// for Hardswish 0 at -3 and 1 at 3. Where x is NaN, ReLU6 and Hardsigmoid have the slope that
// they have in the middle, and the others NaN.
func (f Function) Gradient(dx, dy, x []float32) { f.gradient(chosen, dx, dy, x) }

func (f Function) gradient(l *loops, dx, dy, x []float32) {
	dx, dy = dx[:len(x)], dy[:len(x)]
	if len(x) > 0 {
		l.gradient[f](&dx[0], &dy[0], &x[0], len(x))
	}
}
