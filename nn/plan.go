package nn

import (
	"context"
	"fmt"
	"strings"

	"github.com/glimpse-go/glimpse/internal/conv"
)

// Plan is a ResNet compiled for speed: batch norms are folded into the
// convolutions before them, whose products add the bias and the shortcut and
// rectify as they store, and memory is used again from batch to batch. Its
// outputs are those of the network up to rounding, about 1e-6 of their
// largest value, and do not depend on the size of the batch. A Plan is safe
// for concurrent use.
type Plan struct {
	net    *ResNet
	stem   *conv.Conv
	stages [][]*planBlock
	mem    conv.Memory
}

// planBlock is a residual block: its convolutions, and the shortcut's or nil.
type planBlock struct {
	reference  *Block
	convs      []*conv.Conv
	downsample *conv.Conv
}

// out is the number of channels of the block's output.
func (b *planBlock) out() int { return b.convs[len(b.convs)-1].Out }

// outSize returns the size of the output for maps of h x w pixels.
func (b *planBlock) outSize(h, w int) (int, int) {
	for _, c := range b.convs {
		h, w = c.OutSize(h), c.OutSize(w)
	}
	return h, w
}

// Modules lists what can be tapped, in order of execution.
func (p *Plan) Modules() []string { return p.net.Modules() }

// InChannels is the number of channels of an input image.
func (p *Plan) InChannels() int { return p.net.InChannels() }

// Head is the last layer, fc.
func (p *Plan) Head() *Linear { return p.net.FC }

// chunk is how many images go through the network together: enough for the
// weights of the last stages, which no cache holds, to be worth fetching.
const chunk = 40

// chunkBytes bounds the feature maps of a chunk behind the stem, so that large
// images do not take memory by the gigabyte.
const chunkBytes = 64 << 20

// Run is the forward pass; see [Network]. It stops between the layers of some
// images once ctx is done.
func (p *Plan) Run(ctx context.Context, x *Tensor, taps ...string) (*Result, error) {
	n, c, h, w, err := images("input", x, p.InChannels())
	if err != nil {
		return nil, err
	}
	if _, err := newTapper(p.Modules(), taps); err != nil {
		return nil, err
	}
	stem, err := p.stemSize(h, w)
	if err != nil {
		return nil, err
	}
	var parts []*Result
	step := min(chunk, max(1, chunkBytes/(4*stem.oh*stem.ow*p.stem.Out)))
	step = ceil(n, ceil(n, step)) // equal parts
	for lo := 0; lo < n; lo += step {
		hi := min(lo+step, n)
		part := &Tensor{Shape: []int{hi - lo, c, h, w}, Data: x.Data[lo*c*h*w : hi*c*h*w]}
		seen, err := newTapper(p.Modules(), taps)
		if err != nil {
			return nil, err
		}
		r, err := p.run(ctx, part, seen)
		if err != nil {
			return nil, err
		}
		parts = append(parts, r)
	}
	return join(parts, n), nil
}

// run is the forward pass of some images. Inside it, feature maps are stored
// channels last; those that it returns are copies.
func (p *Plan) run(ctx context.Context, input *Tensor, seen tapper) (*Result, error) {
	x, err := p.runStem(ctx, input, seen)
	if err != nil {
		return nil, err
	}
	seen.keep("maxpool", x)
	for i, stage := range p.stages {
		name := fmt.Sprintf("layer%d", i+1)
		y, err := p.runStage(ctx, x, stage, name, seen)
		p.mem.Free(x)
		if err != nil {
			return nil, err
		}
		x = y
		seen.keep(name, x)
	}
	pooled := &Tensor{Shape: []int{x.N, x.C, 1, 1}, Data: x.Mean()}
	p.mem.Free(x)
	seen.see("avgpool", pooled)
	logits, err := p.net.FC.Forward(ctx, pooled)
	if err != nil {
		return nil, fmt.Errorf("fc: %w", err)
	}
	seen.see("fc", logits)
	return &Result{Logits: logits, Features: pooled, Taps: seen}, nil
}

