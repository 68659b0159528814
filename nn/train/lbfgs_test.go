package train

import (
	"fmt"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/near"
)

// The direction is that of BFGS's matrix, made of the steps that are remembered (Nocedal
// and Wright, equation 7.19), before there are as many as there is room for and after. A
// step that the gradient falls along is not remembered.
func TestDirection(t *testing.T) {
	const d = 17
	random := func(name string, n int) []float64 {
		x := make([]float64, d)
		for i, v := range golden.Uniform(fmt.Sprintf("direction/%s/%d", name, n), d, 1) {
			x[i] = float64(v)
		}
		return x
	}
	gradient := random("gradient", 0)
	var h history
	var s, y []*mat.VecDense
	for n := range 2*memory + 3 {
		got := make([]float64, d)
		if err := h.direction(t.Context(), got, gradient); err != nil {
			t.Fatal(err)
		}
		inverse := mat.NewDense(d, d, nil)
		for i := range d {
			inverse.Set(i, i, 1)
		}
		if n > 0 {
			inverse.Scale(mat.Dot(s[n-1], y[n-1])/mat.Dot(y[n-1], y[n-1]), inverse)
		}
		for k := max(0, n-memory); k < n; k++ {
			rho := 1 / mat.Dot(s[k], y[k])
			var v, left, whole, ss mat.Dense
			v.Outer(-rho, y[k], s[k])
			for i := range d {
				v.Set(i, i, v.At(i, i)+1)
			}
			left.Mul(v.T(), inverse)
			whole.Mul(&left, &v)
			ss.Outer(rho, s[k], s[k])
			inverse.Add(&whole, &ss)
		}
		var want mat.VecDense
		want.MulVec(inverse, mat.NewVecDense(d, gradient))
		want.ScaleVec(-1, &want)
		near.AtMost(t, "direction", near.Norm(t, got, want.RawVector().Data), 1e-13)

		// The next step; the gradient's change is the step times some curvature.
		from, to := random("from", n), random("to", n)
		before, after := make([]float64, d), make([]float64, d)
		step, change := mat.NewVecDense(d, nil), mat.NewVecDense(d, nil)
		for i := range d {
			step.SetVec(i, to[i]-from[i])
			after[i] = step.AtVec(i) * (1 + float64((i*n)%5))
			change.SetVec(i, after[i])
		}
		h.add(from, to, before, after)
		s, y = append(s, step), append(y, change)
		h.add(from, to, after, before)
	}
}
