package arch

import (
	"fmt"
	"math"

	"github.com/glimpse-go/glimpse/nn"
)

// mnasNet is MNASNet-B1 of Tan et al. 2019 (figure 7) in torchvision's layout:
//
//	3x3/2, a separable 3x3, six stacks of inverted residuals, 1x1
//	stack       1  2  3  4  5  6
//	stride      2  2  2  1  2  1
//
// of any width and depth; the kernels are the tensors' own.
func mnasNet(b *builder) {
	b.normEps(1e-5)
	b.momentum = 1 - 0.9997
	x := value{nn.Input, b.inChannels("layers.0.weight", 3)}
	x = b.conv("layers.0", x, -1, window{kernel: 3, stride: 2})
	x = b.norm("layers.1", x)
	x = b.add("layers.2", nn.ReLU, x)
	x = b.conv("layers.3", x, x.channels, window{kernel: 3, groups: depthwise})
	x = b.norm("layers.4", x)
	x = b.add("layers.5", nn.ReLU, x)
	x = b.conv("layers.6", x, -1, window{})
	x = b.norm("layers.7", x)
	width := x.channels
	for stack, stride := range []int{2, 2, 2, 1, 2, 1} {
		name := fmt.Sprintf("layers.%d", stack+8)
		for i := range max(1, b.children(name, "layers.0.weight")) {
			x = b.mnasBlock(fmt.Sprintf("%s.%d", name, i), x, stride, i > 0)
			stride = 1
		}
		b.contain(x, name)
	}
	x = b.conv("layers.14", x, -1, window{})
	x = b.norm("layers.15", x)
	x = b.add("layers.16", nn.ReLU, x)
	b.contain(x, "layers")
	x = b.pooled("mean#1", "mean", x)
	b.head("classifier", x, "relu")
	b.name("MNASNet, base width %d", width)
}

// mnasBlock is an inverted residual; the first of a stack has nothing added to it.
func (b *builder) mnasBlock(name string, x value, stride int, add bool) value {
	child := func(i int) string { return fmt.Sprintf("%s.layers.%d", name, i) }
	y := b.conv(child(0), x, -1, window{})
	y = b.norm(child(1), y)
	y = b.add(child(2), nn.ReLU, y)
	w := window{kernel: 3, stride: stride, groups: depthwise}
	if s := b.shape(child(3) + ".weight"); len(s) == 4 && s[2] == 5 {
		w.kernel = 5
	}
	y = b.conv(child(3), y, y.channels, w)
	y = b.norm(child(4), y)
	y = b.add(child(5), nn.ReLU, y)
	y = b.conv(child(6), y, -1, window{})
	y = b.norm(child(7), y)
	b.contain(y, name+".layers")
	if add && x.channels == y.channels {
		y = b.add(name+".add", nn.Add{}, y, x)
	}
	b.contain(y, name)
	return y
}

// mnasNets are B1 at some widths.
var mnasNets = []variant{
	{"mnasnet0_5", mnasNetInitial, layMNASNet(0.5)},
	{"mnasnet0_75", mnasNetInitial, layMNASNet(0.75)},
	{"mnasnet1_0", mnasNetInitial, layMNASNet(1)},
	{"mnasnet1_3", mnasNetInitial, layMNASNet(1.3)},
}

// The last layer is kaiming_uniform_ with mode fan_out and a gain of 1.
var mnasNetInitial = initial{heOut, zero, func(_, fanOut int) numbers { return numbers{bound: math.Sqrt(3 / float64(fanOut))} }, zero}

func layMNASNet(width float64) func(*layout) {
	return func(l *layout) {
		scaled := func(channels int) int { return divisible(width * float64(channels)) }
		x := l.norm("layers.1", l.conv("layers.0", l.opt.Channels, scaled(32), window{kernel: 3}))
		l.norm("layers.4", l.conv("layers.3", x, x, window{kernel: 3, groups: depthwise}))
		x = l.norm("layers.7", l.conv("layers.6", x, scaled(16), window{}))
		for stack, s := range []struct{ out, kernel, wider, blocks int }{
			{24, 3, 3, 3}, {40, 5, 3, 3}, {80, 5, 6, 3}, {96, 3, 6, 2}, {192, 5, 6, 4}, {320, 3, 6, 1},
		} {
			for i := range s.blocks {
				name := fmt.Sprintf("layers.%d.%d.layers", stack+8, i)
				y := l.norm(name+".1", l.conv(name+".0", x, s.wider*x, window{}))
				l.norm(name+".4", l.conv(name+".3", y, y, window{kernel: s.kernel, groups: depthwise}))
				x = l.norm(name+".7", l.conv(name+".6", y, scaled(s.out), window{}))
			}
		}
		x = l.norm("layers.15", l.conv("layers.14", x, 1280, window{}))
		l.head("classifier.1", x)
	}
}
