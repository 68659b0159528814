package arch

import (
	"fmt"
	"strings"

	"github.com/glimpse-go/glimpse/nn"
)

// resNet is a residual network (He et al. 2015) in torchvision's layout:
//
//	conv1, bn1, relu, maxpool, layer1 ... layer4, avgpool, fc
//
// with blocks of two convolutions (ResNet18 and 34) or of three (50 and deeper; Wide
// ResNet by the width of the second and ResNeXt by its groups), of any base width, depth
// of each stage, number of stages and of classes.
//
// Others build on it, and are told by their tensors: timm's stems of three 3x3
// convolutions (conv1.0, .3, .6) and its shortcuts with an average pool (downsample.1,
// .2), squeeze-and-excitation (se), and the ResNets for 32x32 images, whose head is
// called linear: with shortcuts in a module of that name, or with none that has tensors
// (option A of the paper).
func resNet(b *builder) {
	b.normEps(1e-5)
	x := b.resNetStem()
	width := x.channels
	x = b.norm("bn1", x)
	x = b.add("relu", nn.ReLU, x)
	x = b.resNetPool(x)
	r := residual{builder: b, stride: "conv2", alias: b.option("antialias", "none", "none", "avg", "blur")}
	r.bottleneck = b.has("layer1.0.conv3.weight")
	if r.bottleneck {
		r.stride = b.option("stride", "conv2", "conv2", "conv1")
	}
	dilated := b.option("dilate", "none", "none", "layer4", "layer3+layer4", "layer2+layer3+layer4")
	if dilated != "none" && r.alias != "none" {
		b.refuse("dilate=%s: with antialias=%s the maps would be halved without a stride", dilated, r.alias)
	}
	dilation := 1
	for stage := 1; b.err == nil && (stage == 1 || b.has(fmt.Sprintf("layer%d.0.conv1.weight", stage))); stage++ {
		layer := fmt.Sprintf("layer%d", stage)
		stride, first := 1, dilation
		if stage > 1 {
			stride = 2
			if strings.Contains(dilated, layer) { // the same pixels, taken further apart
				stride, dilation = 1, 2*dilation
			}
		}
		if dilation > 1 && len(b.shape(layer+".0.downsample.1.weight")) == 4 {
			b.refuse("dilate=%s: not where a shortcut has an average pool, whose place a pool with padding on one side would take", dilated)
		}
		for i := range max(1, b.children(layer, "conv1.weight")) {
			x = r.block(fmt.Sprintf("%s.%d", layer, i), x, stride, first, dilation)
			stride, first = 1, dilation
		}
		b.contain(x, layer)
	}
	x = b.pooled("avgpool", "flatten", x)
	b.head("fc", x, "relu")
	b.name("%s%d, base width %d", r.kind(), r.convolutions+2, width)
}

// resNetStem is conv1: 7x7 with stride 2, 3x3 with stride 1, or three of 3x3, the first
// with stride 2.
func (b *builder) resNetStem() value {
	x := value{nn.Input, 0}
	if s := b.shape("conv1.0.weight"); len(s) == 4 {
		x.channels = s[1]
		x = b.conv("conv1.0", x, -1, window{kernel: 3, stride: 2})
		x = b.norm("conv1.1", x)
		x = b.add("conv1.2", nn.ReLU, x)
		x = b.conv("conv1.3", x, -1, window{kernel: 3})
		x = b.norm("conv1.4", x)
		x = b.add("conv1.5", nn.ReLU, x)
		x = b.conv("conv1.6", x, -1, window{kernel: 3})
		b.contain(x, "conv1")
		return x
	}
	s := b.shape("conv1.weight")
	w := window{kernel: 7, stride: 2}
	if len(s) == 4 {
		x.channels = s[1]
		switch {
		case s[2] == 3 && s[3] == 3:
			w = window{kernel: 3}
		case s[2] != 7 || s[3] != 7:
			b.fail("%s has shape %v, want a kernel of 7x7 or 3x3", b.file("conv1.weight"), s)
		}
	}
	if x.channels == 0 {
		b.tensor("conv1.weight", -1, -1, -1, -1)
		b.fail("%s has shape %v, want an input channel at least", b.file("conv1.weight"), s)
	}
	return b.conv("conv1", x, -1, w)
}

