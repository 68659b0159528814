package arch

import (
	"fmt"

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
// another eps.
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
		eps = 1e-3
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
	b.head("classifier", x, nil)
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
