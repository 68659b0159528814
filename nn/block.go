package nn

import (
	"context"
	"fmt"
)

// Block is a residual block of He et al. 2015 in torchvision's form:
//
//	out = relu(bn1(conv1(x))), ..., out = bnK(convK(out))
//	y = relu(out + shortcut(x))
//
// Two convolutions make a BasicBlock (ResNet18 and 34), three a Bottleneck
// (ResNet50 and deeper; the stride is then in the second, torchvision's
// "v1.5"). The shortcut is the identity, or a strided 1x1 convolution with its
// own batch norm where the shape changes.
type Block struct {
	Convs          []*Conv2d
	Norms          []*BatchNorm2d
	Downsample     *Conv2d // nil: identity
	DownsampleNorm *BatchNorm2d
}

// Forward maps N x in x H x W to N x out x H/stride x W/stride. It returns an
// error when the block or the batch is misshapen, or ctx is done.
func (b *Block) Forward(ctx context.Context, x *Tensor) (*Tensor, error) {
	return b.forward(ctx, x, "", nil)
}

// forward is Forward that shows every intermediate output to taps, under the
// block's module name.
func (b *Block) forward(ctx context.Context, x *Tensor, name string, taps tapper) (*Tensor, error) {
	if len(b.Convs) == 0 || len(b.Convs) != len(b.Norms) || (b.Downsample == nil) != (b.DownsampleNorm == nil) {
		return nil, fmt.Errorf("nn: block %s: every convolution needs its batch norm", name)
	}
	shortcut := x
	if b.Downsample != nil {
		var err error
		if shortcut, err = b.Downsample.Forward(ctx, x); err != nil {
			return nil, fmt.Errorf("%s.downsample.0: %w", name, err)
		}
		taps.see(name+".downsample.0", shortcut)
		if shortcut, err = b.DownsampleNorm.Forward(ctx, shortcut); err != nil {
			return nil, fmt.Errorf("%s.downsample.1: %w", name, err)
		}
		taps.see(name+".downsample.1", shortcut)
		taps.see(name+".downsample", shortcut)
	}
	out := x
	for i, conv := range b.Convs {
		var err error
		if out, err = conv.Forward(ctx, out); err != nil {
			return nil, fmt.Errorf("%s.conv%d: %w", name, i+1, err)
		}
		taps.see(fmt.Sprintf("%s.conv%d", name, i+1), out)
		if out, err = b.Norms[i].Forward(ctx, out); err != nil {
			return nil, fmt.Errorf("%s.bn%d: %w", name, i+1, err)
		}
		taps.see(fmt.Sprintf("%s.bn%d", name, i+1), out)
		if i < len(b.Convs)-1 {
			if out, err = (ReLU{}).Forward(ctx, out); err != nil {
				return nil, fmt.Errorf("%s.relu: %w", name, err)
			}
		}
	}
	y, err := add(out, shortcut)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	relu(y)
	taps.see(name+".relu", y)
	taps.see(name, y)
	return y, nil
}

// modules lists the names under which forward shows its outputs.
func (b *Block) modules(name string) []string {
	var names []string
	for i := range b.Convs {
		names = append(names, fmt.Sprintf("%s.conv%d", name, i+1), fmt.Sprintf("%s.bn%d", name, i+1))
	}
	if b.Downsample != nil {
		names = append(names, name+".downsample.0", name+".downsample.1", name+".downsample")
	}
	return append(names, name+".relu", name)
}

// add returns a + b for two batches of one shape.
func add(a, b *Tensor) (*Tensor, error) {
	n, c, h, w, err := images("add", a, 0)
	if err != nil {
		return nil, err
	}
	if len(b.Data) != len(a.Data) || fmt.Sprint(a.Shape) != fmt.Sprint(b.Shape) {
		return nil, fmt.Errorf("nn: shortcut of shape %v does not fit the output %v", b.Shape, a.Shape)
	}
	y := empty(n, c, h, w)
	for i, v := range a.Data {
		y.Data[i] = v + b.Data[i]
	}
	return y, nil
}
