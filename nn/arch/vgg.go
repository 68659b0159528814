package arch

import (
	"fmt"

	"github.com/glimpse-go/glimpse/nn"
)

// vgg is the network of Simonyan and Zisserman 2014 in torchvision's layout:
// convolutions of 3x3 pixels with their activations, with or without batch norm, one
// after the other, with a max pool wherever a place is left, and behind the last. The
// places in features are
//
//	convolution, [norm,] ReLU  or  max pool
func vgg(b *builder) {
	b.normEps(1e-5)
	x := value{nn.Input, b.inChannels("features.0.weight", 3)}
	child := func(i int) string { return fmt.Sprintf("features.%d", i) }
	weights := func(i int) int { return len(b.shape(child(i) + ".weight")) }
	convolutions, norms := 0, ""
	at := 0
	for b.err == nil {
		switch {
		case weights(at) == 4:
			x = b.conv(child(at), x, -1, window{kernel: 3})
			convolutions++
			at++
			if weights(at) == 1 {
				x = b.norm(child(at), x)
				norms = " with batch norm"
				at++
			}
			x = b.add(child(at), nn.ReLU, x)
			at++
			continue
		case weights(at+1) == 4: // one place is left
			x = b.add(child(at), &nn.MaxPool2d{Kernel: 2}, x)
			at++
			continue
		}
		break
	}
	x = b.add(child(at), &nn.MaxPool2d{Kernel: 2}, x)
	b.contain(x, "features")
	b.flatHead(x, 7)
	b.name("VGG%d%s", convolutions+3, norms)
}

// vggs are the networks A, B, D and E of table 1 of the paper.
var vggs = []variant{
	{"vgg11", vggInitial, layVGG(false, 1, 1, 2, 2, 2)},
	{"vgg11_bn", vggInitial, layVGG(true, 1, 1, 2, 2, 2)},
	{"vgg13", vggInitial, layVGG(false, 2, 2, 2, 2, 2)},
	{"vgg13_bn", vggInitial, layVGG(true, 2, 2, 2, 2, 2)},
	{"vgg16", vggInitial, layVGG(false, 2, 2, 3, 3, 3)},
	{"vgg16_bn", vggInitial, layVGG(true, 2, 2, 3, 3, 3)},
	{"vgg19", vggInitial, layVGG(false, 2, 2, 4, 4, 4)},
	{"vgg19_bn", vggInitial, layVGG(true, 2, 2, 4, 4, 4)},
}

var vggInitial = initial{heOut, zero, normal(0.01), zero}

// layVGG lays out so many convolutions between pools.
func layVGG(norms bool, stages ...int) func(*layout) {
	return func(l *layout) {
		x, at := l.opt.Channels, 0
		for stage, convolutions := range stages {
			for range convolutions {
				x = l.convBias(fmt.Sprintf("features.%d", at), x, min(64<<stage, 512), window{kernel: 3})
				if norms {
					at++
					l.norm(fmt.Sprintf("features.%d", at), x)
				}
				at += 2 // the activation
			}
			at++ // the pool
		}
		x = l.linear("classifier.0", 7*7*x, 4096)
		x = l.linear("classifier.3", x, 4096)
		l.head("classifier.6", x)
	}
}
