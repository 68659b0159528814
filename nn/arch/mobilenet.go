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
	b.head("classifier", x, nil)
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
	b.head("classifier", x, nn.Hardswish)
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
