package arch

import "github.com/glimpse-go/glimpse/nn"

// googLeNet is the network of Szegedy et al. 2014 with batch norm, in torchvision's
// layout (whose 5x5 convolutions are of 3x3). The auxiliary heads are for training.
//
//	7x7/2, pool, 1x1, 3x3, pool, 3a 3b, pool, 4a 4b 4c 4d 4e, pool, 5a 5b, mean, fc
func googLeNet(b *builder) {
	b.normEps(1e-3)
	x := b.transformed(value{nn.Input, b.inChannels("conv1.conv.weight", 7)})
	pool := &nn.MaxPool2d{Kernel: 3, Stride: 2, CeilMode: true}
	x = b.basicConv("conv1", x, window{kernel: 7, stride: 2})
	x = b.add("maxpool1", pool, x)
	x = b.basicConv("conv2", x, window{})
	x = b.basicConv("conv3", x, window{kernel: 3})
	x = b.add("maxpool2", pool, x)
	x = b.inception("inception3a", x)
	x = b.inception("inception3b", x)
	x = b.add("maxpool3", pool, x)
	x = b.inception("inception4a", x)
	x = b.inception("inception4b", x)
	x = b.inception("inception4c", x)
	x = b.inception("inception4d", x)
	x = b.inception("inception4e", x)
	x = b.add("maxpool4", &nn.MaxPool2d{Kernel: 2, CeilMode: true}, x)
	x = b.inception("inception5a", x)
	x = b.inception("inception5b", x)
	x = b.pooled("avgpool", "flatten", x)
	x = b.skip("dropout", x)
	b.head("fc", x, "relu")
	b.leaveOut("aux1")
	b.leaveOut("aux2")
	b.name("GoogLeNet")
}

// inception joins four branches: 1x1; 1x1 and 3x3, twice; and a pool with 1x1.
func (b *builder) inception(name string, x value) value {
	one := b.basicConv(name+".branch1", x, window{})
	var threes [2]value
	for i, branch := range []string{name + ".branch2", name + ".branch3"} {
		y := b.basicConv(branch+".0", x, window{})
		y = b.basicConv(branch+".1", y, window{kernel: 3})
		b.contain(y, branch)
		threes[i] = y
	}
	pool := b.add(name+".branch4.0", &nn.MaxPool2d{Kernel: 3, Stride: 1, Padding: 1, CeilMode: true}, x)
	pool = b.basicConv(name+".branch4.1", pool, window{})
	b.contain(pool, name+".branch4")
	x = b.concat(name+".cat", one, threes[0], threes[1], pool)
	b.contain(x, name)
	return x
}

// basicConv is torchvision's BasicConv2d: conv, bn and a ReLU.
func (b *builder) basicConv(name string, x value, w window) value {
	x = b.conv(name+".conv", x, -1, w)
	x = b.norm(name+".bn", x)
	x = b.add(name+".relu", nn.ReLU, x)
	b.contain(x, name)
	return x
}

// transformed turns an input that is normalised by ImageNet's mean and standard
// deviation into one by 0.5 and 0.5, which these weights were trained with.
func (b *builder) transformed(x value) value {
	byDefault := "no"
	if s := b.shape("fc.weight"); len(s) == 2 && s[0] == 1000 {
		byDefault = "yes"
	}
	if b.option("transform", byDefault, "yes", "no") == "no" {
		return x
	}
	if x.channels != 3 {
		b.fail("the input has %d channels, transform=yes is for 3", x.channels)
	}
	l := &nn.Affine{Scale: make([]float32, 3), Shift: make([]float32, 3)}
	for c, std := range []float64{0.229, 0.224, 0.225} {
		mean := []float64{0.485, 0.456, 0.406}[c]
		l.Scale[c], l.Shift[c] = float32(std/0.5), float32((mean-0.5)/0.5)
	}
	return b.add("cat", l, x)
}

var googLeNets = []variant{{"googlenet", initial{conv: normal(0.01), linear: normal(0.01), linearBias: torchDefault}, layGoogLeNet}}

// layGoogLeNet is table 1 of the paper, without the auxiliary heads.
func layGoogLeNet(l *layout) {
	l.settled["transform"] = "no" // which a constructor without weights does not do
	x := l.basicConv("conv1", l.opt.Channels, 64, window{kernel: 7})
	x = l.basicConv("conv2", x, 64, window{})
	x = l.basicConv("conv3", x, 192, window{kernel: 3})
	for _, m := range []struct {
		name                                 string
		one, reduce, three, less, five, pool int
	}{
		{"inception3a", 64, 96, 128, 16, 32, 32},
		{"inception3b", 128, 128, 192, 32, 96, 64},
		{"inception4a", 192, 96, 208, 16, 48, 64},
		{"inception4b", 160, 112, 224, 24, 64, 64},
		{"inception4c", 128, 128, 256, 24, 64, 64},
		{"inception4d", 112, 144, 288, 32, 64, 64},
		{"inception4e", 256, 160, 320, 32, 128, 128},
		{"inception5a", 256, 160, 320, 32, 128, 128},
		{"inception5b", 384, 192, 384, 48, 128, 128},
	} {
		y := l.basicConv(m.name+".branch1", x, m.one, window{})
		y += l.basicConv(m.name+".branch2.1", l.basicConv(m.name+".branch2.0", x, m.reduce, window{}), m.three, window{kernel: 3})
		y += l.basicConv(m.name+".branch3.1", l.basicConv(m.name+".branch3.0", x, m.less, window{}), m.five, window{kernel: 3})
		y += l.basicConv(m.name+".branch4.1", x, m.pool, window{})
		x = y
	}
	l.head("fc", x)
}

func (l *layout) basicConv(name string, x, out int, w window) int {
	return l.norm(name+".bn", l.conv(name+".conv", x, out, w))
}
