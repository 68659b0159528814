package arch

import "github.com/glimpse-go/glimpse/nn"

// inceptionV3 is the network of Szegedy et al., "Rethinking the Inception architecture
// for computer vision", 2015, in torchvision's layout. Its large kernels are split into
// smaller ones one after the other, also into rows and columns. The auxiliary head is
// for training.
//
//	3x3/2 3x3 3x3, pool, 1x1 3x3, pool, A A A, B, C C C C, D, E E, mean, fc
func inceptionV3(b *builder) {
	b.normEps(1e-3)
	x := b.transformed(value{nn.Input, b.inChannels("Conv2d_1a_3x3.conv.weight", 3)})
	pool := &nn.MaxPool2d{Kernel: 3, Stride: 2}
	x = b.basicConv("Conv2d_1a_3x3", x, window{kernel: 3, stride: 2, valid: true})
	x = b.basicConv("Conv2d_2a_3x3", x, window{kernel: 3, valid: true})
	x = b.basicConv("Conv2d_2b_3x3", x, window{kernel: 3})
	x = b.add("maxpool1", pool, x)
	x = b.basicConv("Conv2d_3b_1x1", x, window{})
	x = b.basicConv("Conv2d_4a_3x3", x, window{kernel: 3, valid: true})
	x = b.add("maxpool2", pool, x)
	x = b.inceptionA("Mixed_5b", x)
	x = b.inceptionA("Mixed_5c", x)
	x = b.inceptionA("Mixed_5d", x)
	x = b.inceptionB("Mixed_6a", x)
	x = b.inceptionC("Mixed_6b", x)
	x = b.inceptionC("Mixed_6c", x)
	x = b.inceptionC("Mixed_6d", x)
	x = b.inceptionC("Mixed_6e", x)
	x = b.inceptionD("Mixed_7a", x)
	x = b.inceptionE("Mixed_7b", x)
	x = b.inceptionE("Mixed_7c", x)
	x = b.add("avgpool", &nn.AdaptiveAvgPool2d{}, x)
	x = b.skip("dropout", x)
	x = b.add("flatten", nn.Flatten{}, x)
	b.head("fc", x, "relu")
	b.leaveOut("AuxLogits")
	b.name("Inception v3")
}

var (
	row    = window{oblong: [2]int{1, 7}}
	column = window{oblong: [2]int{7, 1}}
)

// chain is convolutions one after the other; each name is a branch of a module.
func (b *builder) chain(module string, x value, names []string, windows ...window) value {
	for i, w := range windows {
		x = b.basicConv(module+"."+names[i], x, w)
	}
	return x
}

// poolBranch is a 3x3 average with a 1x1 convolution.
func (b *builder) poolBranch(module string, x value) value {
	x = b.add(module+".avg_pool2d", &nn.AvgPool2d{Kernel: 3, Stride: 1, Padding: 1}, x)
	return b.basicConv(module+".branch_pool", x, window{})
}

// join ends a module with the channels of its branches.
func (b *builder) join(module, cat string, branches ...value) value {
	x := b.concat(module+"."+cat, branches...)
	b.contain(x, module)
	return x
}

// inceptionA: 1x1; 5x5; two 3x3; pool.
func (b *builder) inceptionA(m string, x value) value {
	return b.join(m, "cat",
		b.basicConv(m+".branch1x1", x, window{}),
		b.chain(m, x, []string{"branch5x5_1", "branch5x5_2"}, window{}, window{kernel: 5}),
		b.chain(m, x, []string{"branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"}, window{}, window{kernel: 3}, window{kernel: 3}),
		b.poolBranch(m, x))
}

// inceptionB halves the map: 3x3; two 3x3; max pool.
func (b *builder) inceptionB(m string, x value) value {
	half := window{kernel: 3, stride: 2, valid: true}
	return b.join(m, "cat",
		b.basicConv(m+".branch3x3", x, half),
		b.chain(m, x, []string{"branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"}, window{}, window{kernel: 3}, half),
		b.add(m+".max_pool2d", &nn.MaxPool2d{Kernel: 3, Stride: 2}, x))
}

// inceptionC: 1x1; 7x7; two 7x7; pool.
func (b *builder) inceptionC(m string, x value) value {
	return b.join(m, "cat",
		b.basicConv(m+".branch1x1", x, window{}),
		b.chain(m, x, []string{"branch7x7_1", "branch7x7_2", "branch7x7_3"}, window{}, row, column),
		b.chain(m, x, []string{"branch7x7dbl_1", "branch7x7dbl_2", "branch7x7dbl_3", "branch7x7dbl_4", "branch7x7dbl_5"},
			window{}, column, row, column, row),
		b.poolBranch(m, x))
}