// resNetPool is what stands between the stem and the first stage.
func (b *builder) resNetPool(x value) value {
	byDefault := "yes"
	if s := b.shape("conv1.weight"); len(s) == 4 && s[2] == 3 && b.has("linear.weight") {
		byDefault = "no"
	}
	if b.option("maxpool", byDefault, "yes", "no") == "no" {
		return x
	}
	switch b.option("antialias", "none", "none", "avg", "blur") {
	case "avg":
		return b.add("maxpool", &nn.AvgPool2d{Kernel: 2}, x)
	case "blur":
		x = b.add("maxpool.0", &nn.MaxPool2d{Kernel: 3, Stride: 1, Padding: 1}, x)
		x = b.add("maxpool.1", nn.BlurPool2d{}, x)
		b.contain(x, "maxpool")
		return x
	}
	return b.add("maxpool", &nn.MaxPool2d{Kernel: 3, Stride: 2, Padding: 1}, x)
}

// residual builds the blocks.
type residual struct {
	*builder
	bottleneck   bool
	stride       string // which convolution of a bottleneck has it
	alias        string // what halves the maps in place of a stride
	grouped      bool
	excited      bool
	convolutions int
}

func (r *residual) kind() string {
	kind := "ResNet"
	if r.grouped {
		kind = "ResNeXt"
	}
	if r.excited {
		kind = "SE-" + kind
	}
	return kind
}

// block is a residual block,
//
//	out = relu(bn1(conv1(x))), ..., out = bnK(convK(out))
//	y = relu(se(out) + shortcut(x))
//
// with two convolutions a BasicBlock, with three a Bottleneck. The first dilation is that of
// its first 3x3 convolution, the second that of the other, as timm has it: torchvision knows
// none in a BasicBlock.
func (r *residual) block(name string, x value, stride, dilation, second int) value {
	b := r.builder
	kernels, strided := []int{3, 3}, 0
	if r.bottleneck {
		kernels, strided = []int{1, 3, 1}, 1
		if r.stride == "conv1" {
			strided = 0
		}
	}
	out, last := x, len(kernels)-1
	for i, kernel := range kernels {
		w := window{kernel: kernel, dilate: dilation}
		outputs := -1
		if i == 1 {
			outputs = out.channels // the width of the block
			if !r.bottleneck {
				w.dilate = second
			}
		}
		if r.bottleneck && i == 1 {
			w.groups = anyGroups
		}
		blur := i == strided && stride > 1 && r.alias != "none"
		if i == strided && !blur {
			w.stride = stride
		}
		conv := fmt.Sprintf("%s.conv%d", name, i+1)
		if s := b.shape(conv + ".weight"); w.groups == anyGroups && len(s) == 4 && s[1] != out.channels {
			r.grouped = true
		}
		out = b.conv(conv, out, outputs, w)
		out = b.norm(fmt.Sprintf("%s.bn%d", name, i+1), out)
		if i < last {
			out = b.add(fmt.Sprintf("%s.relu#%d", name, i+1), nn.ReLU, out)
		}
		if blur {
			out = r.halve(name+".aa", out)
		}
	}
	r.convolutions += len(kernels)
	if b.has(name + ".se.fc1.weight") {
		out = r.excite(name+".se", out)
	}
	out = b.add(name+".add", nn.Add{}, out, r.shortcut(name, x, out.channels, stride))
	out = b.add(name+".relu", nn.ReLU, out)
	b.contain(out, name)
	return out
}

func (r *residual) halve(name string, x value) value {
	if r.alias == "avg" {
		return r.add(name, &nn.AvgPool2d{Kernel: 2}, x)
	}
	return r.add(name, nn.BlurPool2d{}, x)
}

// excite is squeeze-and-excitation under timm's names.
func (r *residual) excite(name string, x value) value {
	r.excited = true
	b := r.builder
	s := b.add(name+".mean", &nn.AdaptiveAvgPool2d{}, x)
	s = b.conv(name+".fc1", s, -1, window{})
	s = b.skip(name+".bn", s)
	s = b.add(name+".act", nn.ReLU, s)
	s = b.conv(name+".fc2", s, x.channels, window{})
	s = b.add(name+".gate", nn.Sigmoid, s)
	x = b.add(name+".mul", nn.Mul{}, x, s)
	b.contain(x, name)
	return x
}

