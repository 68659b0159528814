package arch

import (
	"fmt"
	"math"

	"github.com/glimpse-go/glimpse/nn"
)

// squeezeNet is the network of Iandola et al. 2016 in torchvision's layout: fire
// modules, each of which squeezes the channels by a 1x1 convolution and expands them
// by 1x1 and 3x3 ones side by side. A max pool stands wherever a place is left.
//
//	1.0   7x7/2, pool, fire fire fire, pool, fire fire fire fire, pool, fire
//	1.1   3x3/2, pool, fire fire, pool, fire fire, pool, fire fire fire fire
//
// The last convolution gives a map for each class, whose mean is the logit.
func squeezeNet(b *builder) {
	version, kernel := "1.1", 3
	if s := b.shape("features.0.weight"); len(s) == 4 && s[2] == 7 {
		version, kernel = "1.0", 7
	}
	pool := &nn.MaxPool2d{Kernel: 3, Stride: 2, CeilMode: true}
	x := value{nn.Input, b.inChannels("features.0.weight", kernel)}
	x = b.conv("features.0", x, -1, window{kernel: kernel, stride: 2, valid: true})
	x = b.add("features.1", nn.ReLU, x)
	x = b.add("features.2", pool, x)
	fire := func(i int) string { return fmt.Sprintf("features.%d", i) }
	for i := 3; b.err == nil && (i == 3 || b.has(fire(i)+".squeeze.weight") || b.has(fire(i+1)+".squeeze.weight")); i++ {
		if i == 3 || b.has(fire(i)+".squeeze.weight") {
			x = b.fire(fire(i), x)
		} else {
			x = b.add(fire(i), pool, x)
		}
	}
	b.contain(x, "features")
	x = b.skip("classifier.0", x)
	x = b.conv("classifier.1", x, -1, window{})
	x = b.add("classifier.2", nn.ReLU, x)
	x = b.add("classifier.3", &nn.AdaptiveAvgPool2d{}, x)
	b.contain(x, "classifier")
	b.add("flatten", nn.Flatten{}, x)
	b.name("SqueezeNet %s", version)
}

func (b *builder) fire(name string, x value) value {
	x = b.conv(name+".squeeze", x, -1, window{})
	x = b.add(name+".squeeze_activation", nn.ReLU, x)
	one := b.conv(name+".expand1x1", x, -1, window{})
	one = b.add(name+".expand1x1_activation", nn.ReLU, one)
	three := b.conv(name+".expand3x3", x, -1, window{kernel: 3})
	three = b.add(name+".expand3x3_activation", nn.ReLU, three)
	x = b.concat(name+".cat", one, three)
	b.contain(x, name)
	return x
}

// squeezeNets differ in their stem, and in the places of their fire modules.
var squeezeNets = []variant{
	{"squeezenet1_0", squeezeNetInitial, laySqueezeNet(96, 7, 3, 4, 5, 7, 8, 9, 10, 12)},
	{"squeezenet1_1", squeezeNetInitial, laySqueezeNet(64, 3, 3, 4, 6, 7, 9, 10, 11, 12)},
}

var squeezeNetInitial = initial{conv: func(fanIn, _ int) numbers { return numbers{bound: math.Sqrt(6 / float64(fanIn))} }, convBias: zero}

func laySqueezeNet(stem, kernel int, fires ...int) func(*layout) {
	return func(l *layout) {
		x := l.convBias("features.0", l.opt.Channels, stem, window{kernel: kernel})
		for i, at := range fires {
			name, squeezed := fmt.Sprintf("features.%d", at), 16*(i/2+1)
			y := l.convBias(name+".squeeze", x, squeezed, window{})
			x = l.convBias(name+".expand1x1", y, 4*squeezed, window{})
			x += l.convBias(name+".expand3x3", y, 4*squeezed, window{kernel: 3})
		}
		l.initial.conv = normal(0.01)
		l.convBias("classifier.1", x, l.opt.Classes, window{})
	}
}
