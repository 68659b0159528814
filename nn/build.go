package nn

import (
	"fmt"
	"strings"

	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// NewResNet builds a ResNet from the names and shapes of a state dict in
// torchvision's layout: ResNet18 and 34 (BasicBlock), 50 and deeper
// (Bottleneck, with its groups for ResNeXt), of any base width, depth of each
// stage and number of classes. The stem is a 7x7 convolution with stride 2 or
// a 3x3 one with stride 1, with or without a bias; a 3x3 max pool with stride
// 2 follows in both cases, which no tensor records. Weights of F32 are used in
// place. It returns an error that names the first tensor that is missing,
// misshapen or not a float, or else the first that no layer uses;
// num_batches_tracked, which eval mode does not need, may be there or not.
func NewResNet(sd *checkpoint.StateDict) (*ResNet, error) {
	b := builder{sd: sd, used: map[string]bool{}}
	m := &ResNet{MaxPool: &MaxPool2d{Kernel: 3, Stride: 2, Padding: 1}}
	m.Conv1 = b.stem()
	channels := b.out(m.Conv1)
	m.BN1 = b.norm("bn1", channels)
	for stage := 1; stage == 1 || b.has(fmt.Sprintf("layer%d.0.conv1.weight", stage)); stage++ {
		var blocks []*Block
		for i := 0; i == 0 || b.has(fmt.Sprintf("layer%d.%d.conv1.weight", stage, i)); i++ {
			stride := 1
			if i == 0 && stage > 1 {
				stride = 2
			}
			block := b.block(fmt.Sprintf("layer%d.%d", stage, i), channels, stride)
			if b.err != nil {
				return nil, b.err
			}
			channels = b.out(block.Convs[len(block.Convs)-1])
			blocks = append(blocks, block)
		}
		m.Layers = append(m.Layers, blocks)
	}
	m.FC = &Linear{Weight: b.tensor("fc.weight", -1, channels)}
	if b.err == nil && b.has("fc.bias") {
		m.FC.Bias = b.vector("fc.bias", m.FC.Weight.Shape[0])
	}
	if b.err == nil {
		b.unexpected()
	}
	if b.err != nil {
		return nil, b.err
	}
	return m, nil
}

// builder takes tensors out of a state dict. After its first error it returns
// only nil.
type builder struct {
	sd   *checkpoint.StateDict
	used map[string]bool
	err  error
}

func (b *builder) has(name string) bool {
	_, ok := b.sd.Get(name)
	return ok
}

// tensor returns the named tensor when its shape fits; a dimension of -1 fits
// any positive size.
func (b *builder) tensor(name string, shape ...int) *Tensor {
	if b.err != nil {
		return nil
	}
	t, ok := b.sd.Get(name)
	if !ok {
		b.err = fmt.Errorf("nn: state dict: %s is missing, want shape %s", name, pattern(shape))
		return nil
	}
	fits := len(t.Shape) == len(shape)
	for i := 0; fits && i < len(shape); i++ {
		fits = t.Shape[i] == shape[i] || shape[i] == -1 && t.Shape[i] > 0
	}
	if !fits {
		b.err = fmt.Errorf("nn: state dict: %s has shape %v, want %s", name, t.Shape, pattern(shape))
		return nil
	}
	data, err := t.Float32()
	if err != nil {
		b.err = fmt.Errorf("nn: state dict: %s: %w", name, err)
		return nil
	}
	b.used[name] = true
	return &Tensor{Shape: t.Shape, Data: data}
}

// pattern writes a shape with * for any size.
func pattern(shape []int) string {
	return strings.ReplaceAll(fmt.Sprint(shape), "-1", "*")
}

func (b *builder) vector(name string, n int) []float32 {
	if t := b.tensor(name, n); t != nil {
		return t.Data
	}
	return nil
}

// out is the number of channels that a convolution gives, 0 after an error.
func (b *builder) out(l *Conv2d) int {
	if b.err != nil {
		return 0
	}
	return l.Weight.Shape[0]
}

// stem reads conv1; its kernel tells its stride and padding.
func (b *builder) stem() *Conv2d {
	l := &Conv2d{Weight: b.tensor("conv1.weight", -1, -1, -1, -1)}
	if b.err != nil {
		return l
	}
	switch s := l.Weight.Shape; {
	case s[2] == 7 && s[3] == 7:
		l.Stride, l.Padding = 2, 3
	case s[2] == 3 && s[3] == 3:
		l.Stride, l.Padding = 1, 1
	default:
		b.err = fmt.Errorf("nn: state dict: conv1.weight has shape %v, want a kernel of 7x7 or 3x3", s)
		return l
	}
	if b.has("conv1.bias") {
		l.Bias = b.vector("conv1.bias", l.Weight.Shape[0])
	}
	return l
}

// conv reads a convolution with a square kernel of the given size, which
// padding keeps centred.
func (b *builder) conv(name string, in, out, kernel, stride int) *Conv2d {
	return &Conv2d{Weight: b.tensor(name+".weight", out, in, kernel, kernel), Stride: stride, Padding: kernel / 2}
}

// grouped is conv for as many input as output channels, split into the number
// of groups that follows from the shape of the weight.
func (b *builder) grouped(name string, channels, kernel, stride int) *Conv2d {
	l := b.conv(name, -1, channels, kernel, stride)
	if b.err != nil {
		return l
	}
	if perGroup := l.Weight.Shape[1]; channels%perGroup == 0 {
		l.Groups = channels / perGroup
	} else {
		b.err = fmt.Errorf("nn: state dict: %s.weight has shape %v, want the second to divide the first", name, l.Weight.Shape)
	}
	return l
}

func (b *builder) norm(name string, channels int) *BatchNorm2d {
	return &BatchNorm2d{
		Weight:      b.vector(name+".weight", channels),
		Bias:        b.vector(name+".bias", channels),
		RunningMean: b.vector(name+".running_mean", channels),
		RunningVar:  b.vector(name+".running_var", channels),
	}
}

// block reads a BasicBlock, or a Bottleneck where there is a conv3.
func (b *builder) block(name string, in, stride int) *Block {
	var convs []*Conv2d
	if b.has(name + ".conv3.weight") {
		convs = append(convs, b.conv(name+".conv1", in, -1, 1, 1))
		width := b.out(convs[0])
		convs = append(convs, b.grouped(name+".conv2", width, 3, stride), b.conv(name+".conv3", width, -1, 1, 1))
	} else {
		convs = append(convs, b.conv(name+".conv1", in, -1, 3, stride))
		width := b.out(convs[0])
		convs = append(convs, b.conv(name+".conv2", width, width, 3, 1))
	}
	block := &Block{Convs: convs}
	out := 0
	for i, conv := range convs {
		out = b.out(conv)
		block.Norms = append(block.Norms, b.norm(fmt.Sprintf("%s.bn%d", name, i+1), out))
	}
	if stride != 1 || out != in || b.has(name+".downsample.0.weight") {
		block.Downsample = b.conv(name+".downsample.0", in, out, 1, stride)
		block.DownsampleNorm = b.norm(name+".downsample.1", out)
	}
	return block
}

// unexpected sets the error for the first tensor that no layer used.
func (b *builder) unexpected() {
	for _, name := range b.sd.Names() {
		if !b.used[name] && !strings.HasSuffix(name, ".num_batches_tracked") {
			t, _ := b.sd.Get(name)
			b.err = fmt.Errorf("nn: state dict: unexpected tensor %s of shape %v: not a ResNet in torchvision's layout", name, t.Shape)
			return
		}
	}
}
