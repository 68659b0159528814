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

// A gradientCase is a convolution with what its gradient takes, and the gradient.
type gradientCase struct {
	s                  Shape
	n, h, w, border    int
	x, dy              []float32
	want, size         []float64
	summands, summSize []float64
}

func gradientCases(r *rand.Rand, trials int) (list []gradientCase) {
	for trial := range trials {
		s, border := randomShape(r, trial)
		n, h, w := 1+r.IntN(4), 1+r.IntN(14), 1+r.IntN(14)
		switch trial % 10 {
		case 6: // rows longer than a block
			s.In, s.Out, s.Groups = 1+r.IntN(3), 1+r.IntN(9), 1
			s.Stride = 1
			h, w = 1+r.IntN(5), blockPixels+r.IntN(60)
		case 7: // a linear layer
			s.Kernel, s.Padding, s.Stride, s.Dilation, s.Groups = [2]int{h, w}, [2]int{}, 1, 1, 1
			n, s.In, border = 1+r.IntN(300), 1+r.IntN(9), 0
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
		if trial%12 == 5 { // depthwise, more than a block
			h, w = 20+r.IntN(20), 20+r.IntN(20)
		}
		oh, ow := s.OutSize(h, w)
		if oh < 1 || ow < 1 {
			continue
		}
		c := gradientCase{s: s, n: n, h: h, w: w, border: border, x: random(r, n*s.In*h*w), dy: random(r, n*s.Out*oh*ow)}
		c.want, c.size = weightGradient(s, c.x, c.dy, n, h, w)
		c.summands, c.summSize = make([]float64, s.Out), make([]float64, s.Out)
		for i, v := range c.dy {
			o := i / (oh * ow) % s.Out
			c.summands[o] += float64(v)
			c.summSize[o] += math.Abs(float64(v))
		}
		list = append(list, c)
	}
	return list
}

// TestWeightGradients holds gradients to the definition in float64, with every kernel, and
// their bits to each other for any number of goroutines. What rounding may do is as in
// TestConvAgainstDefinition; Winograd's algorithm rounds more.
func TestWeightGradients(t *testing.T) {
	trials := 150
	if testing.Short() { // as where a processor is emulated
		trials = 60
	}
	cases := gradientCases(rand.New(rand.NewPCG(41, 42)), trials)
	for _, kern := range kernels {
		t.Run(kern.name, func(t *testing.T) {
			worst := map[string]float64{}
			ways := map[string]int{}
			for trial, k := range cases {
				s := k.s
				oh, ow := s.OutSize(k.h, k.w)
				weight := make([]float32, len(k.want))
				c, err := newConv(kern, s, weight, make([]float32, s.Out), make([]float32, s.Out))
				if err != nil {
					t.Fatal(err)
				}
				var mem Memory
				x, dy := FromNCHW(k.x, k.n, s.In, k.h, k.w, k.border, &mem), FromNCHW(k.dy, k.n, s.Out, oh, ow, 0, &mem)
				var first, firstB []float32
				for _, procs := range []int{1, 2, 4, 8} {
					dw, db := make([]float32, len(weight)), make([]float32, s.Out)
					for i := range dw {
						dw[i] = float32(math.NaN())
					}
					for _, f := range mem.free { // what is taken must be written before it is read
						for i := range f[:cap(f)] {
							f[:cap(f)][i] = float32(math.NaN())
						}
					}
					old := runtime.GOMAXPROCS(procs)
					err := c.WeightGradient().Apply(dw, db, x, dy, &mem)
					runtime.GOMAXPROCS(old)
					if err != nil {
						t.Fatal(err)
					}
					if first == nil {
						first, firstB = dw, db
					}
					if !slices.Equal(first, dw) || !slices.Equal(firstB, db) {
						t.Fatalf("case %d, %+v: other bits with %d goroutines", trial, s, procs)
					}
				}
				way := "direct"
				switch {
				case s.Depthwise():
					way = "depthwise"
				case c.byWinograd(x, dy):
					way = "winograd"
				}
				ways[way]++
				terms := k.n * oh * ow
				unit := 0x1p-24 * math.Sqrt(float64(min(terms, 2*blockPixels)+2))
				for i, got := range first {
					d := math.Abs(float64(got) - k.want[i])
					bound := 2 * unit * k.size[i]
					if way == "winograd" {
						bound = 3e-6*k.size[i] + 1e-5*math.Sqrt(float64(terms))
					}
					if !(d <= bound) {
						t.Fatalf("case %d, %+v on %d x %d x %d: element %d is %v, want %v", trial, s, k.n, k.h, k.w, i, got, k.want[i])
					}
					worst[way] = max(worst[way], d/(unit*k.size[i]+1e-30))
				}
				for o, got := range firstB {
					if !(math.Abs(float64(got)-k.summands[o]) <= 2*0x1p-24*math.Sqrt(64)*k.summSize[o]) { // sums of 64 in float32
						t.Fatalf("case %d, %+v: summand %d is %v, want %v", trial, s, o, got, k.summands[o])
					}
				}
			}
			t.Logf("largest difference, in sqrt(k) roundings of the sum of sizes: %v", worst)
			if ways["direct"] < trials/4 || ways["winograd"] < trials/8 || ways["depthwise"] < trials/15 {
				t.Errorf("not all ways were taken: %v", ways)
			}
		})
	}
}

// TestWeightGradientRounding holds the rounding errors on rectified maps to those of one
// float32 sum of all products after another, as the definition would have it: the way by
// blocks has smaller ones, and so has Winograd's, which for few pixels would be the worse.
func TestWeightGradientRounding(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 52))
	const n, side = 16, 32
	s := square(16, 16, 3, 1)
	x, dy := random(r, n*s.In*side*side), random(r, n*s.Out*side*side)
	for i := range x {
		x[i] = max(x[i], 0)
	}
	want, _ := weightGradient(s, x, dy, n, side, side)
	c, err := New(s, make([]float32, len(want)), make([]float32, s.Out), make([]float32, s.Out))
	if err != nil {
		t.Fatal(err)
	}
	var mem Memory
	maps, by := FromNCHW(x, n, s.In, side, side, 0, &mem), FromNCHW(dy, n, s.Out, side, side, 0, &mem)
	rms := func(dw []float32) float64 {
		sum := 0.0
		for i, v := range dw {
			sum += (float64(v) - want[i]) * (float64(v) - want[i])
		}
		return math.Sqrt(sum / float64(len(dw)))
	}
	dw := make([]float32, len(want))
	newOuterSum(c, maps, by).run(dw, &mem)
	blocks := rms(dw)
	newWinogradSum(c, maps, by).run(dw, &mem)
	winograd := rms(dw)

	px, py := maps.pixels(), by.pixels()
	clear(dw)
	for p := range n * side * side {
		for o := range s.Out {
			for u := range 3 {
				for v := range 3 {
					i, j := p/side%side+u-1, p%side+v-1
					if i < 0 || i >= side || j < 0 || j >= side {
						continue
					}
					for ch := range s.In {
						dw[((o*s.In+ch)*3+u)*3+v] += py[p*s.Out+o] * px[(p+(u-1)*side+v-1)*s.In+ch]
					}
				}
			}
		}
	}
	plain := rms(dw)
	t.Logf("rms errors: one sum %.2g, blocks %.2g times that, Winograd %.2g times", plain, blocks/plain, winograd/plain)
	if blocks > plain/2 || winograd > plain {
		t.Error("larger than that")
	}
}

