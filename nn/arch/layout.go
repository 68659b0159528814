package arch

import (
	"fmt"
	"math"
)

// A layout lists the tensors of a network that nobody has trained yet, with the numbers
// they begin with, in the order in which torchvision's modules hold them. The names are
// those that the family's builder asks for, and Build holds one to the other.
type layout struct {
	opt     NewOptions
	initial initial
	stem    bool // the family has the options Stem, NoMaxPool and Width
	settled map[string]string
	tensors []draft
	err     error
}

// A draft is a tensor that is still to be drawn.
type draft struct {
	name  string
	shape []int
	numbers
	counts bool // an integer
}

// initial says what the weights of a family begin as.
type initial struct {
	conv, convBias     rule
	linear, linearBias rule
}

// A rule makes the distribution of weights from the inputs and outputs of a layer,
// counted over its kernel, as torch.nn.init does.
type rule func(fanIn, fanOut int) numbers

// numbers are independent and distributed as constant + deviation N(0, 1) +
// bound U(-1, 1).
type numbers struct{ constant, deviation, bound float64 }

var ones = numbers{constant: 1}

// zero is a bias that begins as nothing.
func zero(fanIn, fanOut int) numbers { return numbers{} }

// torchDefault is what the constructors of Conv2d and Linear draw, weights and biases:
// kaiming_uniform_(a=sqrt(5)).
func torchDefault(fanIn, fanOut int) numbers { return numbers{bound: 1 / math.Sqrt(float64(fanIn))} }

// heOut and heIn are kaiming_normal_ for ReLU, with mode fan_out and fan_in.
func heOut(fanIn, fanOut int) numbers { return numbers{deviation: math.Sqrt(2 / float64(fanOut))} }
func heIn(fanIn, fanOut int) numbers  { return numbers{deviation: math.Sqrt(2 / float64(fanIn))} }

// normal is of one deviation whatever the size. torchvision's trunc_normal_ cuts it at
// -2 and 2, which are 20 deviations and more away.
func normal(deviation float64) rule {
	return func(fanIn, fanOut int) numbers { return numbers{deviation: deviation} }
}

// mostElements bounds a new network, at 4 GB. The largest here, regnet_y_128gf, has 0.6e9.
const mostElements = 1 << 30

func (l *layout) fail(format string, args ...any) {
	if l.err == nil {
		l.err = fmt.Errorf("arch: "+format, args...)
	}
}

func (l *layout) add(name string, n numbers, shape ...int) {
	l.tensors = append(l.tensors, draft{name: name, shape: shape, numbers: n})
}

// conv lays out a convolution from x channels, and returns its outputs.
func (l *layout) conv(name string, x, out int, w window) int {
	h, width := w.size()
	in := x / max(w.groups, 1)
	if w.groups == depthwise {
		in = 1
	}
	l.add(name+".weight", l.initial.conv(in*h*width, out*h*width), out, in, h, width)
	return out
}

// convBias is conv with a bias.
func (l *layout) convBias(name string, x, out int, w window) int {
	l.conv(name, x, out, w)
	s := l.tensors[len(l.tensors)-1].shape
	l.add(name+".bias", l.initial.convBias(s[1]*s[2]*s[3], s[0]*s[2]*s[3]), out)
	return out
}

func (l *layout) norm(name string, x int) int {
	l.layerNorm(name, x)
	l.add(name+".running_mean", numbers{}, x)
	l.add(name+".running_var", ones, x)
	l.tensors = append(l.tensors, draft{name: name + ".num_batches_tracked", shape: []int{}, counts: true})
	return x
}

func (l *layout) layerNorm(name string, x int) int {
	l.add(name+".weight", ones, x)
	l.add(name+".bias", numbers{}, x)
	return x
}

// convNorm is a convolution and its norm as children 0 and 1 of a module.
func (l *layout) convNorm(name string, x, out int, w window) int {
	return l.norm(name+".1", l.conv(name+".0", x, out, w))
}

// excite is squeeze-and-excitation.
func (l *layout) excite(name string, x, squeezed int) int {
	return l.convBias(name+".fc2", l.convBias(name+".fc1", x, squeezed, window{}), x, window{})
}

func (l *layout) linear(name string, x, out int) int {
	l.add(name+".weight", l.initial.linear(x, out), out, x)
	l.add(name+".bias", l.initial.linearBias(x, out), out)
	return out
}

// head is the last layer.
func (l *layout) head(name string, x int) { l.linear(name, x, l.opt.Classes) }

// divisible rounds a scaled number of channels to a multiple of 8, and not by more than
// a tenth down: torchvision's _make_divisible.
func divisible(v float64) int {
	rounded := max(8, int(v+4)/8*8)
	if float64(rounded) < 0.9*v {
		rounded += 8
	}
	return rounded
}
