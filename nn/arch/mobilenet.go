package arch

import (
	"fmt"

	"github.com/glimpse-go/glimpse/nn"
)

// mobileNetV2 is the network of Sandler et al. 2018 in torchvision's layout: inverted
// residuals, which widen the channels by a 1x1 convolution, filter each by a 3x3 one,
// and narrow them again without an activation. Table 2 of the paper, of any width:
//
//	stage     1  2  3  4  5  6  7
//	blocks    1  2  3  4  3  3  1
//	stride    1  2  2  2  1  2  1
func mobileNetV2(b *builder) {
	b.normEps(1e-5)
	x := value{nn.Input, b.inChannels("features.0.0.weight", 3)}
	x = b.convNorm("features.0", x, -1, window{kernel: 3, stride: 2}, nn.ReLU6)
	at := 1
	strides := []int{1, 2, 2, 2, 1, 2, 1}
	for stage, blocks := range []int{1, 2, 3, 4, 3, 3, 1} {
		for i := range blocks {
			stride := 1
			if i == 0 {
				stride = strides[stage]
			}
			x = b.invertedResidual(fmt.Sprintf("features.%d", at), x, stride)
			at++
		}
	}
	x = b.convNorm(fmt.Sprintf("features.%d", at), x, -1, window{}, nn.ReLU6)
	b.contain(x, "features")
	x = b.pooled("adaptive_avg_pool2d", "flatten", x)
	b.head("classifier", x, "relu")
	b.name("MobileNet v2, %d channels at the end", x.channels)
}

// invertedResidual is a block of MobileNet v2. The first has no 1x1 convolution in
// front.
func (b *builder) invertedResidual(name string, x value, stride int) value {
	y, i := x, 0
	child := func(i int) string { return fmt.Sprintf("%s.conv.%d", name, i) }
	if b.has(child(1) + ".0.weight") {
		y = b.convNorm(child(0), y, -1, window{}, nn.ReLU6)
		i = 1
	}
	y = b.convNorm(child(i), y, y.channels, window{kernel: 3, stride: stride, groups: depthwise}, nn.ReLU6)
	y = b.conv(child(i+1), y, -1, window{})
	y = b.norm(child(i+2), y)
	b.contain(y, name+".conv")
	return b.residual(name, x, y, stride)
}

// residual adds a block's input to its output where both have one shape.
func (b *builder) residual(name string, x, y value, stride int) value {
	if stride == 1 && x.channels == y.channels {
		y = b.add(name+".add", nn.Add{}, y, x)
	}
	b.contain(y, name)
	return y
}

// mobileNetV3 is the network of Howard et al. 2019 in torchvision's layout: inverted
// residuals with or without squeeze-and-excitation. Tables 1 and 2 of the paper, of
// any width; the kernels are the tensors' own.
func mobileNetV3(b *builder) {
	b.normEps(1e-3)
	b.momentum = 0.01
	// By block: the stride, and whether its activation is Hardswish (HS) or ReLU (RE).
	size, strides, rectified := "Large", []int{1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1}, 6
	if !b.has("features.16.0.weight") {
		size, strides, rectified = "Small", []int{2, 2, 1, 2, 1, 1, 1, 1, 2, 1, 1}, 3
	}
	x := value{nn.Input, b.inChannels("features.0.0.weight", 3)}
	x = b.convNorm("features.0", x, -1, window{kernel: 3, stride: 2}, nn.Hardswish)
	for i, stride := range strides {
		act := nn.Hardswish
		if i < rectified {
			act = nn.ReLU
		}
		x = b.mobileBlock(fmt.Sprintf("features.%d", i+1), x, stride, act, nn.ReLU, nn.Hardsigmoid)
	}
	x = b.convNorm(fmt.Sprintf("features.%d", len(strides)+1), x, -1, window{}, nn.Hardswish)
	b.contain(x, "features")
	x = b.pooled("avgpool", "flatten", x)
	b.head("classifier", x, "hardswish")
	b.name("MobileNet v3 %s, %d channels at the end", size, x.channels)
}

