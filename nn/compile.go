package nn

import (
	"fmt"
	"math"

	"github.com/glimpse-go/glimpse/internal/conv"
)

// Compile prepares a network. The network must not be changed afterwards. It
// returns an error when a layer is misshapen.
func Compile(m *ResNet) (*Plan, error) {
	p := &Plan{net: m}
	var err error
	if p.stem, err = fold(m.Conv1, m.BN1); err != nil {
		return nil, fmt.Errorf("conv1: %w", err)
	}
	for i, layer := range m.Layers {
		var blocks []*planBlock
		for j, b := range layer {
			block, err := compileBlock(b)
			if err != nil {
				return nil, fmt.Errorf("layer%d.%d.%w", i+1, j, err)
			}
			blocks = append(blocks, block)
		}
		p.stages = append(p.stages, blocks)
	}
	return p, nil
}

func compileBlock(b *Block) (*planBlock, error) {
	if len(b.Convs) == 0 || len(b.Convs) != len(b.Norms) || (b.Downsample == nil) != (b.DownsampleNorm == nil) {
		return nil, fmt.Errorf("every convolution needs its batch norm")
	}
	out := &planBlock{reference: b}
	for i, conv := range b.Convs {
		c, err := fold(conv, b.Norms[i])
		if err != nil {
			return nil, fmt.Errorf("conv%d: %w", i+1, err)
		}
		out.convs = append(out.convs, c)
	}
	if b.Downsample != nil {
		var err error
		if out.downsample, err = fold(b.Downsample, b.DownsampleNorm); err != nil {
			return nil, fmt.Errorf("downsample: %w", err)
		}
	}
	return out, nil
}

// fold returns a convolution with the batch norm after it folded in: each
// output channel's weights are scaled, and bias * scale + shift is added.
func fold(l *Conv2d, norm *BatchNorm2d) (*conv.Conv, error) {
	out, in, kernel, groups, err := l.check()
	if err != nil {
		return nil, err
	}
	scale, shift, err := norm.affine()
	if err != nil {
		return nil, err
	}
	if len(scale) != out {
		return nil, fmt.Errorf("nn: a batch norm of %d channels after a convolution to %d", len(scale), out)
	}
	if l.Bias != nil {
		for o := range shift {
			shift[o] = float32(math.FMA(float64(l.Bias[o]), float64(scale[o]), float64(shift[o])))
		}
	}
	return conv.New(conv.Shape{
		In: in * groups, Out: out, Kernel: kernel, Stride: max(l.Stride, 1), Dilation: max(l.Dilation, 1), Padding: l.Padding, Groups: groups,
	}, l.Weight.Data, scale, shift)
}
