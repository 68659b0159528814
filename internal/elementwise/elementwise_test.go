package elementwise

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var all = append(machine(), &portable)

// exact are the activations in float64.
var exact = [functions]func(float64) float64{
	func(x float64) float64 { return min(max(x, 0), 6) },
	sigmoid,
	func(x float64) float64 { return x * sigmoid(x) },
	func(x float64) float64 { return min(max(x/6+0.5, 0), 1) },
	func(x float64) float64 { return x * min(max(x/6+0.5, 0), 1) },
	func(x float64) float64 { return x * math.Erfc(-x/math.Sqrt2) / 2 },
	siluSlope,
	geluSlope,
}

func TestActivations(t *testing.T) {
	var x []float32
	for v := 1e-42; v < 1e38; v *= 1.01 {
		x = append(x, float32(v), float32(-v))
	}
	for v := -110.0; v < 110; v += 0.01 {
		x = append(x, float32(v))
	}
	inf := float32(math.Inf(1))
	x = append(x, 0, float32(math.Copysign(0, -1)), inf, -inf, float32(math.NaN()), math.Float32frombits(0xffd00007), math.MaxFloat32, -math.MaxFloat32)
	for _, l := range all {
		for f := range functions {
			y := make([]float32, len(x))
			f.apply(l, y, x)
			worst, at := 0.0, float32(0)
			for i, v := range x {
				want := exact[f](float64(v))
				got := float64(y[i])
				if f >= SiLUSlope && (math.IsInf(float64(v), 0) || math.IsNaN(want) && v == v) {
					continue // a product of 0 and infinity
				}
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
				case SiLUSlope, GELUSlope: // they cancel
					allowed += 3e-7
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

// TestPlaces holds each function to giving an element the same bits wherever it stands in a
// run, and to writing nothing beyond it.
func TestPlaces(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, l := range all {
		for f := range functions {
			for n := range 50 {
				x := random(r, n+1)
				whole, one := make([]float32, n+1), make([]float32, 1)
				whole[n] = 7
				f.apply(l, whole[:n], x[:n])
				for i := range n {
					f.apply(l, one, x[i:i+1])
					if one[0] != whole[i] {
						t.Fatalf("%s: function %d: element %d of %d is %v, alone %v", l.name, f, i, n, whole[i], one[0])
					}
				}
				if whole[n] != 7 {
					t.Fatalf("%s: function %d wrote beyond %d", l.name, f, n)
				}
			}
		}
	}
}

func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

func TestAffine(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, l := range all {
		for trial := range 300 {
			n, rows := 1+r.IntN(40), 1+r.IntN(5)
			make := func() Rows {
				stride := n + r.IntN(9)
				return Rows{random(r, rows*stride), stride}
			}
			y, x, add := make(), make(), Rows{}
			if trial%2 == 0 {
				add = make()
			}
			scale, shift := random(r, n), random(r, n)
			relu := trial%3 == 0
			nan := r.IntN(n)
			x.Data[nan] = float32(math.NaN())
			before := slices.Clone(y.Data)
			l.rows(y, x, add, scale, shift, rows, relu)
			for i, got := range y.Data {
				row, c := i/y.Stride, i%y.Stride
				if c >= n {
					if got != before[i] {
						t.Fatalf("%s: wrote outside", l.name)
					}
					continue
				}
				want := float64(x.Data[row*x.Stride+c])*float64(scale[c]) + float64(shift[c])
				if add.Data != nil {
					want += float64(add.Data[row*add.Stride+c])
				}
				if relu {
					want = max(want, 0)
				}
				if row == 0 && c == nan {
					if got == got {
						t.Fatalf("%s: NaN became %v", l.name, got)
					}
				} else if math.Abs(float64(got)-want) > 1e-6 {
					t.Fatalf("%s: row %d, channel %d is %v, want %v", l.name, row, c, got, want)
				}
			}
		}
	}
}

func TestTimesAndPass(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, l := range all {
		for trial := range 200 {
			n := 1 + r.IntN(70)
			a, b := random(r, n+1), random(r, n+1)
			b[r.IntN(n)], b[r.IntN(n)], b[r.IntN(n)] = 0, nan, inf
			product := make([]float32, n+1)
			l.times(&product[0], &a[0], &b[0], n)
			limit, guided := float32(trial%2), trial%3 == 0
			passed := slices.Clone(a)
			l.through(passed[:n], b, limit, guided)
			for i := range n {
				if want := a[i] * b[i]; product[i] != want && want == want {
					t.Fatalf("%s: product %v, want %v", l.name, product[i], want)
				}
				want := a[i]
				if b[i] <= 0 || limit > 0 && b[i] >= limit || guided && want < 0 {
					want = 0
				}
				if passed[i] != want {
					t.Fatalf("%s: %v passes %v (limit %v, guided %v) as %v", l.name, a[i], b[i], limit, guided, passed[i])
				}
			}
			if product[n] != 0 || passed[n] != a[n] {
				t.Fatalf("%s: wrote beyond", l.name)
			}
		}
	}
}

func TestSums(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, l := range all {
		for range 100 {
			n, rows := 1+r.IntN(40), 1+r.IntN(200)
			x := Rows{nil, n + r.IntN(5)}
			x.Data = random(r, rows*x.Stride)
			sums := make([]float64, n)
			sums[0] = 3
			l.add(sums, x, rows)
			for c, got := range sums {
				want, size := 0.0, 0.0
				if c == 0 {
					want = 3
				}
				for row := range rows {
					want += float64(x.Data[row*x.Stride+c])
					size += math.Abs(float64(x.Data[row*x.Stride+c]))
				}
				if math.Abs(got-want) > 1e-6*size {
					t.Fatalf("%s: channel %d of %d rows is %v, want %v", l.name, c, rows, got, want)
				}
			}
		}
	}
}

func TestLayerNorm(t *testing.T) {
	for _, l := range all {
		r := rand.New(rand.NewPCG(7, 8)) // the same for each, whatever the machine has
		for range 200 {
			n, rows := 1+r.IntN(100), 1+r.IntN(4)
			x, weight, bias := random(r, rows*n), random(r, n), random(r, n)
			for i := range x {
				x[i] += 5
			}
			y := make([]float32, rows*n+1)
			y[rows*n] = 7
			l.normalise(y, x, weight, bias, rows, 1e-3)
			want := make([]float32, rows*n)
			portable.normalise(want, x, weight, bias, rows, 1e-3)
			for i, w := range want {
				row := x[i/n*n : (i/n+1)*n]
				largest, mean, squares := 0.0, 0.0, 0.0
				for _, v := range row {
					largest = max(largest, math.Abs(float64(v)))
					mean += float64(v) / float64(n)
				}
				for _, v := range row {
					squares += (float64(v) - mean) * (float64(v) - mean)
				}
				// Some roundings of the largest element, as they come out.
				unit := 0x1p-24 * largest * math.Abs(float64(weight[i%n])) / math.Sqrt(squares/float64(n)+1e-3)
				if math.Abs(float64(y[i]-w)) > 4*unit+0x1p-22*math.Abs(float64(w)) {
					t.Fatalf("%s: element %d of rows of %d is %v, want %v", l.name, i, n, y[i], w)
				}
			}
			if y[rows*n] != 7 {
				t.Fatalf("%s: wrote beyond", l.name)
			}
		}
	}
}

// TestLayerNormGradient holds the gradient to its definition, also where it is written over dy or x.
func TestLayerNormGradient(t *testing.T) {
	for _, l := range all {
		r := rand.New(rand.NewPCG(9, 10))
		for trial := range 200 {
			n, rows := 1+r.IntN(100), 1+r.IntN(4)
			x, dy, weight := random(r, rows*n+1), random(r, rows*n+1), random(r, n)
			for i := range x {
				x[i] += 2
			}
			from, up := slices.Clone(x), slices.Clone(dy)
			dx := [][]float32{make([]float32, rows*n+1), dy, x}[trial%3]
			beyond := dx[rows*n]
			l.normaliseGradient(dx, dy, x, weight, rows, 1e-3)
			for row := range rows {
				var mean, variance, slope, product, largest, steepest float64
				for i := range n {
					v, dz := float64(from[row*n+i]), float64(up[row*n+i])*float64(weight[i])
					mean, slope = mean+v/float64(n), slope+dz/float64(n)
					largest, steepest = max(largest, math.Abs(v)), max(steepest, math.Abs(dz))
				}
				for i := range n {
					z := float64(from[row*n+i]) - mean
					variance += z * z / float64(n)
					product += float64(up[row*n+i]) * float64(weight[i]) * z / float64(n)
				}
				variance += 1e-3
				for i := range n {
					z, dz := float64(from[row*n+i])-mean, float64(up[row*n+i])*float64(weight[i])
					want := (dz - slope - z*product/variance) / math.Sqrt(variance)
					// Some roundings of the largest dz, and of the largest x where it meets one.
					unit := 0x1p-24 * steepest / math.Sqrt(variance) * (1 + largest/math.Sqrt(variance))
					if got := float64(dx[row*n+i]); math.Abs(got-want) > 2*unit {
						t.Fatalf("%s: element %d of row %d of %d is %v, want %v", l.name, i, row, n, got, want)
					}
				}
			}
			if dx[rows*n] != beyond {
				t.Fatalf("%s: wrote beyond", l.name)
			}
		}
	}
}

func BenchmarkActivations(b *testing.B) {
	x := random(rand.New(rand.NewPCG(1, 2)), 1<<14)
	y := make([]float32, len(x))
	for f, name := range []string{"ReLU6", "Sigmoid", "SiLU", "Hardsigmoid", "Hardswish", "GELU"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Function(f).Apply(y, x)
			}
			b.ReportMetric(float64(b.N*len(x))/float64(b.Elapsed().Nanoseconds()), "elements/ns")
		})
	}
}

func BenchmarkLayerNormGradient(b *testing.B) {
	const n, rows = 384, 196
	r := rand.New(rand.NewPCG(1, 2))
	x, dy, dx, weight := random(r, rows*n), random(r, rows*n), make([]float32, rows*n), random(r, n)
	for _, l := range all {
		b.Run(l.name, func(b *testing.B) {
			b.SetBytes(4 * n * rows)
			for b.Loop() {
				l.normaliseGradient(dx, dy, x, weight, rows, 1e-6)
			}
		})
	}
}
