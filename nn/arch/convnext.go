package arch

import (
	"fmt"

	"github.com/glimpse-go/glimpse/nn"
)

// convNeXt is the network of Liu et al. 2022 in torchvision's layout: at even places
// of features the map is halved (at 0 quartered), at odd ones there are blocks of
//
//	x + scale * linear(gelu(linear(norm(depthwise 7x7(x)))))
//
// where norm and the linear layers work on the channels of each pixel.
func convNeXt(b *builder) {
	b.normEps(1e-6)
	x := value{nn.Input, b.inChannels("features.0.0.weight", 4)}
	x = b.conv("features.0.0", x, -1, window{kernel: 4, stride: 4, valid: true})
	x = b.layerNorm("features.0.1", x, true)
	b.contain(x, "features.0")
	width, blocks := x.channels, 0
	stage := 1
	for ; b.err == nil && (stage == 1 || b.has(fmt.Sprintf("features.%d.0.block.0.weight", stage))); stage += 2 {
		if stage > 1 {
			half := fmt.Sprintf("features.%d", stage-1)
			x = b.layerNorm(half+".0", x, true)
			x = b.conv(half+".1", x, -1, window{kernel: 2, stride: 2, valid: true})
			b.contain(x, half)
		}
		name := fmt.Sprintf("features.%d", stage)
		for i := range max(1, b.children(name, "block.0.weight")) {
			x = b.convNeXtBlock(fmt.Sprintf("%s.%d", name, i), x)
			blocks++
		}
		b.contain(x, name)
	}
	b.contain(x, "features")
	x = b.add("avgpool", &nn.AdaptiveAvgPool2d{}, x)
	if b.has("classifier.0.weight") {
		x = b.layerNorm("classifier.0", x, true)
		x = b.add("classifier.1", nn.Flatten{}, x)
		b.convNeXtHead(x)
	} else {
		x = b.add("flatten", nn.Flatten{}, x)
		b.head("fc", x, "relu")
	}
	b.name("ConvNeXt, %d blocks, base width %d", blocks, width)
}

// convNeXtHead adds what follows the norm: the linear layers among the children of the same
// module from 2 on, or else those under other names.
func (b *builder) convNeXtHead(x value) {
	var at []int
	for i := 2; i < 16; i++ {
		if len(b.shape(fmt.Sprintf("classifier.%d.weight", i))) == 2 {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		b.contain(x, "classifier")
		b.head("classifier.2", x, "relu")
		return
	}
	b.sequentialHead("classifier", x, 2, at, "relu")
}

// layerNorm adds a layer norm over the channels: the second dimension, or the last.
func (b *builder) layerNorm(name string, x value, second bool) value {
	return b.add(name, &nn.LayerNorm{
		Weight:   b.vector(name+".weight", x.channels),
		Bias:     b.vector(name+".bias", x.channels),
		Eps:      b.eps,
		Channels: second,
	}, x)
}

func (b *builder) convNeXtBlock(name string, x value) value {
	y := b.conv(name+".block.0", x, x.channels, window{kernel: 7, groups: depthwise})
	y = b.add(name+".block.1", nn.Permute{Dims: [4]int{0, 2, 3, 1}}, y)
	y = b.layerNorm(name+".block.2", y, false)
	y = b.linear(name+".block.3", y)
	y = b.add(name+".block.4", nn.GELU, y)
	y = b.linear(name+".block.5", y)
	y = b.add(name+".block.6", nn.Permute{Dims: [4]int{0, 3, 1, 2}}, y)
	b.contain(y, name+".block")
	if y.channels != x.channels {
		b.fail("%s.block.5 has %d outputs, want %d", name, y.channels, x.channels)
	}
	y = b.add(name+".mul", &nn.Affine{Scale: b.layerScale(name+".layer_scale", x.channels), Learned: "layer_scale"}, y)
	y = b.skip(name+".stochastic_depth", y)
	y = b.add(name+".add", nn.Add{}, y, x)
	b.contain(y, name)
	return y
}

// layerScale takes a factor for each channel, of shape C x 1 x 1.
func (b *builder) layerScale(name string, channels int) []float32 {
	if t := b.tensor(name, channels, 1, 1); t != nil {
		return t.Data
	}
	return nil
}

// convNeXts are those of section 3 of the paper, by base width and depth of the third stage.
var convNeXts = []variant{
	{"convnext_tiny", convNeXtInitial, layConvNeXt(96, 9)},
	{"convnext_small", convNeXtInitial, layConvNeXt(96, 27)},
	{"convnext_base", convNeXtInitial, layConvNeXt(128, 27)},
	{"convnext_large", convNeXtInitial, layConvNeXt(192, 27)},
}

var convNeXtInitial = initial{normal(0.02), zero, normal(0.02), zero}

func layConvNeXt(width, third int) func(*layout) {
	return func(l *layout) {
		x := l.convBias("features.0.0", l.opt.Channels, width, window{kernel: 4})
		l.layerNorm("features.0.1", x)
		for stage, blocks := range []int{3, 3, third, 3} {
			if stage > 0 {
				half := fmt.Sprintf("features.%d", 2*stage)
				x = l.convBias(half+".1", l.layerNorm(half+".0", x), 2*x, window{kernel: 2})
			}
			for i := range blocks {
				name := fmt.Sprintf("features.%d.%d", 2*stage+1, i)
				l.add(name+".layer_scale", numbers{constant: 1e-6}, x, 1, 1)
				l.convBias(name+".block.0", x, x, window{kernel: 7, groups: depthwise})
				l.layerNorm(name+".block.2", x)
				l.linear(name+".block.5", l.linear(name+".block.3", x, 4*x), x)
			}
		}
		l.layerNorm("classifier.0", x)
		l.head("classifier.2", x)
	}
}
