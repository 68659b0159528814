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
func definition(s Shape, x, weight, scale, bias, shortcut []float32, after After, n, h, w int) (y, size []float64) {
	oh, ow := s.OutSize(h, w)
	in, out := s.In/s.Groups, s.Out/s.Groups
	for i := range n {
		for o := range s.Out {
			for a := range oh {
				for b := range ow {
					sum, abs := float64(bias[o]), math.Abs(float64(bias[o]))
					for c := range in {
						for u := range s.Kernel[0] {
							for v := range s.Kernel[1] {
								p, q := a*s.Stride+u*s.Dilation-s.Padding[0], b*s.Stride+v*s.Dilation-s.Padding[1]
								if p < 0 || p >= h || q < 0 || q >= w {
									continue
								}
								product := float64(x[((i*s.In+o/out*in+c)*h+p)*w+q]) * float64(weight[((o*in+c)*s.Kernel[0]+u)*s.Kernel[1]+v]) * float64(scale[o])
								sum += product
								abs += math.Abs(product)
							}
						}
					}
					if shortcut != nil {
						sum += float64(shortcut[len(y)])
						abs += math.Abs(float64(shortcut[len(y)]))
					}
					if after.ReLU || after.F != nil {
						sum = max(sum, 0)
					}
					if after.Cap > 0 {
						sum = min(sum, float64(after.Cap))
					}
					y, size = append(y, sum), append(size, abs)
				}
			}
		}
	}
	return y, size
}

// randomShape is a convolution that some way is the best for.
func randomShape(r *rand.Rand, trial int) (s Shape, border int) {
	s = Shape{In: 1 + r.IntN(40), Out: 1 + r.IntN(70), Kernel: [2]int{1 + r.IntN(4), 1 + r.IntN(4)}, Stride: 1 + r.IntN(3), Dilation: 1 + r.IntN(2), Groups: 1}
	s.Padding = [2]int{r.IntN(s.Kernel[0] + 1), r.IntN(s.Kernel[1] + 1)}
	switch trial % 6 {
	case 5: // depthwise, on wider maps than the others
		s.In = 1 + r.IntN(40)
		s.Out, s.Groups = s.In, s.In
		if trial%4 == 1 {
			border = max(s.Padding[0], s.Padding[1]) + r.IntN(2)
		}
	case 0:
		s.Groups = 1 + r.IntN(4)
		s.In, s.Out = s.Groups*(1+r.IntN(9)), s.Groups*(1+r.IntN(40))
	case 1:
		border = max(s.Padding[0], s.Padding[1]) + r.IntN(2)
		s.In = 1 + r.IntN(4)
	case 2, 3:
		s = Shape{In: 16 * (1 + r.IntN(4)), Out: 16 * (1 + r.IntN(5)), Kernel: [2]int{3, 3}, Stride: 1, Dilation: 1, Groups: 1}
		s.Padding[0] = r.IntN(3)
		s.Padding[1] = s.Padding[0]
	}
	return s, border
}

// TestConvAgainstDefinition convolves random shapes with every kernel, in
// every way that there is, to memory that holds NaN, and holds the results to
// the definition in float64. What rounding may do is a few roundings (by
// chance alone the square root of their number: see internal/gemm's tests) of
// the sum of the sizes of all that is added up: for the direct way the
// products, for Winograd's what its algorithm makes of the same sum.
func TestConvAgainstDefinition(t *testing.T) {
	for _, kern := range kernels {
		t.Run(kern.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			worst := map[int]float64{}
			for trial := range 150 {
				s, border := randomShape(r, trial)
				n, h, w := 1+r.IntN(2), 1+r.IntN(11), 1+r.IntN(11)
				if trial%6 == 5 {
					w = 1 + r.IntN(40)
				}
				oh, ow := s.OutSize(h, w)
				if oh < 1 || ow < 1 {
					continue
				}
				training := trial%6 == 3 // then weights are not packed for Winograd's ways
				if training && trial%4 == 1 {
					s.In = onceRun + 16 // one run of channels and a part of one
				}
				in := s.In / s.Groups
				x, weight := random(r, n*s.In*h*w), random(r, s.Out*in*s.taps())
				scale, bias := random(r, s.Out), random(r, s.Out)
				var mem Memory
				var shortcut []float32
				var add *Maps
				if r.IntN(2) == 0 {
					shortcut = random(r, n*s.Out*oh*ow)
					add = FromNCHW(shortcut, n, s.Out, oh, ow, 0, &mem)
				}
				relu := r.IntN(2) == 0
				after := After{ReLU: relu}
				if relu && r.IntN(2) == 0 {
					after.Cap = 2
				} else if relu && r.IntN(2) == 0 {
					after = After{F: func(y []float32) { clamp(y, 0, 1e30) }}
				}
				c, err := newConv(kern, s, weight, scale, bias)
				if err != nil {
					t.Fatal(err)
				}
				if training {
					c.Training()
				}
				want, size := definition(s, x, weight, scale, bias, shortcut, after, n, h, w)
				maps := FromNCHW(x, n, s.In, h, w, border, &mem)
				for v := channelwise; v < variants; v++ {
					if v == channelwise && (s.Groups != s.In || s.Groups != s.Out) {
						continue
					}
					if v >= 0 {
						if !c.winogradFits(maps) {
							continue
						}
						size = winogradSize(c, x, bias, shortcut, n, h, w, v)
					}
					y := mem.Maps(n, oh, ow, s.Out, 0)
					for i := range y.pixels() {
						y.pixels()[i] = float32(math.NaN())
					}
					c.apply(y, maps, add, after, v, &mem)
					unit := 0x1p-24 * math.Sqrt(float64(in*s.taps()+2))
					for i, got := range y.NCHW() {
						d := math.Abs(float64(got)-want[i]) / (unit * size[i])
						if !(d < 2) {
							t.Fatalf("trial %d, variant %d, %+v on %d x %d x %d: element %d is %v, want %v", trial, v, s, n, h, w, i, got, want[i])
						}
						worst[v] = max(worst[v], d)
					}
					mem.Free(y)
				}
			}
			if len(worst) != 2+variants {
				t.Errorf("not all ways were taken: %v", worst)
			}
			t.Logf("largest difference, in sqrt(k) roundings of the sum of sizes, of each way: %v", worst)
		})
	}
}