// groupBytes bounds the feature maps that a stage hands from layer to layer,
// so that they are still in the cache when the next layer reads them.
const groupBytes = 1 << 20

// groups calls f for groups of n images, whose largest maps have size elements
// each. All are one group if together is set.
func groups(n, size int, together bool, f func(lo, hi int) error) error {
	step := min(max(1, groupBytes/(4*size)), n)
	if together {
		step = n
	}
	for lo := 0; lo < n; lo += step {
		if err := f(lo, min(lo+step, n)); err != nil {
			return err
		}
	}
	return nil
}

// stemSize is the size of what conv1 makes of an image, and of what maxpool
// makes of that.
type stemSize struct {
	h, w, oh, ow int
	win          window
}

func (p *Plan) stemSize(h, w int) (s stemSize, err error) {
	s.h, s.w = p.stem.OutSize(h), p.stem.OutSize(w)
	if s.h < 1 || s.w < 1 {
		return s, fmt.Errorf("nn: conv1: kernel %d is larger than the padded image %dx%d", p.stem.Kernel, h+2*p.stem.Padding, w+2*p.stem.Padding)
	}
	if s.win, s.oh, s.ow, err = p.net.MaxPool.window(s.h, s.w); err != nil {
		return s, fmt.Errorf("maxpool: %w", err)
	}
	return s, nil
}

// runStem is conv1, bn1, relu and maxpool.
func (p *Plan) runStem(ctx context.Context, x *Tensor, seen tapper) (*conv.Maps, error) {
	if seen.wants("conv1") {
		y, err := p.net.Conv1.Forward(ctx, x)
		if err != nil {
			return nil, err
		}
		seen.see("conv1", y)
	}
	n, c, h, w := x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]
	size, err := p.stemSize(h, w)
	if err != nil {
		return nil, err
	}
	out := p.mem.Maps(n, size.oh, size.ow, p.stem.Out, 0)
	apart := seen.wants("bn1")
	err = groups(n, size.h*size.w*p.stem.Out, apart || seen.wants("relu"), func(lo, hi int) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		in := conv.FromNCHW(x.Data[lo*c*h*w:hi*c*h*w], hi-lo, c, h, w, p.stem.Padding, &p.mem)
		defer p.mem.Free(in)
		y := p.mem.Maps(hi-lo, size.h, size.w, p.stem.Out, 0)
		defer p.mem.Free(y)
		if err := p.stem.Apply(y, in, nil, !apart, &p.mem); err != nil {
			return fmt.Errorf("conv1: %w", err)
		}
		if apart {
			seen.keep("bn1", y)
			y.AddReLU(nil)
		}
		seen.keep("relu", y)
		conv.MaxPool(out.Images(lo, hi), y, size.win.kernel, size.win.stride, size.win.padding, &p.mem)
		return nil
	})
	if err != nil {
		p.mem.Free(out)
		return nil, err
	}
	return out, nil
}

// runStage is a stage of blocks.
func (p *Plan) runStage(ctx context.Context, x *conv.Maps, blocks []*planBlock, name string, seen tapper) (*conv.Maps, error) {
	h, w := x.H, x.W
	for _, b := range blocks {
		h, w = b.outSize(h, w)
	}
	if h < 1 || w < 1 {
		return nil, fmt.Errorf("%s: nn: no pixel is left of maps of %dx%d", name, x.H, x.W)
	}
	out := p.mem.Maps(x.N, h, w, blocks[len(blocks)-1].out(), 0)
	size := max(x.H*x.W*x.C, h*w*out.C)
	err := groups(x.N, size, seen.wantsUnder(name), func(lo, hi int) error {
		in := x.Images(lo, hi)
		for j, b := range blocks {
			y := out.Images(lo, hi)
			if j < len(blocks)-1 {
				bh, bw := b.outSize(in.H, in.W)
				y = p.mem.Maps(hi-lo, bh, bw, b.out(), 0)
			}
			full := fmt.Sprintf("%s.%d", name, j)
			err := p.runBlock(ctx, y, in, b, full, seen)
			if j > 0 {
				p.mem.Free(in)
			}
			if in = y; err != nil {
				if j < len(blocks)-1 {
					p.mem.Free(y)
				}
				return fmt.Errorf("%s: %w", full, err)
			}
			seen.keep(full+".relu", y)
			seen.keep(full, y)
		}
		return nil
	})
	if err != nil {
		p.mem.Free(out)
		return nil, err
	}
	return out, nil
}

