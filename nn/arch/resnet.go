package arch

import (
	"fmt"

	"github.com/glimpse-go/glimpse/nn"
)

// resNet is a residual network (He et al. 2015) in torchvision's layout:
//
//	conv1, bn1, relu, maxpool, layer1 ... layer4, avgpool, fc
//
// with blocks of two convolutions (ResNet18 and 34) or of three (50 and deeper, and
// ResNeXt by the groups of the second), of any base width, depth of each stage and
// number of classes. The stem is a 7x7 convolution with stride 2 or a 3x3 one with
// stride 1, with or without a bias; a 3x3 max pool with stride 2 follows in both
// cases, which no tensor records.
func (b *builder) resNet() {
	x := b.resNetStem()
	width := x.channels
	x = b.norm("bn1", x)
	x = b.add("relu", nn.ReLU, x)
	x = b.add("maxpool", &nn.MaxPool2d{Kernel: 3, Stride: 2, Padding: 1}, x)
	convolutions := 1
	for stage := 1; stage == 1 || b.has(fmt.Sprintf("layer%d.0.conv1.weight", stage)); stage++ {
		layer := fmt.Sprintf("layer%d", stage)
		for i := 0; i == 0 || b.has(fmt.Sprintf("%s.%d.conv1.weight", layer, i)); i++ {
			stride := 1
			if i == 0 && stage > 1 {
				stride = 2
			}
			var inside int
			x, inside = b.resNetBlock(fmt.Sprintf("%s.%d", layer, i), x, stride)
			convolutions += inside
			if b.err != nil {
				return
			}
		}
		b.contain(layer, x)
	}
	x = b.add("avgpool", &nn.AdaptiveAvgPool2d{}, x)
	x = b.add("flatten", nn.Flatten{}, x)
	b.linear("fc", x)
	b.graph.Architecture = fmt.Sprintf("ResNet%d, base width %d", convolutions+1, width)
}

// resNetStem is conv1; its kernel tells its stride and padding.
func (b *builder) resNetStem() value {
	l := &nn.Conv2d{Weight: b.tensor("conv1.weight", -1, -1, -1, -1)}
	if b.err != nil {
		return value{}
	}
	switch s := l.Weight.Shape; {
	case s[2] == 7 && s[3] == 7:
		l.Stride, l.Padding = 2, nn.Square(3)
	case s[2] == 3 && s[3] == 3:
		l.Stride, l.Padding = 1, nn.Square(1)
	default:
		b.err = fmt.Errorf("nn: state dict: conv1.weight has shape %v, want a kernel of 7x7 or 3x3", s)
		return value{}
	}
	if b.has("conv1.bias") {
		l.Bias = b.vector("conv1.bias", l.Weight.Shape[0])
	}
	x := b.add("conv1", l, value{nn.Input, l.Weight.Shape[1]})
	x.channels = l.Weight.Shape[0]
	return x
}

// resNetBlock is a residual block,
//
//	out = relu(bn1(conv1(x))), ..., out = bnK(convK(out))
//	y = relu(out + shortcut(x))
//
// with two convolutions a BasicBlock, with three a Bottleneck, whose stride is in the
// second (torchvision's "v1.5"). The shortcut is the identity, or a strided 1x1
// convolution with its own batch norm where the shape changes. It returns y and the
// number of convolutions on the longer way.
func (b *builder) resNetBlock(name string, x value, stride int) (y value, convolutions int) {
	kernels, strides := []int{3, 3}, []int{stride, 1}
	if b.has(name + ".conv3.weight") {
		kernels, strides = []int{1, 3, 1}, []int{1, stride, 1}
	}
	last := len(kernels) - 1
	out := x
	for i := range kernels {
		outputs := -1
		if i == 1 {
			outputs = out.channels // the width of the block
		}
		out = b.conv(fmt.Sprintf("%s.conv%d", name, i+1), out, outputs, kernels[i], strides[i], last == 2 && i == 1)
		out = b.norm(fmt.Sprintf("%s.bn%d", name, i+1), out)
		if i < last {
			out = b.add(fmt.Sprintf("%s.relu#%d", name, i+1), nn.ReLU, out)
		}
	}
	shortcut := x
	if stride != 1 || out.channels != x.channels || b.has(name+".downsample.0.weight") {
		shortcut = b.conv(name+".downsample.0", x, out.channels, 1, stride, false)
		shortcut = b.norm(name+".downsample.1", shortcut)
		b.contain(name+".downsample", shortcut)
	}
	out = b.add(name+".add", nn.Add{}, out, shortcut)
	out = b.add(name+".relu", nn.ReLU, out)
	b.contain(name, out)
	return out, len(kernels)
}
