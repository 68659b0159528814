package arch

import (
	"fmt"
	"math"

	"github.com/glimpse-go/glimpse/nn"
)

// efficientNet is the network of Tan and Le 2019, and their v2 of 2021, in torchvision's
// layout: blocks of MobileNet v3's kind with SiLU, and in the first stages of v2 fused
// ones, with a full convolution in place of 1x1 and depthwise. The strides of the
// stages, of which any width and depth can be:
//
//	stage    1  2  3  4  5  6  7
//	stride   1  2  2  2  1  2  1
//
// torchvision's b5 to b7, told by their last convolution, and all of v2 have norms with
// another eps, and b5 to b7 with another momentum.
func efficientNet(b *builder) {
	stages := 1 // features.0 is the stem
	for b.has(fmt.Sprintf("features.%d.0.block.0.0.weight", stages)) {
		stages++
	}
	last := fmt.Sprintf("features.%d", stages)
	version, eps := "", 1e-5
	if s := b.shape("features.1.0.block.0.0.weight"); len(s) == 4 && s[1] > 1 {
		version, eps = " v2", 1e-3
	} else if s := b.shape(last + ".0.weight"); len(s) == 4 && s[0] >= 2048 {
		eps, b.momentum = 1e-3, 0.01
	}
	b.normEps(eps)
	x := value{nn.Input, b.inChannels("features.0.0.weight", 3)}
	x = b.convNorm("features.0", x, -1, window{kernel: 3, stride: 2}, nn.SiLU)
	strides := []int{1, 2, 2, 2, 1, 2, 1}
	if stages-1 > len(strides) {
		b.fail("%d stages, want 7 at most", stages-1)
	}
	blocks := 0
	for stage, stride := range strides[:min(len(strides), max(1, stages-1))] {
		name := fmt.Sprintf("features.%d", stage+1)
		for i := range max(1, b.children(name, "block.0.0.weight")) {
			x = b.efficientBlock(fmt.Sprintf("%s.%d", name, i), x, stride)
			stride = 1
			blocks++
		}
		b.contain(x, name)
	}
	x = b.convNorm(last, x, -1, window{}, nn.SiLU)
	b.contain(x, "features")
	x = b.pooled("avgpool", "flatten", x)
	b.head("classifier", x, "relu")
	b.name("EfficientNet%s, %d blocks, %d channels at the end", version, blocks, x.channels)
}

// efficientBlock is MBConv, or where the first convolution is a full one FusedMBConv.
func (b *builder) efficientBlock(name string, x value, stride int) value {
	s := b.shape(name + ".block.0.0.weight")
	if len(s) != 4 || s[1] == 1 || s[2] == 1 {
		return b.mobileBlock(name, x, stride, nn.SiLU, nn.SiLU, nn.Sigmoid)
	}
	y := b.convNorm(name+".block.0", x, -1, window{kernel: 3, stride: stride}, nn.SiLU)
	if b.has(name + ".block.1.0.weight") {
		y = b.convNorm(name+".block.1", y, -1, window{}, nil)
	}
	b.contain(y, name+".block")
	if stride == 1 && x.channels == y.channels {
		y = b.skip(name+".stochastic_depth", y)
	}
	return b.residual(name, x, y, stride)
}

// efficientNets are B0 scaled, and those of v2.
var efficientNets = []variant{
	{"efficientnet_b0", efficientNetInitial, layEfficientNet(efficientB0, 1, 1, 0)},
	{"efficientnet_b1", efficientNetInitial, layEfficientNet(efficientB0, 1, 1.1, 0)},
	{"efficientnet_b2", efficientNetInitial, layEfficientNet(efficientB0, 1.1, 1.2, 0)},
	{"efficientnet_b3", efficientNetInitial, layEfficientNet(efficientB0, 1.2, 1.4, 0)},
	{"efficientnet_b4", efficientNetInitial, layEfficientNet(efficientB0, 1.4, 1.8, 0)},
	{"efficientnet_b5", efficientNetInitial, layEfficientNet(efficientB0, 1.6, 2.2, 0)},
	{"efficientnet_b6", efficientNetInitial, layEfficientNet(efficientB0, 1.8, 2.6, 0)},
	{"efficientnet_b7", efficientNetInitial, layEfficientNet(efficientB0, 2, 3.1, 0)},
	{"efficientnet_v2_s", efficientNetInitial, layEfficientNet([]efficient{
		{true, 1, 3, 24, 2}, {true, 4, 3, 48, 4}, {true, 4, 3, 64, 4}, {false, 4, 3, 128, 6}, {false, 6, 3, 160, 9}, {false, 6, 3, 256, 15},
	}, 1, 1, 1280)},
	{"efficientnet_v2_m", efficientNetInitial, layEfficientNet([]efficient{
		{true, 1, 3, 24, 3}, {true, 4, 3, 48, 5}, {true, 4, 3, 80, 5}, {false, 4, 3, 160, 7}, {false, 6, 3, 176, 14}, {false, 6, 3, 304, 18}, {false, 6, 3, 512, 5},
	}, 1, 1, 1280)},
	{"efficientnet_v2_l", efficientNetInitial, layEfficientNet([]efficient{
		{true, 1, 3, 32, 4}, {true, 4, 3, 64, 7}, {true, 4, 3, 96, 7}, {false, 4, 3, 192, 10}, {false, 6, 3, 224, 19}, {false, 6, 3, 384, 25}, {false, 6, 3, 640, 7},
	}, 1, 1, 1280)},
}

// The last layer is uniform within 1/sqrt of its outputs.
var efficientNetInitial = initial{heOut, zero, func(_, fanOut int) numbers { return numbers{bound: 1 / math.Sqrt(float64(fanOut))} }, zero}

// efficient is a stage: a row of table 1 of the first paper, or of table 4 of the second.
type efficient struct {
	fused                      bool
	wider, kernel, out, blocks int
}

var efficientB0 = []efficient{
	{false, 1, 3, 16, 1}, {false, 6, 3, 24, 2}, {false, 6, 5, 40, 2}, {false, 6, 3, 80, 3}, {false, 6, 5, 112, 3}, {false, 6, 5, 192, 4}, {false, 6, 3, 320, 1},
}

// layEfficientNet scales widths and depths. The stem of v2 is as wide as its first stage,
// that of v1, which has no last width of its own, twice.
func layEfficientNet(stages []efficient, width, depth float64, last int) func(*layout) {
	return func(l *layout) {
		scaled := func(channels int) int { return divisible(width * float64(channels)) }
		stem := stages[0].out
		if last == 0 {
			stem *= 2
		}
		x := l.convNorm("features.0", l.opt.Channels, scaled(stem), window{kernel: 3})
		for stage, s := range stages {
			out := scaled(s.out)
			for i := range int(math.Ceil(depth * float64(s.blocks))) {
				name, wide := fmt.Sprintf("features.%d.%d.block", stage+1, i), divisible(float64(s.wider*x))
				switch {
				case !s.fused:
					x = l.mobileBlock(name, x, wide, out, s.kernel, max(1, x/4))
				case wide == x:
					x = l.convNorm(name+".0", x, out, window{kernel: s.kernel})
				default:
					x = l.convNorm(name+".1", l.convNorm(name+".0", x, wide, window{kernel: s.kernel}), out, window{})
				}
			}
		}
		out := last
		if out == 0 {
			out = 4 * x
		}
		x = l.convNorm(fmt.Sprintf("features.%d", len(stages)+1), x, out, window{})
		l.head("classifier.1", x)
	}
}
