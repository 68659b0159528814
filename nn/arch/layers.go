package arch

import (
	"fmt"

	"github.com/glimpse-go/glimpse/nn"
)

// A window is what a convolution's weights do not tell.
type window struct {
	kernel  int    // its side; 0 means 1
	oblong  [2]int // or its height and width
	stride  int    // 0 means 1
	dilate  int    // 0 means 1
	valid   bool   // no padding; else as much as keeps an odd kernel centred
	padding int    // or so much
	groups  int    // 0 means 1; depthwise or anyGroups
}

const (
	depthwise = -1 // a group for each channel
	anyGroups = -2 // as many as the weights' shape says
)

func (w window) size() (height, width int) {
	if w.oblong != [2]int{} {
		return w.oblong[0], w.oblong[1]
	}
	return max(w.kernel, 1), max(w.kernel, 1)
}

// conv adds a convolution to so many channels, any number for -1. A bias is taken
// where there is one.
func (b *builder) conv(name string, x value, out int, w window) value {
	h, width := w.size()
	in := x.channels
	switch w.groups {
	case depthwise:
		in = 1
	case anyGroups:
		in = -1
	}
	l := &nn.Conv2d{
		Weight: b.tensor(name+".weight", out, in, h, width),
		Stride: max(w.stride, 1), Dilation: max(w.dilate, 1),
		Padding: [2]int{(h - 1) / 2 * max(w.dilate, 1), (width - 1) / 2 * max(w.dilate, 1)},
	}
	if w.valid {
		l.Padding = [2]int{}
	}
	if w.padding > 0 {
		l.Padding = nn.Square(w.padding)
	}
	if b.err != nil {
		return x
	}
	s := l.Weight.Shape
	if w.groups != 0 {
		if x.channels%s[1] != 0 || s[0]%(x.channels/s[1]) != 0 {
			b.fail("%s has shape %v, which cannot take %d channels in groups", b.file(name+".weight"), s, x.channels)
			return x
		}
		l.Groups = x.channels / s[1]
	}
	if b.has(name + ".bias") {
		l.Bias = b.vector(name+".bias", s[0])
	}
	x = b.add(name, l, x)
	x.channels = s[0]
	return x
}

func (b *builder) norm(name string, x value) value {
	return b.add(name, &nn.BatchNorm2d{
		Weight:      b.vector(name+".weight", x.channels),
		Bias:        b.vector(name+".bias", x.channels),
		RunningMean: b.vector(name+".running_mean", x.channels),
		RunningVar:  b.vector(name+".running_var", x.channels),
		Eps:         b.eps,
		Momentum:    b.momentum,
	}, x)
}

// convNorm is torchvision's Conv2dNormActivation: a convolution, a batch norm and,
// unless that is nil, an activation, as children 0, 1 and 2 of a module.
func (b *builder) convNorm(name string, x value, out int, w window, act *nn.Activation) value {
	x = b.conv(name+".0", x, out, w)
	x = b.norm(name+".1", x)
	if act != nil {
		x = b.add(name+".2", act, x)
	}
	b.contain(x, name)
	return x
}

// excite is squeeze-and-excitation (Hu et al. 2018) in torchvision's layout: the mean
// of each channel goes through two 1x1 convolutions and multiplies the channel.
//
//	s = gate(fc2(act(fc1(avgpool(x))))), y = s x
func (b *builder) excite(name string, x value, act, gate *nn.Activation) value {
	s := b.add(name+".avgpool", &nn.AdaptiveAvgPool2d{}, x)
	s = b.conv(name+".fc1", s, -1, window{})
	s = b.add(name+".activation", act, s)
	s = b.conv(name+".fc2", s, x.channels, window{})
	s = b.add(name+".scale_activation", gate, s)
	x = b.add(name+".mul", nn.Mul{}, x, s)
	b.contain(x, name)
	return x
}

// concat joins values along the channels.
func (b *builder) concat(name string, in ...value) value {
	channels := 0
	for _, x := range in {
		channels += x.channels
	}
	out := b.add(name, nn.Concat{}, in...)
	out.channels = channels
	return out
}

// linear adds a linear layer to any number of outputs.
func (b *builder) linear(name string, x value) value {
	l := &nn.Linear{Weight: b.tensor(name+".weight", -1, x.channels)}
	if b.err == nil && b.has(name+".bias") {
		l.Bias = b.vector(name+".bias", l.Weight.Shape[0])
	}
	if b.err != nil {
		return x
	}
	x = b.add(name, l, x)
	x.channels = l.Weight.Shape[0]
	return x
}

// heads are names that people give to what follows the features.
var heads = []string{"fc", "classifier", "linear", "head", "head.fc", "last_linear"}

// head adds the last layers: a linear one, or linear ones with what has no tensors
// between, among the children of a module: behind one at i and before one at i+2 an
// activation, before one at i+3 also dropout. In front of the first there is dropout.
// The family's name for them is tried first, then others; where there are none, the
// network ends with its features. Which activation it is no tensor tells: that of the option
// head, else the family's own under the family's name, else ReLU.
func (b *builder) head(name string, x value, act string) {
	if b.err != nil {
		return
	}
	for _, n := range append([]string{name}, heads...) {
		if b.has(n+".weight") || b.has(n+".bias") {
			b.linear(n, x)
			return
		}
		var at []int
		for i := range 16 {
			if s := b.shape(fmt.Sprintf("%s.%d.weight", n, i)); len(s) == 2 {
				at = append(at, i)
			}
		}
		if len(at) > 0 {
			if n != name {
				act = "relu"
			}
			b.sequentialHead(n, x, 0, at, act)
			return
		}
	}
	b.graph.Headless = true
}

// sequentialHead adds the linear layers at some places of a module, behind those that have
// nothing with tensors from one on.
func (b *builder) sequentialHead(name string, x value, from int, at []int, byDefault string) {
	child := func(i int) string { return fmt.Sprintf("%s.%d", name, i) }
	var act *nn.Activation
	if len(at) > 1 {
		act = b.activation("head", byDefault)
	}
	for i := from; i < at[0]; i++ {
		x = b.skip(child(i), x)
	}
	for k, i := range at {
		x = b.linear(child(i), x)
		if k == len(at)-1 {
			break
		}
		switch next := at[k+1]; next - i {
		case 1:
		case 2, 3:
			x = b.add(child(i+1), act, x)
			if next-i == 3 {
				x = b.skip(child(i+2), x)
			}
		default:
			b.fail("%s and %s: what stands between them?", b.file(child(i)+".weight"), b.file(child(next)+".weight"))
		}
	}
	b.contain(x, name)
}

// pooled is the usual end of the features: the mean of each channel, flattened.
func (b *builder) pooled(pool, flat string, x value) value {
	x = b.add(pool, &nn.AdaptiveAvgPool2d{}, x)
	return b.add(flat, nn.Flatten{}, x)
}

// children counts the consecutive children of a module, from 0, that have a tensor
// of the given name.
func (b *builder) children(module, tensor string) int {
	n := 0
	for b.has(fmt.Sprintf("%s.%d.%s", module, n, tensor)) {
		n++
	}
	return n
}

// inChannels returns the channels of the input: those that the first convolution, of a
// square kernel, takes.
func (b *builder) inChannels(weight string, kernel int) int {
	if t := b.tensor(weight, -1, -1, kernel, kernel); t != nil {
		return t.Shape[1]
	}
	return 0
}
