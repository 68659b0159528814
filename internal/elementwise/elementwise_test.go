package elementwise

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var all = append(machine(), &portable)

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

// TestSums holds sums of rows, and of the products of two, to their definition.
func TestSums(t *testing.T) {
	for _, l := range all {
		r := rand.New(rand.NewPCG(5, 6))
		for range 200 {
			n, rows := 1+r.IntN(90), 1+r.IntN(200)
			a, b := Rows{nil, n + r.IntN(5)}, Rows{nil, n + r.IntN(5)}
			a.Data, b.Data = random(r, (rows-1)*a.Stride+n), random(r, (rows-1)*b.Stride+n)
			sums, dots := make([]float64, n), make([]float64, n)
			sums[0], dots[0] = 3, 3
			l.add(sums, a, rows)
			l.addDots(dots, a, b, rows)
			for c := range n {
				sum, size, dot, product := 0.0, 0.0, 0.0, 0.0
				if c == 0 {
					sum, dot = 3, 3
				}
				for row := range rows {
					u, v := float64(a.Data[row*a.Stride+c]), float64(b.Data[row*b.Stride+c])
					sum, size = sum+u, size+math.Abs(u)
					dot, product = dot+u*v, product+math.Abs(u*v)
				}
				if math.Abs(sums[c]-sum) > 1e-6*size {
					t.Fatalf("%s: sum of channel %d of %d in %d rows is %v, want %v", l.name, c, n, rows, sums[c], sum)
				}
				if math.Abs(dots[c]-dot) > 1e-6*product {
					t.Fatalf("%s: products of channel %d of %d in %d rows add up to %v, want %v", l.name, c, n, rows, dots[c], dot)
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
