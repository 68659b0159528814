package conv

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// weightGradient is the definition in float64, of a batch of NCHW, and returns with each
// element the sum of the sizes of its summands.
func weightGradient(s Shape, x, dy []float32, n, h, w int) (dw, size []float64) {
	oh, ow := s.OutSize(h, w)
	in, out := s.In/s.Groups, s.Out/s.Groups
	for o := range s.Out {
		for c := range in {
			for u := range s.Kernel[0] {
				for v := range s.Kernel[1] {
					sum, abs := 0.0, 0.0
					for i := range n {
						for a := range oh {
							p := a*s.Stride + u*s.Dilation - s.Padding[0]
							if p < 0 || p >= h {
								continue
							}
							row, by := x[((i*s.In+o/out*in+c)*h+p)*w:][:w], dy[((i*s.Out+o)*oh+a)*ow:][:ow]
							for b, d := range by {
								if q := b*s.Stride + v*s.Dilation - s.Padding[1]; q >= 0 && q < w {
									term := float64(d) * float64(row[q])
									sum += term
									abs += math.Abs(term)
								}
							}
						}
					}
					dw, size = append(dw, sum), append(size, abs)
				}
			}
		}
	}
	return dw, size
}

// TestWeightGradients holds gradients to the definition in float64, with every kernel, and
// their bits to each other for any number of goroutines. What rounding may do is as in
// TestConvAgainstDefinition.
func TestWeightGradients(t *testing.T) {
	for _, kern := range kernels {
		t.Run(kern.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(41, 42))
			worst := map[string]float64{}
			for trial := range 150 {
				s, border := randomShape(r, trial)
				n, h, w := 1+r.IntN(4), 1+r.IntN(14), 1+r.IntN(14)
				switch trial % 10 {
				case 7: // a linear layer
					s.Kernel, s.Padding, s.Stride, s.Dilation, s.Groups = [2]int{h, w}, [2]int{}, 1, 1, 1
					border = 0
					n, s.In = 1+r.IntN(300), 1+r.IntN(9)
					if r.IntN(2) == 0 {
						h, w, s.Kernel = 1, 1, [2]int{1, 1}
					}
				case 8: // the first layer
					s = Shape{In: 3, Out: 1 + r.IntN(70), Kernel: [2]int{7, 7}, Stride: 2, Dilation: 1, Padding: [2]int{3, 3}, Groups: 1}
					n, h, w, border = 1, 1+r.IntN(60), 1+r.IntN(60), 3*r.IntN(2)
				case 9: // more than a block
					s.In, s.Out, s.Groups = 1+r.IntN(5), 1+r.IntN(20), 1
					n, h, w = 1+r.IntN(20), 1+r.IntN(40), 1+r.IntN(40)
					if s.Kernel == [2]int{3, 3} {
						s.In, s.Out, n = 16, 16, 20+r.IntN(10)
					}
				}
				oh, ow := s.OutSize(h, w)
				if oh < 1 || ow < 1 {
					continue
				}
				weight := make([]float32, s.Out*s.In/s.Groups*s.taps())
				c, err := newConv(kern, s, weight, make([]float32, s.Out), make([]float32, s.Out))
				if err != nil {
					t.Fatal(err)
				}
				x, dy := random(r, n*s.In*h*w), random(r, n*s.Out*oh*ow)
				want, size := weightGradient(s, x, dy, n, h, w)
				var mem Memory
				maps, by := FromNCHW(x, n, s.In, h, w, border, &mem), FromNCHW(dy, n, s.Out, oh, ow, 0, &mem)
				var first, firstB []float32
				for _, procs := range []int{1, 2, 4, 8} {
					dw, db := make([]float32, len(weight)), make([]float32, s.Out)
					for i := range dw {
						dw[i] = float32(math.NaN())
					}
					old := runtime.GOMAXPROCS(procs)
					err := c.WeightGradient().Apply(dw, db, maps, by, &mem)
					runtime.GOMAXPROCS(old)
					if err != nil {
						t.Fatal(err)
					}
					if first == nil {
						first, firstB = dw, db
					}
					if !slices.Equal(first, dw) || !slices.Equal(firstB, db) {
						t.Fatalf("trial %d, %+v: other bits with %d goroutines", trial, s, procs)
					}
				}
				unit := 0x1p-24 * math.Sqrt(float64(min(n*oh*ow, 2*blockPixels)+2))
				for i, got := range first {
					d := math.Abs(float64(got)-want[i]) / (unit*size[i] + 1e-30)
					if !(d < 2) && !c.winogradFits(maps) {
						t.Fatalf("trial %d, %+v on %d x %d x %d: element %d is %v, want %v", trial, s, n, h, w, i, got, want[i])
					}
					way := "direct"
					if c.winogradFits(maps) {
						way = "winograd"
					}
					worst[way] = max(worst[way], d)
				}
				for o, got := range firstB {
					sum, size := 0.0, 0.0
					for i := range n {
						for _, v := range dy[(i*s.Out+o)*oh*ow : (i*s.Out+o+1)*oh*ow] {
							sum += float64(v)
							size += math.Abs(float64(v))
						}
					}
					if !(math.Abs(float64(got)-sum) <= 2*0x1p-24*math.Sqrt(64)*size) { // sums of 64 in float32
						t.Fatalf("trial %d, %+v: summand %d is %v, want %v", trial, s, o, got, sum)
					}
				}
			}
			t.Logf("largest difference, in sqrt(k) roundings of the sum of sizes: %v", worst)
		})
	}
}