// winogradSize returns for each element the sum of the sizes of all that its
// algorithm adds up: |A|ᵀ [(|G| |g| |G|ᵀ) ⊙ (|B|ᵀ |d| |B|)] |A|, and the rest.
func winogradSize(c *Conv, x, bias, shortcut []float32, images, h, w, variant int) []float64 {
	m := tileSize(variant)
	n := m + 2
	in, out := matrix([]func(*[6]float32){input2, input4}[variant], n, n), matrix([]func(*[6]float32){output2, output4}[variant], m, n)
	var g [6][6]float64
	for j := range 3 {
		var k [6]float64
		k[j] = 1
		filter(&k, n)
		for i := range n {
			g[i][j] = math.Abs(k[i])
		}
	}
	kernels := make([][6][6]float64, c.Out*c.In)
	for i := range kernels {
		var k [6][6]float64
		for j := range 9 {
			k[j/3][j%3] = math.Abs(float64(c.weight[i*9+j]) * float64(c.scale[i/c.In]))
		}
		kernels[i] = both(g, k, n, 3)
	}
	oh, ow := c.OutSize(h, w)
	size := make([]float64, images*c.Out*oh*ow)
	for i := range images {
		for top := 0; top < oh; top += m {
			for left := 0; left < ow; left += m {
				points := make([][6][6]float64, c.In)
				for j := range points {
					var d [6][6]float64
					for a := range n {
						for b := range n {
							if p, q := top+a-c.Padding[0], left+b-c.Padding[1]; p >= 0 && p < h && q >= 0 && q < w {
								d[a][b] = math.Abs(float64(x[((i*c.In+j)*h+p)*w+q]))
							}
						}
					}
					points[j] = both(in, d, n, n)
				}
				for o := range c.Out {
					var sum [6][6]float64
					for j, p := range points {
						for a := range n {
							for b := range n {
								sum[a][b] += p[a][b] * kernels[o*c.In+j][a][b]
							}
						}
					}
					y := both(out, sum, m, n)
					for a := range min(m, oh-top) {
						for b := range min(m, ow-left) {
							at := ((i*c.Out+o)*oh+top+a)*ow + left + b
							size[at] = y[a][b] + math.Abs(float64(bias[o]))
							if shortcut != nil {
								size[at] += math.Abs(float64(shortcut[at]))
							}
						}
					}
				}
			}
		}
	}
	return size
}

// matrix returns the sizes of the elements of a transform, m x n.
func matrix(transform func(*[6]float32), m, n int) (out [6][6]float64) {
	for j := range n {
		var d [6]float32
		d[j] = 1
		transform(&d)
		for i := range m {
			out[i][j] = math.Abs(float64(d[i]))
		}
	}
	return out
}

// both returns a x aᵀ for an m x n matrix a.
func both(a, x [6][6]float64, m, n int) (y [6][6]float64) {
	var half [6][6]float64
	for i := range m {
		for j := range n {
			for k := range n {
				half[i][j] += a[i][k] * x[k][j]
			}
		}
	}
	for i := range m {
		for j := range m {
			for k := range n {
				y[i][j] += half[i][k] * a[j][k]
			}
		}
	}
	return y
}