// runBlock writes a block's output to y.
func (p *Plan) runBlock(ctx context.Context, y, x *conv.Maps, b *planBlock, name string, seen tapper) error {
	if seen.wantsInside(name) {
		in := &Tensor{Shape: []int{x.N, x.C, x.H, x.W}, Data: x.NCHW()}
		out, err := b.reference.forward(ctx, in, name, seen)
		if err != nil {
			return err
		}
		y.SetNCHW(out.Data)
		return nil
	}
	shortcut := x
	if b.downsample != nil {
		shortcut = p.mem.Maps(x.N, b.downsample.OutSize(x.H), b.downsample.OutSize(x.W), b.downsample.Out, 0)
		defer p.mem.Free(shortcut)
		if err := b.downsample.Apply(shortcut, x, nil, false, &p.mem); err != nil {
			return err
		}
		seen.keep(name+".downsample.1", shortcut)
		seen.keep(name+".downsample", shortcut)
	}
	for i, c := range b.convs {
		if err := ctx.Err(); err != nil {
			return err
		}
		last := i == len(b.convs)-1
		bn := fmt.Sprintf("%s.bn%d", name, i+1)
		apart := seen.wants(bn)
		out := y
		var add *conv.Maps
		if !last {
			out = p.mem.Maps(x.N, c.OutSize(x.H), c.OutSize(x.W), c.Out, 0)
			defer p.mem.Free(out)
		} else if !apart {
			add = shortcut
		}
		if err := c.Apply(out, x, add, !apart, &p.mem); err != nil {
			return err
		}
		if apart {
			seen.keep(bn, out)
			if last {
				add = shortcut
			}
			out.AddReLU(add)
		}
		x = out
	}
	return nil
}

// wants tells whether a module is tapped.
func (t tapper) wants(name string) bool {
	_, ok := t[name]
	return ok
}

// wantsInside tells whether a convolution of a block is tapped: its output
// before the batch norm, which the plan never computes.
func (t tapper) wantsInside(block string) bool {
	for name := range t {
		rest, ok := strings.CutPrefix(name, block+".")
		if ok && (strings.HasPrefix(rest, "conv") || rest == "downsample.0") {
			return true
		}
	}
	return false
}

// wantsUnder tells whether a module inside a stage is tapped.
func (t tapper) wantsUnder(stage string) bool {
	for name := range t {
		if strings.HasPrefix(name, stage+".") {
			return true
		}
	}
	return false
}

// keep records a copy of x when name is tapped and not yet seen.
func (t tapper) keep(name string, x *conv.Maps) {
	if seen, ok := t[name]; ok && seen == nil {
		t[name] = &Tensor{Shape: []int{x.N, x.C, x.H, x.W}, Data: x.NCHW()}
	}
}

// join puts the results of consecutive parts of a batch of n images together.
func join(parts []*Result, n int) *Result {
	out := &Result{Taps: map[string]*Tensor{}}
	stack := func(of func(*Result) *Tensor) *Tensor {
		first := of(parts[0])
		y := &Tensor{Shape: append([]int{n}, first.Shape[1:]...), Data: first.Data}
		if len(parts) == 1 {
			return y
		}
		y.Data = make([]float32, 0, n*len(first.Data)/first.Shape[0])
		for _, p := range parts {
			y.Data = append(y.Data, of(p).Data...)
		}
		return y
	}
	out.Logits = stack(func(r *Result) *Tensor { return r.Logits })
	out.Features = stack(func(r *Result) *Tensor { return r.Features })
	out.Features.Shape = out.Features.Shape[:2]
	for name := range parts[0].Taps {
		out.Taps[name] = stack(func(r *Result) *Tensor { return r.Taps[name] })
	}
	return out
}

// ceil returns a/b rounded up.
func ceil(a, b int) int { return (a + b - 1) / b }
