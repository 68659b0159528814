package elementwise

import (
	"math"
	"math/rand/v2"
	"testing"
)

// exact are the activations in float64.
var exact = [functions]func(float64) float64{
	func(x float64) float64 { return min(max(x, 0), 6) },
	sigmoid,
	func(x float64) float64 { return x * sigmoid(x) },
	func(x float64) float64 { return min(max(x/6+0.5, 0), 1) },
	func(x float64) float64 { return x * min(max(x/6+0.5, 0), 1) },
	func(x float64) float64 { return x * math.Erfc(-x/math.Sqrt2) / 2 },
}

// exactSlope are their derivatives in float64.
var exactSlope = [functions]func(float64) float64{
	func(x float64) float64 { return between(x, 0, 6, 0, 1, 0) },
	func(x float64) float64 { return sigmoid(x) * sigmoid(-x) },
	func(x float64) float64 { return sigmoid(x) + x*sigmoid(x)*sigmoid(-x) },
	func(x float64) float64 { return between(x, -3, 3, 0, 1.0/6, 0) },
	func(x float64) float64 { return between(x, -3, 3, 0, (2*x+3)/6, 1) },
	func(x float64) float64 { return math.Erfc(-x/math.Sqrt2)/2 + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi) },
}

func between(x, low, high, below, inside, above float64) float64 {
	switch {
	case x <= low:
		return below
	case x >= high:
		return above
	}
	return inside
}

// everywhere is numbers of all sizes, the places where pieces meet, infinities and NaNs.
func everywhere() []float32 {
	var x []float32
	for v := 1e-42; v < 1e38; v *= 1.01 {
		x = append(x, float32(v), float32(-v))
	}
	for v := -110.0; v < 110; v += 0.01 {
		x = append(x, float32(v))
	}
	for _, v := range []float32{-3, 3, 6} {
		x = append(x, v, math.Nextafter32(v, -7), math.Nextafter32(v, 7))
	}
	inf := float32(math.Inf(1))
	return append(x, 0, float32(math.Copysign(0, -1)), inf, -inf, float32(math.NaN()), math.Float32frombits(0xffd00007), math.MaxFloat32, -math.MaxFloat32)
}

func TestActivations(t *testing.T) {
	x := everywhere()
	for _, l := range all {
		for f := range functions {
			y := make([]float32, len(x))
			f.apply(l, y, x)
			worst, at := 0.0, float32(0)
			for i, v := range x {
				want := exact[f](float64(v))
				got := float64(y[i])
				switch {
				case math.IsNaN(want):
					if got == got {
						t.Errorf("%s: function %d of %v is %v, want NaN", l.name, f, v, got)
					}
					continue
				case math.IsInf(want, 0):
					if got != want {
						t.Errorf("%s: function %d of %v is %v, want %v", l.name, f, v, got, want)
					}
					continue
				}
				allowed := 1e-35
				switch f {
				case Hardsigmoid, Hardswish: // x/6 + 1/2 loses what cancels
					allowed += 1e-7 * min(math.Abs(float64(v)), 3)
				case Sigmoid, SiLU: // so does rounding log2(e), in exp(-x)
					allowed += 2e-8 * math.Abs(float64(v)) * math.Abs(want)
				case GELU: // rounding x^2/2 changes exp(-x^2/2) by that much of itself
					allowed += 0x1p-24 * float64(v) * float64(v) * math.Abs(want)
				}
				if d := (math.Abs(got-want) - allowed) / math.Abs(want); d > worst {
					worst, at = d, v
				}
			}
			t.Logf("%-8s function %d: largest relative difference %.2g, at %v", l.name, f, worst, at)
			if worst > 1e-6 {
				t.Errorf("%s: function %d of %v differs by %.2g", l.name, f, at, worst)
			}
		}
	}
}

func TestGradients(t *testing.T) {
	x := everywhere()
	dy := random(rand.New(rand.NewPCG(3, 4)), len(x))
	for _, l := range all {
		for f := range functions {
			dx := make([]float32, len(x))
			f.gradient(l, dx, dy, x)
			worst, at := 0.0, float32(0)
			for i, v := range x {
				slope := exactSlope[f](float64(v))
				if (f == SiLU || f == GELU) && (math.IsInf(float64(v), 0) || math.IsNaN(slope) && v == v) {
					continue // a product of 0 and infinity
				}
				want, got := slope*float64(dy[i]), float64(dx[i])
				if math.IsNaN(want) {
					if got == got {
						t.Errorf("%s: slope of function %d at %v is %v, want NaN", l.name, f, v, got/float64(dy[i]))
					}
					continue
				}
				if d := math.Abs(got-want) - math.Abs(float64(dy[i]))*(3e-7+1e-6*math.Abs(slope)); d > worst || got != got {
					worst, at = d, v
				}
			}
			if worst > 0 || worst != worst {
				t.Errorf("%s: slope of function %d at %v differs by %.2g", l.name, f, at, worst)
			}
		}
	}
}

// TestPlaces holds each function, and its gradient in place of either argument, to giving an
// element the same bits wherever it stands in a run, and to writing nothing beyond it.
func TestPlaces(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, l := range all {
		for f := range functions {
			for n := range 50 {
				x, dy := random(r, n+1), random(r, n+1)
				y, dx, overDy, overX := make([]float32, n+1), make([]float32, n+1), append([]float32{}, dy...), append([]float32{}, x...)
				y[n], dx[n], overDy[n], overX[n] = 7, 7, 7, 7
				f.apply(l, y[:n], x[:n])
				f.gradient(l, dx[:n], dy[:n], x[:n])
				f.gradient(l, overDy[:n], overDy[:n], x[:n])
				f.gradient(l, overX[:n], dy[:n], overX[:n])
				one := make([]float32, 2)
				for i := range n {
					f.apply(l, one[:1], x[i:i+1])
					f.gradient(l, one[1:], dy[i:i+1], x[i:i+1])
					if one[0] != y[i] || one[1] != dx[i] || one[1] != overDy[i] || one[1] != overX[i] {
						t.Fatalf("%s: function %d: element %d of %d is %v, alone %v; its gradient %v, %v and %v, alone %v",
							l.name, f, i, n, y[i], one[0], dx[i], overDy[i], overX[i], one[1])
					}
				}
				if y[n] != 7 || dx[n] != 7 || overDy[n] != 7 || overX[n] != 7 {
					t.Fatalf("%s: function %d or its gradient wrote beyond %d", l.name, f, n)
				}
			}
		}
	}
}

func BenchmarkActivations(b *testing.B) {
	x := random(rand.New(rand.NewPCG(1, 2)), 1<<14)
	y, dy := make([]float32, len(x)), random(rand.New(rand.NewPCG(3, 4)), len(x))
	for f, name := range []string{"ReLU6", "Sigmoid", "SiLU", "Hardsigmoid", "Hardswish", "GELU"} {
		run := func(name string, apply func()) {
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					apply()
				}
				b.ReportMetric(float64(b.N*len(x))/float64(b.Elapsed().Nanoseconds()), "elements/ns")
			})
		}
		run(name, func() { Function(f).Apply(y, x) })
		run(name+"Gradient", func() { Function(f).Gradient(y, dy, x) })
	}
}
