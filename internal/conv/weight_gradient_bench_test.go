package conv

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// resnet18 are its convolutions as trained on a batch of 16 x 3 x 128 x 128, and the variant
// for CIFAR on 128 x 3 x 32 x 32: the side of the input and how many there are.
var resnet18 = []struct {
	batch, side, times int
	shape              Shape
}{
	{16, 128, 1, square(3, 64, 7, 2)},
	{16, 32, 4, square(64, 64, 3, 1)},
	{16, 32, 1, square(64, 128, 3, 2)},
	{16, 32, 1, square(64, 128, 1, 2)},
	{16, 16, 3, square(128, 128, 3, 1)},
	{16, 16, 1, square(128, 256, 3, 2)},
	{16, 16, 1, square(128, 256, 1, 2)},
	{16, 8, 3, square(256, 256, 3, 1)},
	{16, 8, 1, square(256, 512, 3, 2)},
	{16, 8, 1, square(256, 512, 1, 2)},
	{16, 4, 3, square(512, 512, 3, 1)},
	{16, 1, 1, square(512, 1000, 1, 1)},

	{128, 32, 1, square(3, 64, 3, 1)},
	{128, 32, 4, square(64, 64, 3, 1)},
	{128, 32, 1, square(64, 128, 3, 2)},
	{128, 32, 1, square(64, 128, 1, 2)},
	{128, 16, 3, square(128, 128, 3, 1)},
	{128, 16, 1, square(128, 256, 3, 2)},
	{128, 16, 1, square(128, 256, 1, 2)},
	{128, 8, 3, square(256, 256, 3, 1)},
	{128, 8, 1, square(256, 512, 3, 2)},
	{128, 8, 1, square(256, 512, 1, 2)},
	{128, 4, 3, square(512, 512, 3, 1)},
	{128, 1, 1, square(512, 10, 1, 1)},

	{16, 56, 1, Shape{In: 96, Out: 96, Kernel: [2]int{3, 3}, Stride: 1, Dilation: 1, Padding: [2]int{1, 1}, Groups: 96}},
	{16, 14, 1, Shape{In: 576, Out: 576, Kernel: [2]int{3, 3}, Stride: 1, Dilation: 1, Padding: [2]int{1, 1}, Groups: 576}},
}

// square is a convolution that keeps the size of maps, but for its stride.
func square(in, out, kernel, stride int) Shape {
	return Shape{In: in, Out: out, Kernel: [2]int{kernel, kernel}, Stride: stride, Dilation: 1, Padding: [2]int{kernel / 2, kernel / 2}, Groups: 1}
}

// BenchmarkWeightGradient takes the gradients of ResNet18's layers, and, for comparison, the
// forward way without Winograd's algorithm.
func BenchmarkWeightGradient(b *testing.B) {
	for _, l := range resnet18 {
		s := l.shape
		oh, ow := s.OutSize(l.side, l.side)
		flops := 2 * float64(l.batch*oh*ow*s.Out*s.In/s.Groups*s.taps())
		r := rand.New(rand.NewPCG(1, 2))
		var mem Memory
		c, err := New(s, random(r, s.Out*s.In/s.Groups*s.taps()), random(r, s.Out), random(r, s.Out))
		if err != nil {
			b.Fatal(err)
		}
		x, y := mem.Maps(l.batch, l.side, l.side, s.In, 0), mem.Maps(l.batch, oh, ow, s.Out, 0)
		copy(x.pixels(), random(r, len(x.pixels())))
		copy(y.pixels(), random(r, len(y.pixels())))
		name := fmt.Sprintf("%dx%dx%dx%d_%d_%dx%d_%d_%d", l.batch, s.In, l.side, l.side, s.Out, s.Kernel[0], s.Kernel[1], s.Stride, s.Groups)
		run := func(name string, f func() error) {
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					if err := f(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(flops*float64(b.N)/float64(b.Elapsed()), "GFLOP/s")
			})
		}
		dw := make([]float32, len(c.weight))
		run(name+"/weight", func() error { return c.WeightGradient().Apply(dw, nil, x, y, &mem) })
		way := directly
		if s.Depthwise() {
			way = channelwise
		}
		run(name+"/forward", func() error { c.apply(y, x, nil, After{}, way, &mem); return nil })
	}
}
