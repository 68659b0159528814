package conv

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"
)

func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// definition convolves a batch of NCHW by the definition, in float64, and
// returns with each element the sum of the sizes of its summands.
func definition(s Shape, x, weight, scale, bias, shortcut []float32, relu bool, n, h, w int) (y, size []float64) {
	oh, ow := s.OutSize(h), s.OutSize(w)
	in, out := s.In/s.Groups, s.Out/s.Groups
	for i := range n {
		for o := range s.Out {
			for a := range oh {
				for b := range ow {
					sum, abs := float64(bias[o]), math.Abs(float64(bias[o]))
					for c := range in {
						for u := range s.Kernel {
							for v := range s.Kernel {
								p, q := a*s.Stride+u*s.Dilation-s.Padding, b*s.Stride+v*s.Dilation-s.Padding
								if p < 0 || p >= h || q < 0 || q >= w {
									continue
								}
								product := float64(x[((i*s.In+o/out*in+c)*h+p)*w+q]) * float64(weight[((o*in+c)*s.Kernel+u)*s.Kernel+v]) * float64(scale[o])
								sum += product
								abs += math.Abs(product)
							}
						}
					}
					if shortcut != nil {
						sum += float64(shortcut[len(y)])
						abs += math.Abs(float64(shortcut[len(y)]))
					}
					if relu {
						sum = max(sum, 0)
					}
					y, size = append(y, sum), append(size, abs)
				}
			}
		}
	}
	return y, size
}

// TestConvAgainstDefinition convolves random shapes with every kernel, in
// every way that there is.
func TestConvAgainstDefinition(t *testing.T) {
	for _, kern := range kernels {
		t.Run(kern.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			worst := map[int]float64{}
			for trial := range 150 {
				s := Shape{In: 1 + r.IntN(40), Out: 1 + r.IntN(70), Kernel: 1 + r.IntN(4), Stride: 1 + r.IntN(3), Dilation: 1 + r.IntN(2), Groups: 1}
				s.Padding = r.IntN(s.Kernel + 1)
				border := 0
				switch trial % 5 {
				case 0:
					s.Groups = 1 + r.IntN(4)
					s.In, s.Out = s.Groups*(1+r.IntN(9)), s.Groups*(1+r.IntN(40))
				case 1:
					border = s.Padding + r.IntN(2)
					s.In = 1 + r.IntN(4)
				case 2, 3:
					s = Shape{In: 16 * (1 + r.IntN(4)), Out: 16 * (1 + r.IntN(5)), Kernel: 3, Stride: 1, Dilation: 1, Padding: r.IntN(3), Groups: 1}
				}
				n, h, w := 1+r.IntN(3), 1+r.IntN(13), 1+r.IntN(13)
				if s.OutSize(h) < 1 || s.OutSize(w) < 1 {
					continue
				}
				in := s.In / s.Groups
				x, weight := random(r, n*s.In*h*w), random(r, s.Out*in*s.Kernel*s.Kernel)
				scale, bias := random(r, s.Out), random(r, s.Out)
				var shortcut []float32
				var mem Memory
				oh, ow := s.OutSize(h), s.OutSize(w)
				var add *Maps
				if r.IntN(2) == 0 {
					shortcut = random(r, n*s.Out*oh*ow)
					add = FromNCHW(shortcut, n, s.Out, oh, ow, 0, &mem)
				}
				relu := r.IntN(2) == 0
				c, err := newConv(kern, s, weight, scale, bias)
				if err != nil {
					t.Fatal(err)
				}
				want, size := definition(s, x, weight, scale, bias, shortcut, relu, n, h, w)
				unit := slices.Max(size) * 0x1p-24
				maps := FromNCHW(x, n, s.In, h, w, border, &mem)
				if !slices.Equal(maps.NCHW(), x) {
					t.Fatal("NCHW is not the inverse of FromNCHW")
				}
				for v := -1; v < variants; v++ {
					y := mem.Maps(n, oh, ow, s.Out, 0)
					for i := range y.data[y.lead:] {
						y.data[y.lead+i] = float32(math.NaN())
					}
					floor := float32(math.Inf(-1))
					if relu {
						floor = 0
					}
					if v < 0 {
						c.direct().run(c, maps, y, add, floor, &mem)
					} else if c.variant(maps) >= 0 || s.Kernel == 3 && s.Stride == 1 && s.Dilation == 1 && s.Groups == 1 && border == 0 && s.In%vector == 0 && s.Out%vector == 0 {
						c.winograd[v]().run(c, maps, y, add, floor, &mem)
					} else {
						continue
					}
					for i, got := range y.NCHW() {
						d := math.Abs(float64(got)-want[i]) / unit
						if !(d < 60) {
							t.Fatalf("trial %d, variant %d, %+v on %d x %d x %d: element %d is %v, want %v", trial, v, s, n, h, w, i, got, want[i])
						}
						worst[v] = max(worst[v], d)
					}
					mem.Free(y)
				}
			}
			t.Logf("largest differences in roundings of the sum of |a||b|: %v", worst)
		})
	}
}

