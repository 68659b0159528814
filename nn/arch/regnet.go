package arch

import (
	"fmt"

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
	b.head("fc", x, nil)
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
