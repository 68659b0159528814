package arch

import (
	"fmt"

	"github.com/glimpse-go/glimpse/nn"
)

// shuffleNetV2 is the network of Ma et al. 2018 in torchvision's layout: half of the
// channels pass a block as they are, and the halves are shuffled.
//
//	conv1 3x3/2, maxpool, stage2, stage3, stage4, conv5 1x1, mean, fc
func shuffleNetV2(b *builder) {
	b.normEps(1e-5)
	x := value{nn.Input, b.inChannels("conv1.0.weight", 3)}
	x = b.convNorm("conv1", x, -1, window{kernel: 3, stride: 2}, nn.ReLU)
	x = b.add("maxpool", &nn.MaxPool2d{Kernel: 3, Stride: 2, Padding: 1}, x)
	width := 0
	for stage := 2; b.err == nil && (stage == 2 || b.has(fmt.Sprintf("stage%d.0.branch1.0.weight", stage))); stage++ {
		name := fmt.Sprintf("stage%d", stage)
		for i := range max(1, b.children(name, "branch2.0.weight")) {
			x = b.shuffleUnit(fmt.Sprintf("%s.%d", name, i), x, i == 0)
		}
		b.contain(x, name)
		if stage == 2 {
			width = x.channels
		}
	}
	x = b.convNorm("conv5", x, -1, window{}, nn.ReLU)
	x = b.pooled("mean#1", "mean", x)
	b.head("fc", x, "relu")
	b.name("ShuffleNet v2, width %d", width)
}

// shuffleUnit is a block; the first of a stage halves the map and has convolutions on
// both sides.
func (b *builder) shuffleUnit(name string, x value, half bool) value {
	left, right, stride := x, x, 1
	if half {
		stride = 2
		left = b.conv(name+".branch1.0", left, x.channels, window{kernel: 3, stride: 2, groups: depthwise})
		left = b.norm(name+".branch1.1", left)
		left = b.conv(name+".branch1.2", left, -1, window{})
		left = b.norm(name+".branch1.3", left)
		left = b.add(name+".branch1.4", nn.ReLU, left)
		b.contain(left, name+".branch1")
	} else {
		middle := x.channels / 2
		left = b.add(name+".getitem", nn.Slice{From: 0, To: middle}, x)
		right = b.add(name+".getitem_1", nn.Slice{From: middle, To: x.channels}, x)
		left.channels, right.channels = middle, x.channels-middle
	}
	right = b.conv(name+".branch2.0", right, -1, window{})
	right = b.norm(name+".branch2.1", right)
	right = b.add(name+".branch2.2", nn.ReLU, right)
	right = b.conv(name+".branch2.3", right, right.channels, window{kernel: 3, stride: stride, groups: depthwise})
	right = b.norm(name+".branch2.4", right)
	right = b.conv(name+".branch2.5", right, -1, window{})
	right = b.norm(name+".branch2.6", right)
	right = b.add(name+".branch2.7", nn.ReLU, right)
	b.contain(right, name+".branch2")
	x = b.concat(name+".cat", left, right)
	x = b.add(name+".view_1", nn.ChannelShuffle{Groups: 2}, x)
	b.contain(x, name)
	return x
}

// shuffleNets are those of table 5 of the paper, by the widths of conv1, the stages and
// conv5.
var shuffleNets = []variant{
	{"shufflenet_v2_x0_5", shuffleNetInitial, layShuffleNet(24, 48, 96, 192, 1024)},
	{"shufflenet_v2_x1_0", shuffleNetInitial, layShuffleNet(24, 116, 232, 464, 1024)},
	{"shufflenet_v2_x1_5", shuffleNetInitial, layShuffleNet(24, 176, 352, 704, 1024)},
	{"shufflenet_v2_x2_0", shuffleNetInitial, layShuffleNet(24, 244, 488, 976, 2048)},
}

var shuffleNetInitial = initial{torchDefault, torchDefault, torchDefault, torchDefault}

func layShuffleNet(widths ...int) func(*layout) {
	return func(l *layout) {
		x := l.convNorm("conv1", l.opt.Channels, widths[0], window{kernel: 3})
		filter := window{kernel: 3, groups: depthwise}
		for stage, units := range []int{4, 8, 4} {
			half := widths[stage+1] / 2
			for i := range units {
				name := fmt.Sprintf("stage%d.%d", stage+2, i)
				right := half
				if i == 0 {
					right = x
					l.norm(name+".branch1.1", l.conv(name+".branch1.0", x, x, filter))
					l.norm(name+".branch1.3", l.conv(name+".branch1.2", x, half, window{}))
				}
				l.norm(name+".branch2.1", l.conv(name+".branch2.0", right, half, window{}))
				l.norm(name+".branch2.4", l.conv(name+".branch2.3", half, half, filter))
				l.norm(name+".branch2.6", l.conv(name+".branch2.5", half, half, window{}))
			}
			x = 2 * half
		}
		x = l.convNorm("conv5", x, widths[4], window{})
		l.head("fc", x)
	}
}