// TestSameBits convolves images together and alone, on one goroutine and on
// several, each kernel and each way: every element must keep its bits.
func TestSameBits(t *testing.T) {
	for _, kern := range kernels {
		t.Run(kern.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(5, 6))
			var taken [variants + 1]bool
			for _, l := range []struct {
				side  int
				shape Shape
			}{
				{12, Shape{In: 3, Out: 20, Kernel: [2]int{7, 7}, Stride: 2, Dilation: 1, Padding: [2]int{3, 3}, Groups: 1}},
				{20, Shape{In: 16, Out: 48, Kernel: [2]int{3, 3}, Stride: 1, Dilation: 1, Padding: [2]int{1, 1}, Groups: 1}},
				{4, Shape{In: 32, Out: 96, Kernel: [2]int{3, 3}, Stride: 1, Dilation: 1, Padding: [2]int{1, 1}, Groups: 1}},
				{9, Shape{In: 40, Out: 80, Kernel: [2]int{3, 3}, Stride: 2, Dilation: 1, Padding: [2]int{1, 1}, Groups: 2}},
			} {
				s, n := l.shape, 9
				c, err := newConv(kern, s, random(r, s.Out*s.In/s.Groups*s.taps()), random(r, s.Out), random(r, s.Out))
				if err != nil {
					t.Fatal(err)
				}
				var mem Memory
				x := FromNCHW(random(r, n*s.In*l.side*l.side), n, s.In, l.side, l.side, 0, &mem)
				side, _ := s.OutSize(l.side, l.side)
				whole := mem.Maps(n, side, side, s.Out, 0)
				if err := c.Apply(whole, x, nil, After{ReLU: true}, &mem); err != nil {
					t.Fatal(err)
				}
				taken[c.variant(x)+1] = true
				want := slices.Clone(whole.pixels())
				for _, procs := range []int{1, 2, 3, 8} {
					old := runtime.GOMAXPROCS(procs)
					for lo := range n {
						hi := lo + 1 + r.IntN(n-lo)
						clear(whole.pixels())
						part := whole.Images(lo, hi)
						if err := c.Apply(part, x.Images(lo, hi), nil, After{ReLU: true}, &mem); err != nil {
							t.Fatal(err)
						}
						size := side * side * s.Out
						if !slices.Equal(part.pixels(), want[lo*size:hi*size]) {
							t.Fatalf("%+v, images %d to %d, GOMAXPROCS=%d: other bits", s, lo, hi, procs)
						}
					}
					runtime.GOMAXPROCS(old)
				}
			}
			for i, ok := range taken {
				if !ok {
					t.Errorf("variant %d was not taken", i-1)
				}
			}
		})
	}
}

