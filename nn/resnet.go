package nn

import (
	"context"
	"fmt"
)

// ResNet is a residual network in torchvision's layout (He et al. 2015):
//
//	conv1, bn1, relu, maxpool, layer1 ... layer4, avgpool, fc
//
// Its layers run one by one, as written here; [NewResNet] builds it from a
// state dict. A ResNet is safe for concurrent use as long as nobody changes
// its layers.
type ResNet struct {
	Conv1   *Conv2d
	BN1     *BatchNorm2d
	MaxPool *MaxPool2d
	Layers  [][]*Block // layer1, layer2, ...
	AvgPool GlobalAvgPool2d
	FC      *Linear
}

// Run is the forward pass; see [Network]. It stops between images of a layer
// once ctx is done.
func (m *ResNet) Run(ctx context.Context, x *Tensor, taps ...string) (*Result, error) {
	seen, err := newTapper(m.Modules(), taps)
	if err != nil {
		return nil, err
	}
	if _, _, _, _, err := images("input", x, m.InChannels()); err != nil {
		return nil, err
	}
	step := func(name string, forward func(context.Context, *Tensor) (*Tensor, error)) {
		if err != nil {
			return
		}
		if err = ctx.Err(); err != nil {
			return
		}
		if x, err = forward(ctx, x); err != nil {
			err = fmt.Errorf("%s: %w", name, err)
			return
		}
		seen.see(name, x)
	}
	step("conv1", m.Conv1.Forward)
	step("bn1", m.BN1.Forward)
	step("relu", ReLU{}.Forward)
	step("maxpool", m.MaxPool.Forward)
	for i, blocks := range m.Layers {
		for j, block := range blocks {
			name := fmt.Sprintf("layer%d.%d", i+1, j)
			step(name, func(ctx context.Context, x *Tensor) (*Tensor, error) { return block.forward(ctx, x, name, seen) })
		}
		seen.see(fmt.Sprintf("layer%d", i+1), x)
	}
	step("avgpool", m.AvgPool.Forward)
	features := x
	step("fc", m.FC.Forward)
	if err != nil {
		return nil, err
	}
	n := features.Shape[0]
	return &Result{
		Logits:   x,
		Features: &Tensor{Shape: []int{n, len(features.Data) / n}, Data: features.Data},
		Taps:     seen,
	}, nil
}

// Forward returns the logits, N x classes, of a batch N x C x H x W. It
// returns an error when the batch is misshapen, or ctx is done.
func (m *ResNet) Forward(ctx context.Context, x *Tensor) (*Tensor, error) {
	r, err := m.Run(ctx, x)
	if err != nil {
		return nil, err
	}
	return r.Logits, nil
}

// Features returns the pooled features, N x features, of a batch
// N x C x H x W: what the network gives once fc is Identity. It returns an
// error when the batch is misshapen, or ctx is done.
func (m *ResNet) Features(ctx context.Context, x *Tensor) (*Tensor, error) {
	r, err := m.Run(ctx, x)
	if err != nil {
		return nil, err
	}
	return r.Features, nil
}

// Modules lists the names of all modules in order of execution.
func (m *ResNet) Modules() []string {
	names := []string{"conv1", "bn1", "relu", "maxpool"}
	for i, blocks := range m.Layers {
		layer := fmt.Sprintf("layer%d", i+1)
		for j, block := range blocks {
			names = append(names, block.modules(fmt.Sprintf("%s.%d", layer, j))...)
		}
		names = append(names, layer)
	}
	return append(names, "avgpool", "fc")
}

// String names a network by its depth and width: "ResNet18, base width 64".
func (m *ResNet) String() string {
	convolutions := 1
	for _, blocks := range m.Layers {
		for _, b := range blocks {
			convolutions += len(b.Convs)
		}
	}
	return fmt.Sprintf("ResNet%d, base width %d", convolutions+1, m.Conv1.Weight.Shape[0])
}

// InChannels is the number of channels of an input image.
func (m *ResNet) InChannels() int { return m.Conv1.Weight.Shape[1] }

// Head is the last layer, fc.
func (m *ResNet) Head() *Linear { return m.FC }