// inceptionD halves the map: 3x3; 7x7 and 3x3; max pool.
func (b *builder) inceptionD(m string, x value) value {
	half := window{kernel: 3, stride: 2, valid: true}
	return b.join(m, "cat",
		b.chain(m, x, []string{"branch3x3_1", "branch3x3_2"}, window{}, half),
		b.chain(m, x, []string{"branch7x7x3_1", "branch7x7x3_2", "branch7x7x3_3", "branch7x7x3_4"}, window{}, row, column, half),
		b.add(m+".max_pool2d", &nn.MaxPool2d{Kernel: 3, Stride: 2}, x))
}

// inceptionE: 1x1; a row and a column of 3x3; the same behind a 3x3; pool.
func (b *builder) inceptionE(m string, x value) value {
	fork := func(branch, cat string, x value) value {
		return b.concat(m+"."+cat,
			b.basicConv(m+"."+branch+"a", x, window{oblong: [2]int{1, 3}}),
			b.basicConv(m+"."+branch+"b", x, window{oblong: [2]int{3, 1}}))
	}
	one := b.basicConv(m+".branch1x1", x, window{})
	three := fork("branch3x3_2", "cat", b.basicConv(m+".branch3x3_1", x, window{}))
	double := b.chain(m, x, []string{"branch3x3dbl_1", "branch3x3dbl_2"}, window{}, window{kernel: 3})
	double = fork("branch3x3dbl_3", "cat_1", double)
	return b.join(m, "cat_2", one, three, double, b.poolBranch(m, x))
}

var inceptions = []variant{{"inception_v3", initial{conv: normal(0.1), linear: normal(0.1), linearBias: torchDefault}, layInceptionV3}}

// layInceptionV3 is torchvision's, without the auxiliary head.
func layInceptionV3(l *layout) {
	l.settled["transform"] = "no" // which a constructor without weights does not do
	x := l.basicConv("Conv2d_1a_3x3", l.opt.Channels, 32, window{kernel: 3})
	x = l.basicConv("Conv2d_2a_3x3", x, 32, window{kernel: 3})
	x = l.basicConv("Conv2d_2b_3x3", x, 64, window{kernel: 3})
	x = l.basicConv("Conv2d_3b_1x1", x, 80, window{})
	x = l.basicConv("Conv2d_4a_3x3", x, 192, window{kernel: 3})
	// convs lays out convolutions one after the other from x and returns the last outputs.
	type part struct {
		name string
		out  int
		w    window
	}
	convs := func(module string, parts ...part) int {
		y := x
		for _, p := range parts {
			y = l.basicConv(module+"."+p.name, y, p.out, p.w)
		}
		return y
	}
	one, three := window{}, window{kernel: 3}
	for i, pool := range []int{32, 64, 64} {
		m := "Mixed_5" + string("bcd"[i])
		x = convs(m, part{"branch1x1", 64, one}) +
			convs(m, part{"branch5x5_1", 48, one}, part{"branch5x5_2", 64, window{kernel: 5}}) +
			convs(m, part{"branch3x3dbl_1", 64, one}, part{"branch3x3dbl_2", 96, three}, part{"branch3x3dbl_3", 96, three}) +
			convs(m, part{"branch_pool", pool, one})
	}
	x += convs("Mixed_6a", part{"branch3x3", 384, three}) +
		convs("Mixed_6a", part{"branch3x3dbl_1", 64, one}, part{"branch3x3dbl_2", 96, three}, part{"branch3x3dbl_3", 96, three})
	for i, c := range []int{128, 160, 160, 192} {
		m := "Mixed_6" + string("bcde"[i])
		x = convs(m, part{"branch1x1", 192, one}) +
			convs(m, part{"branch7x7_1", c, one}, part{"branch7x7_2", c, row}, part{"branch7x7_3", 192, column}) +
			convs(m, part{"branch7x7dbl_1", c, one}, part{"branch7x7dbl_2", c, column}, part{"branch7x7dbl_3", c, row},
				part{"branch7x7dbl_4", c, column}, part{"branch7x7dbl_5", 192, row}) +
			convs(m, part{"branch_pool", 192, one})
	}
	x += convs("Mixed_7a", part{"branch3x3_1", 192, one}, part{"branch3x3_2", 320, three}) +
		convs("Mixed_7a", part{"branch7x7x3_1", 192, one}, part{"branch7x7x3_2", 192, row}, part{"branch7x7x3_3", 192, column}, part{"branch7x7x3_4", 192, three})
	across, down := window{oblong: [2]int{1, 3}}, window{oblong: [2]int{3, 1}}
	for _, m := range []string{"Mixed_7b", "Mixed_7c"} {
		y := convs(m, part{"branch1x1", 320, one})
		fork := convs(m, part{"branch3x3_1", 384, one})
		y += l.basicConv(m+".branch3x3_2a", fork, 384, across) + l.basicConv(m+".branch3x3_2b", fork, 384, down)
		fork = convs(m, part{"branch3x3dbl_1", 448, one}, part{"branch3x3dbl_2", 384, three})
		y += l.basicConv(m+".branch3x3dbl_3a", fork, 384, across) + l.basicConv(m+".branch3x3dbl_3b", fork, 384, down)
		x = y + convs(m, part{"branch_pool", 192, one})
	}
	l.head("fc", x)
}