// shortcut is the identity, or where the shape changes
//
//	downsample.0, .1    a strided 1x1 convolution and its norm (option B; also shortcut.0, .1)
//	downsample.1, .2    the same without a stride, behind a 2x2 average pool
//	without tensors     every second pixel, with channels of zeros on both sides (option A)
func (r *residual) shortcut(name string, x value, channels, stride int) value {
	b := r.builder
	for _, module := range []string{name + ".downsample", name + ".shortcut"} {
		switch {
		case len(b.shape(module+".0.weight")) == 4:
			x = b.conv(module+".0", x, channels, window{stride: stride})
			x = b.norm(module+".1", x)
		case len(b.shape(module+".1.weight")) == 4:
			if stride > 1 {
				x = b.add(module+".0", &nn.AvgPool2d{Kernel: 2, CeilMode: true, ExcludePad: true}, x)
			} else {
				x = b.skip(module+".0", x)
			}
			x = b.conv(module+".1", x, channels, window{})
			x = b.norm(module+".2", x)
		default:
			continue
		}
		b.contain(x, module)
		return x
	}
	if stride == 1 && channels == x.channels {
		if b.has("linear.weight") {
			return b.skip(name+".shortcut", x) // an empty module there
		}
		return x
	}
	// Option A is for networks of option A: one whose other blocks have weights there
	// lacks a tensor.
	if b.has("linear.weight") && !b.has("layer2.0.shortcut.0.weight") && (channels-x.channels)%2 == 0 && channels >= x.channels {
		pad := (channels - x.channels) / 2
		x = b.add(name+".shortcut", nn.Subsample{Stride: stride, Before: pad, After: pad}, x)
		x.channels = channels
		return x
	}
	return b.conv(name+".downsample.0", x, channels, window{stride: stride}) // says what is missing
}

// resNets are He et al.'s of table 1, Xie et al.'s ResNeXts (groups x width of a group)
// and Zagoruyko and Komodakis' wide ones.
var resNets = []variant{
	{"resnet18", resNetInitial, layResNet(false, 1, 64, 2, 2, 2, 2)},
	{"resnet34", resNetInitial, layResNet(false, 1, 64, 3, 4, 6, 3)},
	{"resnet50", resNetInitial, layResNet(true, 1, 64, 3, 4, 6, 3)},
	{"resnet101", resNetInitial, layResNet(true, 1, 64, 3, 4, 23, 3)},
	{"resnet152", resNetInitial, layResNet(true, 1, 64, 3, 8, 36, 3)},
	{"resnext50_32x4d", resNetInitial, layResNet(true, 32, 4, 3, 4, 6, 3)},
	{"resnext101_32x8d", resNetInitial, layResNet(true, 32, 8, 3, 4, 23, 3)},
	{"resnext101_64x4d", resNetInitial, layResNet(true, 64, 4, 3, 4, 23, 3)},
	{"wide_resnet50_2", resNetInitial, layResNet(true, 1, 128, 3, 4, 6, 3)},
	{"wide_resnet101_2", resNetInitial, layResNet(true, 1, 128, 3, 4, 23, 3)},
}

var resNetInitial = initial{heOut, zero, torchDefault, torchDefault}

// layResNet lays out a ResNet of so many blocks a stage. perGroup is the width of a group
// at base width 64, in the first stage.
func layResNet(bottleneck bool, groups, perGroup int, stages ...int) func(*layout) {
	return func(l *layout) {
		l.stem = true
		width := l.opt.Width
		if width == 0 {
			width = 64
		}
		stem := window{kernel: 7}
		if l.opt.Stem == "3x3" {
			stem.kernel = 3
		}
		if l.opt.NoMaxPool {
			l.settled["maxpool"] = "no"
		}
		if width*perGroup < 64 {
			l.fail("base width %d leaves groups without channels, want %d at least", width, 64/perGroup)
			return
		}
		x := l.norm("bn1", l.conv("conv1", l.opt.Channels, width, stem))
		for stage, blocks := range stages {
			for i := range blocks {
				name := fmt.Sprintf("layer%d.%d", stage+1, i)
				inner := width << stage
				out := inner
				y := x
				if bottleneck {
					inner, out = inner*perGroup/64*groups, 4*inner
					y = l.norm(name+".bn1", l.conv(name+".conv1", y, inner, window{}))
					y = l.norm(name+".bn2", l.conv(name+".conv2", y, inner, window{kernel: 3, groups: groups}))
					l.norm(name+".bn3", l.conv(name+".conv3", y, out, window{}))
				} else {
					y = l.norm(name+".bn1", l.conv(name+".conv1", y, inner, window{kernel: 3}))
					l.norm(name+".bn2", l.conv(name+".conv2", y, out, window{kernel: 3}))
				}
				if i == 0 && stage > 0 || x != out {
					l.convNorm(name+".downsample", x, out, window{})
				}
				x = out
			}
		}
		l.head("fc", x)
	}
}
