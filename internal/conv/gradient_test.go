package conv

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// TestGradients holds gradients to the definition in float64, with every kernel.
func TestGradients(t *testing.T) {
	for _, kern := range kernels {
		t.Run(kern.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(31, 32))
			computed, blocked := 0, 0
			for trial := range 200 {
				s, _ := randomShape(r, trial)
				if trial%7 == 6 { // for blocks
					s.Dilation, s.Groups, s.In = 1, 1, 1+r.IntN(3)
				}
				n, h, w := 1+r.IntN(2), 1+r.IntN(14), 1+r.IntN(14)
				oh, ow := s.OutSize(h, w)
				if oh < 1 || ow < 1 {
					continue
				}
				in, out := s.In/s.Groups, s.Out/s.Groups
				weight, scale, bias := random(r, s.Out*in*s.taps()), random(r, s.Out), random(r, s.Out)
				c, err := newConv(kern, s, weight, scale, bias)
				if err != nil {
					t.Fatal(err)
				}
				if trial%6 == 3 {
					c.Training()
				}
				if !s.Differentiable() {
					continue
				}
				g := c.Gradient()
				computed++
				dy := random(r, n*s.Out*oh*ow)
				want, size := make([]float64, n*s.In*h*w), make([]float64, n*s.In*h*w)
				var mem Memory
				var add *Maps
				if trial%2 == 0 {
					more := random(r, len(want))
					for i, v := range more {
						want[i], size[i] = float64(v), math.Abs(float64(v))
					}
					add = FromNCHW(more, n, s.In, h, w, 0, &mem)
				}
				for i := range n {
					for o := range s.Out {
						for a := range oh {
							for b := range ow {
								v := float64(dy[((i*s.Out+o)*oh+a)*ow+b]) * float64(scale[o])
								for ci := range in {
									for u := range s.Kernel[0] {
										for k := range s.Kernel[1] {
											p, q := a*s.Stride+u*s.Dilation-s.Padding[0], b*s.Stride+k*s.Dilation-s.Padding[1]
											if p < 0 || p >= h || q < 0 || q >= w {
												continue
											}
											at := ((i*s.In+o/out*in+ci)*h+p)*w + q
											term := v * float64(weight[((o*in+ci)*s.Kernel[0]+u)*s.Kernel[1]+k])
											want[at] += term
											size[at] += math.Abs(term)
										}
									}
								}
							}
						}
					}
				}
				maps := FromNCHW(dy, n, s.Out, oh, ow, 0, &mem)
				var first []float32
				for way, procs := range []int{1, 3, 1} {
					if way == 2 {
						if g.blocks == nil {
							break
						}
						// Blocks round as parts do, but in another order.
						blocked++
						g, first = &Gradient{Shape: s, parts: c.parts()}, nil
					}
					old := runtime.GOMAXPROCS(procs)
					dx := mem.Maps(n, h, w, s.In, 0)
					for i := range dx.pixels() {
						dx.pixels()[i] = float32(math.NaN())
					}
					err := g.Apply(dx, maps, add, &mem)
					runtime.GOMAXPROCS(old)
					if err != nil {
						t.Fatal(err)
					}
					got := dx.NCHW()
					if first == nil {
						first = got
					} else if !slices.Equal(first, got) {
						t.Fatalf("%+v: other bits with 3 goroutines", s)
					}
					for i, v := range got {
						// Winograd's algorithm rounds more.
						if d := math.Abs(float64(v) - want[i]); !(d <= 3e-6*size[i]+1e-5*math.Sqrt(float64(s.Out))) {
							t.Fatalf("trial %d, %+v on %d x %d x %d: element %d is %v, want %v", trial, s, n, h, w, i, v, want[i])
						}
					}
				}
			}
			if computed < 80 || blocked < 10 {
				t.Errorf("only %d gradients, %d by blocks", computed, blocked)
			}
		})
	}
}