// layers are the convolutions of ResNet18 on 3 x 128 x 128: side of the input.
var layers = []struct {
	name  string
	side  int
	shape Shape
}{
	{"conv1", 128, Shape{3, 64, 7, 2, 1, 3, 1}},
	{"layer1", 32, Shape{64, 64, 3, 1, 1, 1, 1}},
	{"layer2.0.conv1", 32, Shape{64, 128, 3, 2, 1, 1, 1}},
	{"layer2.0.downsample", 32, Shape{64, 128, 1, 2, 1, 0, 1}},
	{"layer2", 16, Shape{128, 128, 3, 1, 1, 1, 1}},
	{"layer3.0.conv1", 16, Shape{128, 256, 3, 2, 1, 1, 1}},
	{"layer3.0.downsample", 16, Shape{128, 256, 1, 2, 1, 0, 1}},
	{"layer3", 8, Shape{256, 256, 3, 1, 1, 1, 1}},
	{"layer4.0.conv1", 8, Shape{256, 512, 3, 2, 1, 1, 1}},
	{"layer4.0.downsample", 8, Shape{256, 512, 1, 2, 1, 0, 1}},
	{"layer4", 4, Shape{512, 512, 3, 1, 1, 1, 1}},
}

// BenchmarkConv runs every convolution of ResNet18, for one image and for 16,
// in every way that there is. The operations reported are those of the direct
// way. One image turns through several copies of the weights, for between two
// runs of a layer a network fetches all its others.
func BenchmarkConv(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, l := range layers {
		s := l.shape
		weight, scale, bias := random(r, s.Out*s.In*s.Kernel*s.Kernel), random(r, s.Out), random(r, s.Out)
		const copies = 6
		var convs [copies]*Conv
		for i := range convs {
			var err error
			if convs[i], err = New(s, weight, scale, bias); err != nil {
				b.Fatal(err)
			}
		}
		for _, n := range []int{1, 16} {
			var mem Memory
			border := 0
			if s.In == 3 {
				border = s.Padding
			}
			x := FromNCHW(random(r, n*s.In*l.side*l.side), n, s.In, l.side, l.side, border, &mem)
			side := s.OutSize(l.side)
			y := mem.Maps(n, side, side, s.Out, 0)
			for v := -1; v < variants; v++ {
				if v >= 0 && (s.Kernel != 3 || s.Stride != 1) {
					continue
				}
				for _, threads := range []int{1, 2} {
					way := "direct"
					if v >= 0 {
						way = fmt.Sprintf("F%d", tileSize(v))
					}
					b.Run(fmt.Sprintf("%s/batch=%d/%s/threads=%d", l.name, n, way, threads), func(b *testing.B) {
						defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
						for _, c := range convs {
							if v < 0 {
								c.direct()
							} else {
								c.winograd[v]()
							}
						}
						i, fastest := 0, time.Duration(1<<62)
						for b.Loop() {
							start := time.Now()
							c := convs[i%copies]
							i++
							if v < 0 {
								c.direct().run(c, x, y, nil, 0, &mem)
							} else {
								c.winograd[v]().run(c, x, y, nil, 0, &mem)
							}
							fastest = min(fastest, time.Since(start))
						}
						flop := 2 * float64(n*side*side*s.Out*s.In*s.Kernel*s.Kernel)
						b.ReportMetric(flop*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
						b.ReportMetric(flop/float64(fastest.Nanoseconds()), "maxGFLOP/s")
					})
				}
			}
		}
	}
}
