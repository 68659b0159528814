package elementwise

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// normSizes are channels and rows of which vectors, and groups of rows, are left over.
func normSizes(f func(channels, rows int)) {
	for _, channels := range []int{1, 3, 4, 5, 8, 12, 15, 16, 17, 25, 31, 33, 64, 100} {
		for _, rows := range []int{1, 2, 7, 8, 9, 17, 200} {
			f(channels, rows)
		}
	}
}

// doubles returns random numbers.
func doubles(r *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

// TestMomentsAndProducts holds the sums to plain loops in float64, in rows that are longer
// than what is added up, between numbers that must stay.
func TestMomentsAndProducts(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	nan := float32(math.NaN())
	for _, l := range all {
		normSizes(func(n, rows int) {
			stride := n + r.IntN(20)
			size := (rows-1)*stride + n
			x, dy, y := random(r, rows*stride), random(r, rows*stride), random(r, rows*stride)
			y[r.IntN(size)], y[r.IntN(size)], y[r.IntN(size)] = 0, nan, float32(math.Copysign(0, -1))
			centre, before := doubles(r, n), doubles(r, 4*n+4)
			for _, rectified := range []bool{false, true} {
				got, want := slices.Clone(before), slices.Clone(before)
				sum, squares, dsum, products := got[1:][:n], got[n+2:][:n], got[2*n+3:][:n], got[3*n+4:][:n]
				masked := slices.Clone(dy)
				for i := range x {
					c := i % stride
					if c >= n {
						continue
					}
					if rectified && y[i] <= 0 {
						masked[i] = 0
					}
					d := float64(x[i]) - centre[c]
					want[1+c] += d
					want[n+2+c] += d * d
					want[2*n+3+c] += float64(masked[i])
					want[3*n+4+c] += float64(masked[i]) * d
				}
				through, out := slices.Clone(dy), []float32(nil)
				if rectified {
					out = y[:size]
				}
				l.addMoments(sum, squares, x[:size], centre, stride, rows)
				l.addProducts(dsum, products, through[:size], x[:size], out, centre, stride, rows)
				for i, v := range got {
					if math.Abs(v-want[i]) > 1e-13*float64(rows) || (i%(n+1) == 0 && i/(n+1) < 4 && v != before[i]) {
						t.Fatalf("%s: %d rows of %d: sum %d is %v, want %v", l.name, rows, n, i, v, want[i])
					}
				}
				if !slices.Equal(through, masked) {
					t.Fatalf("%s: %d rows of %d, rectified %v: dy became %v, want %v", l.name, rows, n, rectified, through, masked)
				}
			}
		})
	}
}

func TestNorm(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	for _, l := range all {
		trial := 0
		normSizes(func(n, rows int) {
			trial++
			size := n * rows
			x, dy, add := random(r, size), random(r, size), random(r, size)
			c := Norm{random(r, n), random(r, n), random(r, n), random(r, n)}
			for i := range x { // far from 0, where scale x + shift would be wrong
				x[i] += 1000
			}
			for i := range c.Centre {
				c.Centre[i] += 1000
			}
			at := r.IntN(size)
			x[at] = float32(math.NaN())
			for which := range 8 {
				d, a, relu := dy, add, which&4 != 0
				if which&1 == 0 {
					d = nil
				}
				if which&2 == 0 {
					a = nil
				}
				y := random(r, size+1)
				last := y[size]
				c.apply(l, y[:size], x, d, a, rows, relu)
				for i, got := range y[:size] {
					k := i % n
					want := (float64(x[i])-float64(c.Centre[k]))*float64(c.Scale[k]) + float64(c.Shift[k])
					if d != nil {
						want += float64(d[i]) * float64(c.Factor[k])
					}
					if a != nil {
						want += float64(a[i])
					}
					if relu {
						want = max(want, 0)
					}
					if i == at {
						if got == got {
							t.Fatalf("%s: NaN became %v", l.name, got)
						}
					} else if !(math.Abs(float64(got)-want) <= 3e-6) {
						t.Fatalf("%s: %d rows of %d, with dy %v, add %v, relu %v: element %d is %v, want %v", l.name, rows, n, d != nil, a != nil, relu, i, got, want)
					}
				}
				if y[size] != last {
					t.Fatalf("%s: wrote beyond", l.name)
				}
			}
		})
	}
}
