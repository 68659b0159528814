package arch

import (
	"fmt"
	"math"

	"github.com/glimpse-go/glimpse/nn"
)

// regNet is a network of Radosavovic et al. 2020 in torchvision's layout: stages of
// bottlenecks with grouped 3x3 convolutions; RegNet Y has squeeze-and-excitation.
//
//	block   relu(proj(x) + c(se(b(a(x)))))
func regNet(b *builder) {
	b.normEps(1e-5)
	x := value{nn.Input, b.inChannels("stem.0.weight", 3)}
	x = b.convNorm("stem", x, -1, window{kernel: 3, stride: 2}, nn.ReLU)
	kind, blocks := "X", 0
	for stage := 1; b.err == nil && (stage == 1 || b.has(fmt.Sprintf("trunk_output.block%d.block%d-0.f.a.0.weight", stage, stage))); stage++ {
		name := fmt.Sprintf("trunk_output.block%d", stage)
		stride := 2
		for i := 0; b.err == nil && (i == 0 || b.has(fmt.Sprintf("%s.block%d-%d.f.a.0.weight", name, stage, i))); i++ {
			block := fmt.Sprintf("%s.block%d-%d", name, stage, i)
			if b.has(block + ".f.se.fc1.weight") {
				kind = "Y"
			}
			x = b.regNetBlock(block, x, stride)
			stride = 1
			blocks++
		}
		b.contain(x, name)
	}
	b.contain(x, "trunk_output")
	x = b.pooled("avgpool", "flatten", x)
	b.head("fc", x, "relu")
	b.name("RegNet %s, %d blocks, %d channels at the end", kind, blocks, x.channels)
}

func (b *builder) regNetBlock(name string, x value, stride int) value {
	shortcut := x
	if b.has(name + ".proj.0.weight") {
		shortcut = b.convNorm(name+".proj", x, -1, window{stride: stride}, nil)
	}
	y := b.convNorm(name+".f.a", x, -1, window{}, nn.ReLU)
	y = b.convNorm(name+".f.b", y, y.channels, window{kernel: 3, stride: stride, groups: anyGroups}, nn.ReLU)
	if b.has(name + ".f.se.fc1.weight") {
		y = b.excite(name+".f.se", y, nn.ReLU, nn.Sigmoid)
	}
	y = b.convNorm(name+".f.c", y, shortcut.channels, window{}, nil)
	b.contain(y, name+".f")
	y = b.add(name+".add", nn.Add{}, shortcut, y)
	y = b.add(name+".activation", nn.ReLU, y)
	b.contain(y, name)
	return y
}

// regNets by the parameters of their widths: depth, w_0, w_a, w_m, and the width of a group.
var regNets = []variant{
	{"regnet_x_400mf", regNetInitial, layRegNet(22, 24, 24.48, 2.54, 16, false)},
	{"regnet_x_800mf", regNetInitial, layRegNet(16, 56, 35.73, 2.28, 16, false)},
	{"regnet_x_1_6gf", regNetInitial, layRegNet(18, 80, 34.01, 2.25, 24, false)},
	{"regnet_x_3_2gf", regNetInitial, layRegNet(25, 88, 26.31, 2.25, 48, false)},
	{"regnet_x_8gf", regNetInitial, layRegNet(23, 80, 49.56, 2.88, 120, false)},
	{"regnet_x_16gf", regNetInitial, layRegNet(22, 216, 55.59, 2.1, 128, false)},
	{"regnet_x_32gf", regNetInitial, layRegNet(23, 320, 69.86, 2.0, 168, false)},
	{"regnet_y_400mf", regNetInitial, layRegNet(16, 48, 27.89, 2.09, 8, true)},
	{"regnet_y_800mf", regNetInitial, layRegNet(14, 56, 38.84, 2.4, 16, true)},
	{"regnet_y_1_6gf", regNetInitial, layRegNet(27, 48, 20.71, 2.65, 24, true)},
	{"regnet_y_3_2gf", regNetInitial, layRegNet(21, 80, 42.63, 2.66, 24, true)},
	{"regnet_y_8gf", regNetInitial, layRegNet(17, 192, 76.82, 2.19, 56, true)},
	{"regnet_y_16gf", regNetInitial, layRegNet(18, 200, 106.23, 2.48, 112, true)},
	{"regnet_y_32gf", regNetInitial, layRegNet(20, 232, 115.89, 2.53, 232, true)},
	{"regnet_y_128gf", regNetInitial, layRegNet(27, 456, 160.83, 2.52, 264, true)},
}

var regNetInitial = initial{heOut, torchDefault, normal(0.01), zero}

// layRegNet lays out blocks whose widths follow the line w_0 + w_a i, rounded to powers
// w_0 w_m^k (equations 2 to 4 of the paper), those to multiples of 8 and of a group. Blocks
// of one width are a stage.
func layRegNet(depth, first int, slope, factor float64, group int, excited bool) func(*layout) {
	return func(l *layout) {
		x := l.convNorm("stem", l.opt.Channels, 32, window{kernel: 3})
		stage, block, last := 0, 0, 0
		for i := range depth {
			k := math.RoundToEven(math.Log((float64(first)+slope*float64(i))/float64(first)) / math.Log(factor))
			width := 8 * int(math.RoundToEven(float64(first)*math.Pow(factor, k)/8))
			if block++; width != last {
				stage, block, last = stage+1, 0, width
			}
			grouped := min(group, width)
			out := grouped * int(math.Floor(float64(width)/float64(grouped)+0.5))
			if float64(out) < 0.9*float64(width) {
				out += grouped
			}
			name := fmt.Sprintf("trunk_output.block%d.block%d-%d", stage, stage, block)
			if block == 0 {
				l.convNorm(name+".proj", x, out, window{})
			}
			l.convNorm(name+".f.a", x, out, window{})
			l.convNorm(name+".f.b", out, out, window{kernel: 3, groups: out / grouped})
			if excited {
				l.excite(name+".f.se", out, int(math.RoundToEven(0.25*float64(x))))
			}
			x = l.convNorm(name+".f.c", out, out, window{})
		}
		l.head("fc", x)
	}
}