// TestWeightGradientRefuses gives shapes that do not fit.
func TestWeightGradientRefuses(t *testing.T) {
	s := square(4, 6, 3, 1)
	c, err := New(s, make([]float32, 6*4*9), make([]float32, 6), make([]float32, 6))
	if err != nil {
		t.Fatal(err)
	}
	var mem Memory
	dw, db := make([]float32, 6*4*9), make([]float32, 6)
	x, dy := mem.Maps(2, 5, 5, 4, 0), mem.Maps(2, 5, 5, 6, 0)
	g := c.WeightGradient()
	for name, apply := range map[string]func() error{
		"channels": func() error { return g.Apply(dw, db, mem.Maps(2, 5, 5, 3, 0), dy, &mem) },
		"batch":    func() error { return g.Apply(dw, db, x, mem.Maps(1, 5, 5, 6, 0), &mem) },
		"height":   func() error { return g.Apply(dw, db, x, mem.Maps(2, 4, 5, 6, 0), &mem) },
		"width":    func() error { return g.Apply(dw, db, x, mem.Maps(2, 5, 4, 6, 0), &mem) },
		"outputs":  func() error { return g.Apply(dw, db, x, mem.Maps(2, 5, 5, 5, 0), &mem) },
		"border":   func() error { return g.Apply(dw, db, x, mem.Maps(2, 5, 5, 6, 1), &mem) },
		"weights":  func() error { return g.Apply(dw[1:], db, x, dy, &mem) },
		"summands": func() error { return g.Apply(dw, db[1:], x, dy, &mem) },
	} {
		if apply() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	wide, err := New(Shape{In: 4, Out: 6, Kernel: [2]int{5, 5}, Stride: 1, Dilation: 1, Padding: [2]int{2, 2}, Groups: 1}, make([]float32, 6*4*25), make([]float32, 6), make([]float32, 6))
	if err != nil {
		t.Fatal(err)
	}
	if err := wide.WeightGradient().Apply(make([]float32, 6*4*25), nil, mem.Maps(2, 5, 5, 4, 1), dy, &mem); err == nil {
		t.Error("a border of less than the padding: no error")
	}
	if err := wide.WeightGradient().Apply(make([]float32, 6*4*25), nil, mem.Maps(2, 0, 5, 4, 0), mem.Maps(2, 0, 5, 6, 0), &mem); err == nil {
		t.Error("a kernel larger than the map: no error")
	}
	dw[0], db[0] = 1, 1
	if err := g.Apply(dw, db, mem.Maps(0, 5, 5, 4, 0), mem.Maps(0, 5, 5, 6, 0), &mem); err != nil || dw[0] != 0 || db[0] != 0 {
		t.Errorf("no image: %v, %v, %v", err, dw[0], db[0])
	}
}
