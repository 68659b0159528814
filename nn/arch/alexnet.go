package arch

import "github.com/glimpse-go/glimpse/nn"

// alexNet is the network of Krizhevsky, "One weird trick for parallelizing
// convolutional neural networks", 2014, in torchvision's layout.
//
//	features     11x11/4, pool, 5x5, pool, 3x3, 3x3, 3x3, pool
//	classifier   linear layers of the 6x6 pixels that are left
func alexNet(b *builder) {
	x := value{nn.Input, b.inChannels("features.0.weight", 11)}
	x = b.conv("features.0", x, -1, window{kernel: 11, stride: 4, padding: 2})
	x = b.add("features.1", nn.ReLU, x)
	x = b.add("features.2", &nn.MaxPool2d{Kernel: 3, Stride: 2}, x)
	x = b.conv("features.3", x, -1, window{kernel: 5})
	x = b.add("features.4", nn.ReLU, x)
	x = b.add("features.5", &nn.MaxPool2d{Kernel: 3, Stride: 2}, x)
	x = b.conv("features.6", x, -1, window{kernel: 3})
	x = b.add("features.7", nn.ReLU, x)
	x = b.conv("features.8", x, -1, window{kernel: 3})
	x = b.add("features.9", nn.ReLU, x)
	x = b.conv("features.10", x, -1, window{kernel: 3})
	x = b.add("features.11", nn.ReLU, x)
	x = b.add("features.12", &nn.MaxPool2d{Kernel: 3, Stride: 2}, x)
	b.contain(x, "features")
	b.flatHead(x, 6)
	b.name("AlexNet")
}

// flatHead is what follows where a grid of pixels, and not their mean, goes into the
// linear layers.
func (b *builder) flatHead(x value, side int) {
	x = b.add("avgpool", &nn.AdaptiveAvgPool2d{Size: side}, x)
	x = b.add("flatten", nn.Flatten{}, x)
	x.channels *= side * side
	b.head("classifier", x, "relu")
}

var alexNets = []variant{{"alexnet", initial{torchDefault, torchDefault, torchDefault, torchDefault}, func(l *layout) {
	x := l.convBias("features.0", l.opt.Channels, 64, window{kernel: 11})
	x = l.convBias("features.3", x, 192, window{kernel: 5})
	x = l.convBias("features.6", x, 384, window{kernel: 3})
	x = l.convBias("features.8", x, 256, window{kernel: 3})
	x = l.convBias("features.10", x, 256, window{kernel: 3})
	x = l.linear("classifier.1", 6*6*x, 4096)
	x = l.linear("classifier.4", x, 4096)
	l.head("classifier.6", x)
}}}
