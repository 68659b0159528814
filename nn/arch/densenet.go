package arch

import (
	"fmt"

	"github.com/glimpse-go/glimpse/nn"
)

// denseNet is the network of Huang et al. 2017 in torchvision's layout: each layer of
// a block takes the outputs of all before it, and adds some channels (the growth rate).
//
//	layer        norm1, relu, 1x1, norm2, relu, 3x3
//	transition   norm, relu, 1x1, average pool: half the channels and half the pixels
//
// Behind features stand a ReLU and the pooling, which torchvision computes by functions.
func denseNet(b *builder) {
	b.normEps(1e-5)
	x := value{nn.Input, b.inChannels("features.conv0.weight", 7)}
	x = b.conv("features.conv0", x, -1, window{kernel: 7, stride: 2})
	x = b.norm("features.norm0", x)
	x = b.add("features.relu0", nn.ReLU, x)
	x = b.add("features.pool0", &nn.MaxPool2d{Kernel: 3, Stride: 2, Padding: 1}, x)
	layers, growth, blocks := 1, 0, 0
	for b.err == nil && (blocks == 0 || b.has(fmt.Sprintf("features.denseblock%d.denselayer1.conv1.weight", blocks+1))) {
		blocks++
		block := fmt.Sprintf("features.denseblock%d", blocks)
		parts := []value{x}
		for i := 1; b.err == nil && (i == 1 || b.has(fmt.Sprintf("%s.denselayer%d.conv1.weight", block, i))); i++ {
			y := b.denseLayer(fmt.Sprintf("%s.denselayer%d", block, i), parts)
			parts = append(parts, y)
			growth = y.channels
			layers += 2
		}
		x = b.concat(block+".cat", parts...)
		b.contain(x, block)
		if t := fmt.Sprintf("features.transition%d", blocks); b.has(t + ".conv.weight") {
			x = b.norm(t+".norm", x)
			x = b.add(t+".relu", nn.ReLU, x)
			x = b.conv(t+".conv", x, -1, window{})
			x = b.add(t+".pool", &nn.AvgPool2d{Kernel: 2}, x)
			b.contain(x, t)
			layers++
		}
	}
	x = b.norm(fmt.Sprintf("features.norm%d", blocks+1), x)
	b.contain(x, "features")
	x = b.add("relu", nn.ReLU, x)
	x = b.pooled("adaptive_avg_pool2d", "flatten", x)
	b.head("classifier", x, "relu")
	b.name("DenseNet%d, growth rate %d", layers+1, growth)
}

func (b *builder) denseLayer(name string, parts []value) value {
	x := b.concat(name+".cat", parts...)
	x = b.norm(name+".norm1", x)
	x = b.add(name+".relu1", nn.ReLU, x)
	x = b.conv(name+".conv1", x, -1, window{})
	x = b.norm(name+".norm2", x)
	x = b.add(name+".relu2", nn.ReLU, x)
	x = b.conv(name+".conv2", x, -1, window{kernel: 3})
	b.contain(x, name)
	return x
}

// denseNets are those of table 1 of the paper, by growth rate and layers of each block.
var denseNets = []variant{
	{"densenet121", denseNetInitial, layDenseNet(32, 6, 12, 24, 16)},
	{"densenet161", denseNetInitial, layDenseNet(48, 6, 12, 36, 24)},
	{"densenet169", denseNetInitial, layDenseNet(32, 6, 12, 32, 32)},
	{"densenet201", denseNetInitial, layDenseNet(32, 6, 12, 48, 32)},
}

var denseNetInitial = initial{heIn, zero, torchDefault, zero}

func layDenseNet(growth int, blocks ...int) func(*layout) {
	return func(l *layout) {
		x := l.norm("features.norm0", l.conv("features.conv0", l.opt.Channels, 2*growth, window{kernel: 7}))
		for i, layers := range blocks {
			for k := range layers {
				name := fmt.Sprintf("features.denseblock%d.denselayer%d", i+1, k+1)
				l.norm(name+".norm1", x)
				y := l.norm(name+".norm2", l.conv(name+".conv1", x, 4*growth, window{}))
				x += l.conv(name+".conv2", y, growth, window{kernel: 3})
			}
			if i < len(blocks)-1 {
				name := fmt.Sprintf("features.transition%d", i+1)
				x = l.conv(name+".conv", l.norm(name+".norm", x), x/2, window{})
			}
		}
		l.norm(fmt.Sprintf("features.norm%d", len(blocks)+1), x)
		l.head("classifier", x)
	}
}