// TestRefusals lists what does not fit.
func TestRefusals(t *testing.T) {
	s := Shape{In: 3, Out: 4, Kernel: [2]int{3, 3}, Stride: 1, Dilation: 1, Padding: [2]int{1, 1}, Groups: 1}
	weight, four := make([]float32, 108), make([]float32, 4)
	for i, bad := range []Shape{
		{}, {3, 4, [2]int{3, 3}, 0, 1, [2]int{1, 1}, 1}, {3, 4, [2]int{3, 3}, 1, 0, [2]int{1, 1}, 1}, {3, 4, [2]int{3, 3}, 1, 1, [2]int{-1, -1}, 1}, {3, 4, [2]int{3, 3}, 1, 1, [2]int{1, 1}, 2}, {4, 3, [2]int{3, 3}, 1, 1, [2]int{1, 1}, 2}, {3, 4, [2]int{3, 3}, 1, 1, [2]int{1, 1}, 0},
	} {
		if _, err := New(bad, weight, four, four); err == nil {
			t.Errorf("shape %d, %+v, was accepted", i, bad)
		}
	}
	if _, err := New(s, weight[1:], four, four); err == nil {
		t.Error("too few weights were accepted")
	}
	c, err := New(s, weight, four, four)
	if err != nil {
		t.Fatal(err)
	}
	var mem Memory
	x, y := mem.Maps(2, 5, 5, 3, 0), mem.Maps(2, 5, 5, 4, 0)
	if err := c.Apply(y, x, nil, After{}, &mem); err != nil {
		t.Fatal(err)
	}
	wide, err := New(Shape{In: 3, Out: 4, Kernel: [2]int{3, 3}, Stride: 1, Dilation: 9, Padding: [2]int{1, 1}, Groups: 1}, weight, four, four)
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"4 channels":              c.Apply(y, mem.Maps(2, 5, 5, 4, 0), nil, After{}, &mem),
		"an output of 3 channels": c.Apply(mem.Maps(2, 5, 5, 3, 0), x, nil, After{}, &mem),
		"an output of one image":  c.Apply(y.Images(0, 1), x, nil, After{}, &mem),
		"an output with a border": c.Apply(mem.Maps(2, 5, 5, 4, 1), x, nil, After{}, &mem),
		"a misshapen shortcut":    c.Apply(y, x, y.Images(1, 2), After{}, &mem),
		"too large a kernel":      wide.Apply(y, x, nil, After{}, &mem),
	} {
		if err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// layers are the convolutions of ResNet18 on 3 x 128 x 128: side of the input.
var layers = []struct {
	name  string
	side  int
	shape Shape
}{
	{"conv1", 128, Shape{3, 64, [2]int{7, 7}, 2, 1, [2]int{3, 3}, 1}},
	{"layer1", 32, Shape{64, 64, [2]int{3, 3}, 1, 1, [2]int{1, 1}, 1}},
	{"layer2.0.conv1", 32, Shape{64, 128, [2]int{3, 3}, 2, 1, [2]int{1, 1}, 1}},
	{"layer2.0.downsample", 32, Shape{64, 128, [2]int{1, 1}, 2, 1, [2]int{0, 0}, 1}},
	{"layer2", 16, Shape{128, 128, [2]int{3, 3}, 1, 1, [2]int{1, 1}, 1}},
	{"layer3.0.conv1", 16, Shape{128, 256, [2]int{3, 3}, 2, 1, [2]int{1, 1}, 1}},
	{"layer3.0.downsample", 16, Shape{128, 256, [2]int{1, 1}, 2, 1, [2]int{0, 0}, 1}},
	{"layer3", 8, Shape{256, 256, [2]int{3, 3}, 1, 1, [2]int{1, 1}, 1}},
	{"layer4.0.conv1", 8, Shape{256, 512, [2]int{3, 3}, 2, 1, [2]int{1, 1}, 1}},
	{"layer4.0.downsample", 8, Shape{256, 512, [2]int{1, 1}, 2, 1, [2]int{0, 0}, 1}},
	{"layer4", 4, Shape{512, 512, [2]int{3, 3}, 1, 1, [2]int{1, 1}, 1}},
}

// BenchmarkConv runs every convolution of ResNet18, for one image and for 16,
// in every way that there is. The operations reported are those of the direct
// way. One image turns through several copies of the weights, for between two
// runs of a layer a network fetches all its others.
func BenchmarkConv(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, l := range layers {
		s := l.shape
		weight, scale, bias := random(r, s.Out*s.In*s.taps()), random(r, s.Out), random(r, s.Out)
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
				border = s.Padding[0]
			}
			x := FromNCHW(random(r, n*s.In*l.side*l.side), n, s.In, l.side, l.side, border, &mem)
			side, _ := s.OutSize(l.side, l.side)
			y := mem.Maps(n, side, side, s.Out, 0)
			for v := -1; v < variants; v++ {
				if v >= 0 && (s.Kernel[0] != 3 || s.Stride != 1) {
					continue
				}
				for _, threads := range []int{1, 2} {
					way := "direct"
					if v >= 0 {
						way = fmt.Sprintf("F%d", tileSize(v))
					}
					b.Run(fmt.Sprintf("%s/batch=%d/%s/threads=%d", l.name, n, way, threads), func(b *testing.B) {
						defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
						for _, c := range convs { // packs the weights
							c.apply(y, x, nil, After{ReLU: true}, v, &mem)
						}
						i, fastest := 0, time.Duration(1<<62)
						for b.Loop() {
							start := time.Now()
							c := convs[i%copies]
							i++
							c.apply(y, x, nil, After{ReLU: true}, v, &mem)
							fastest = min(fastest, time.Since(start))
						}
						flop := 2 * float64(n*side*side*s.Out*s.In*s.taps())
						b.ReportMetric(flop*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
						b.ReportMetric(flop/float64(fastest.Nanoseconds()), "maxGFLOP/s")
					})
				}
			}
		}
	}
}

// BenchmarkPack packs the weights of ResNet18's last layers, as a step of training
// does.
func BenchmarkPack(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 4))
	s := Shape{512, 512, [2]int{3, 3}, 1, 1, [2]int{1, 1}, 1}
	weight, scale, bias := random(r, s.Out*s.In*9), random(r, s.Out), random(r, s.Out)
	c, err := New(s, weight, scale, bias)
	if err != nil {
		b.Fatal(err)
	}
	var d direct
	var f2, f4 winograd
	for name, pack := range map[string]func(){"direct": func() { packDirect(c, &d) }, "F2": func() { packWinograd(c, 0, &f2) }, "F4": func() { packWinograd(c, 1, &f4) }} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(4 * len(weight)))
			fastest := time.Duration(1 << 62)
			for b.Loop() {
				start := time.Now()
				pack()
				fastest = min(fastest, time.Since(start))
			}
			b.ReportMetric(float64(4*len(weight))/float64(fastest.Nanoseconds()), "maxGB/s")
		})
	}
}