// mobileBlock is a block of MobileNet v3 and of EfficientNet. Its children, told by
// their shapes, are
//
//	1x1 to more channels (not always), depthwise, excitation (not always), 1x1
func (b *builder) mobileBlock(name string, x value, stride int, act, squeeze, gate *nn.Activation) value {
	child := func(i int) string { return fmt.Sprintf("%s.block.%d", name, i) }
	y, i := x, 0
	if s := b.shape(child(0) + ".0.weight"); len(s) == 4 && s[1] != 1 {
		y = b.convNorm(child(0), y, -1, window{}, act)
		i = 1
	}
	w := window{kernel: 3, stride: stride, groups: depthwise}
	if s := b.shape(child(i) + ".0.weight"); len(s) == 4 && s[2]%2 == 1 {
		w.kernel = s[2]
	}
	y = b.convNorm(child(i), y, y.channels, w, act)
	i++
	if b.has(child(i) + ".fc1.weight") {
		y = b.excite(child(i), y, squeeze, gate)
		i++
	}
	y = b.convNorm(child(i), y, -1, window{}, nil)
	b.contain(y, name+".block")
	if b.family.name == "an EfficientNet" && stride == 1 && x.channels == y.channels {
		y = b.skip(name+".stochastic_depth", y)
	}
	return b.residual(name, x, y, stride)
}

var mobileNets = []variant{
	{"mobilenet_v2", mobileNetInitial, layMobileNetV2},
	{"mobilenet_v3_large", mobileNetInitial, layMobileNetV3(1280, []mobile{
		{3, 16, 16, false}, {3, 64, 24, false}, {3, 72, 24, false}, {5, 72, 40, true}, {5, 120, 40, true},
		{5, 120, 40, true}, {3, 240, 80, false}, {3, 200, 80, false}, {3, 184, 80, false}, {3, 184, 80, false},
		{3, 480, 112, true}, {3, 672, 112, true}, {5, 672, 160, true}, {5, 960, 160, true}, {5, 960, 160, true},
	})},
	{"mobilenet_v3_small", mobileNetInitial, layMobileNetV3(1024, []mobile{
		{3, 16, 16, true}, {3, 72, 24, false}, {3, 88, 24, false}, {5, 96, 40, true}, {5, 240, 40, true},
		{5, 240, 40, true}, {5, 120, 48, true}, {5, 144, 48, true}, {5, 288, 96, true}, {5, 576, 96, true}, {5, 576, 96, true},
	})},
}

var mobileNetInitial = initial{heOut, zero, normal(0.01), zero}

// layMobileNetV2 is table 2 of the paper.
func layMobileNetV2(l *layout) {
	x := l.convNorm("features.0", l.opt.Channels, 32, window{kernel: 3})
	at := 1
	widths := []int{16, 24, 32, 64, 96, 160, 320}
	for stage, blocks := range []int{1, 2, 3, 4, 3, 3, 1} {
		for range blocks {
			name, i, y := fmt.Sprintf("features.%d.conv", at), 0, x
			if at > 1 {
				y, i = l.convNorm(name+".0", x, 6*x, window{}), 1
			}
			l.convNorm(fmt.Sprintf("%s.%d", name, i), y, y, window{kernel: 3, groups: depthwise})
			x = l.conv(fmt.Sprintf("%s.%d", name, i+1), y, widths[stage], window{})
			l.norm(fmt.Sprintf("%s.%d", name, i+2), x)
			at++
		}
	}
	x = l.convNorm(fmt.Sprintf("features.%d", at), x, 1280, window{})
	l.head("classifier.1", x)
}

// mobile is a row of tables 1 and 2 of the paper on MobileNet v3.
type mobile struct {
	kernel, wide, out int
	excited           bool
}

func layMobileNetV3(last int, rows []mobile) func(*layout) {
	return func(l *layout) {
		x := l.convNorm("features.0", l.opt.Channels, 16, window{kernel: 3})
		for i, r := range rows {
			squeezed := 0
			if r.excited {
				squeezed = divisible(float64(r.wide / 4))
			}
			x = l.mobileBlock(fmt.Sprintf("features.%d.block", i+1), x, r.wide, r.out, r.kernel, squeezed)
		}
		x = l.convNorm(fmt.Sprintf("features.%d", len(rows)+1), x, 6*x, window{})
		x = l.linear("classifier.0", x, last)
		l.head("classifier.3", x)
	}
}

// mobileBlock widens the channels where they are not so many, filters, excites where
// squeezed is not 0, and narrows.
func (l *layout) mobileBlock(name string, x, wide, out, kernel, squeezed int) int {
	i := 0
	child := func() string { i++; return fmt.Sprintf("%s.%d", name, i-1) }
	if wide != x {
		l.convNorm(child(), x, wide, window{})
	}
	l.convNorm(child(), wide, wide, window{kernel: kernel, groups: depthwise})
	if squeezed > 0 {
		l.excite(child(), wide, squeezed)
	}
	return l.convNorm(child(), wide, out, window{})
}
