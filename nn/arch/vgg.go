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
