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
	b.head("fc", x, nil)
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
