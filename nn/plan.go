package nn

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// Plan is a ResNet compiled for speed: batch norms are folded into the
// convolutions before them, whose products add the bias and the shortcut and
// rectify as they store, and memory is used again from batch to batch. Its
// outputs are those of the network up to rounding, about 1e-6 of their
// largest value, and do not depend on the size of the batch. A Plan is safe
// for concurrent use.
type Plan struct {
	net    *ResNet
	stem   *planConv
	blocks [][]*planBlock
	arenas arenas
}

// planBlock is a residual block: its convolutions, and the shortcut's or nil.
type planBlock struct {
	convs      []*planConv
	downsample *planConv
}

// Compile prepares a network. The network must not be changed afterwards. It
// returns an error when a layer is misshapen.
func Compile(m *ResNet) (*Plan, error) {
	p := &Plan{net: m}
	var err error
	if p.stem, err = compileConv(m.Conv1, m.BN1); err != nil {
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
		p.blocks = append(p.blocks, blocks)
	}
	return p, nil
}

func compileBlock(b *Block) (*planBlock, error) {
	if len(b.Convs) == 0 || len(b.Convs) != len(b.Norms) || (b.Downsample == nil) != (b.DownsampleNorm == nil) {
		return nil, fmt.Errorf("every convolution needs its batch norm")
	}
	out := &planBlock{}
	for i, conv := range b.Convs {
		c, err := compileConv(conv, b.Norms[i])
		if err != nil {
			return nil, fmt.Errorf("conv%d: %w", i+1, err)
		}
		out.convs = append(out.convs, c)
	}
	if b.Downsample != nil {
		var err error
		if out.downsample, err = compileConv(b.Downsample, b.DownsampleNorm); err != nil {
			return nil, fmt.Errorf("downsample: %w", err)
		}
	}
	return out, nil
}

// Modules lists what can be tapped, in order of execution.
func (p *Plan) Modules() []string { return p.net.Modules() }

// InChannels is the number of channels of an input image.
func (p *Plan) InChannels() int { return p.net.InChannels() }

// Head is the last layer, fc.
func (p *Plan) Head() *Linear { return p.net.FC }

// chunk is how many images go through the network together: enough columns
// for the products of the last stages, few enough for the feature maps of the
// first to stay in the cache, and for a context's end to be seen in time.
const chunk = 16

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
	a := p.arenas.take()
	defer p.arenas.give(a)
	var parts []*Result
	for lo := 0; lo < n; lo += chunk {
		hi := min(lo+chunk, n)
		part := &Tensor{Shape: []int{hi - lo, c, h, w}, Data: x.Data[lo*c*h*w : hi*c*h*w]}
		seen, err := newTapper(p.Modules(), taps)
		if err != nil {
			return nil, err
		}
		r, err := p.run(ctx, part, seen, a)
		if err != nil {
			return nil, err
		}
		parts = append(parts, r)
	}
	return join(parts, n), nil
}

// run is the forward pass of some images. What it returns is the caller's; all
// else comes from the arena and goes back there.
func (p *Plan) run(ctx context.Context, x *Tensor, seen tapper, a *arena) (_ *Result, err error) {
	owned := false // whether x is of the arena
	// next replaces x by the output of a step.
	next := func(y *Tensor) {
		if owned {
			a.give(x)
		}
		x, owned = y, true
	}
	y, err := p.runStem(ctx, x, seen, a)
	if err != nil {
		return nil, err
	}
	next(y)
	if y, err = maxPool(p.net.MaxPool, x, a); err != nil {
		return nil, err
	}
	next(y)
	seen.keep("maxpool", x)
	for i, blocks := range p.blocks {
		for j, block := range blocks {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			name := fmt.Sprintf("layer%d.%d", i+1, j)
			if seen.wantsInside(name) {
				y, err = p.net.Layers[i][j].forward(ctx, x, name, seen)
			} else {
				y, err = block.run(ctx, x, name, seen, a)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			next(y)
			seen.keep(name+".relu", x)
			seen.keep(name, x)
		}
		seen.keep(fmt.Sprintf("layer%d", i+1), x)
	}
	pooled, err := p.net.AvgPool.Forward(x)
	if err != nil {
		return nil, err
	}
	a.give(x)
	seen.see("avgpool", pooled)
	logits, err := p.net.FC.Forward(pooled)
	if err != nil {
		return nil, fmt.Errorf("fc: %w", err)
	}
	seen.see("fc", logits)
	return &Result{Logits: logits, Features: pooled, Taps: seen}, nil
}

// runStem is conv1, bn1 and relu.
func (p *Plan) runStem(ctx context.Context, x *Tensor, seen tapper, a *arena) (*Tensor, error) {
	if seen.wants("conv1") {
		y, err := p.net.Conv1.forward(ctx, x)
		if err != nil {
			return nil, err
		}
		seen.see("conv1", y)
	}
	apart := seen.wants("bn1")
	y, err := p.stem.run(ctx, x, nil, !apart, a)
	if err != nil {
		return nil, fmt.Errorf("conv1: %w", err)
	}
	if apart {
		seen.keep("bn1", y)
		relu(y)
	}
	seen.keep("relu", y)
	return y, nil
}

// run is a block whose convolutions' own outputs nobody asked for; those of
// its batch norms may be tapped.
func (b *planBlock) run(ctx context.Context, x *Tensor, name string, seen tapper, a *arena) (*Tensor, error) {
	shortcut := x
	if b.downsample != nil {
		var err error
		if shortcut, err = b.downsample.run(ctx, x, nil, false, a); err != nil {
			return nil, err
		}
		defer a.give(shortcut)
		seen.keep(name+".downsample.1", shortcut)
		seen.keep(name+".downsample", shortcut)
	}
	out := x
	for i, conv := range b.convs {
		last := i == len(b.convs)-1
		bn := fmt.Sprintf("%s.bn%d", name, i+1)
		apart := seen.wants(bn)
		var residual *Tensor
		if last && !apart {
			residual = shortcut
		}
		y, err := conv.run(ctx, out, residual, !apart, a)
		if i > 0 {
			a.give(out)
		}
		if err != nil {
			return nil, err
		}
		if out = y; !apart {
			continue
		}
		seen.keep(bn, out)
		if last {
			for j, v := range shortcut.Data {
				out.Data[j] += v
			}
		}
		relu(out)
	}
	return out, nil
}

// maxPool is the layer's forward pass with memory of the arena.
func maxPool(l *MaxPool2d, x *Tensor, a *arena) (*Tensor, error) {
	n, c, h, w := x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]
	win, oh, ow, err := l.window(h, w)
	if err != nil {
		return nil, err
	}
	y := a.take(n, c, oh, ow)
	l.pool(y, x, win)
	return y, nil
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

// keep records a copy of x when name is tapped and not yet seen.
func (t tapper) keep(name string, x *Tensor) {
	if seen, ok := t[name]; ok && seen == nil {
		y := empty(x.Shape...)
		copy(y.Data, x.Data)
		t[name] = y
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

// arenas keeps as many arenas as there have been runs at once.
type arenas struct {
	mu   sync.Mutex
	free []*arena
}

func (as *arenas) take() *arena {
	as.mu.Lock()
	defer as.mu.Unlock()
	last := len(as.free) - 1
	if last < 0 {
		return new(arena)
	}
	a := as.free[last]
	as.free = as.free[:last]
	return a
}

func (as *arenas) give(a *arena) {
	as.mu.Lock()
	as.free = append(as.free, a)
	as.mu.Unlock()
}

// arena hands out tensors and takes them back, so that a network that runs
// again allocates nothing. It is used by one goroutine at a time.
type arena struct{ free [][]float32 }

// take returns a tensor whose elements are to be written before they are read.
func (a *arena) take(shape ...int) *Tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	best := -1
	for i, f := range a.free {
		if cap(f) >= n && (best < 0 || cap(f) < cap(a.free[best])) {
			best = i
		}
	}
	if best < 0 {
		return empty(shape...)
	}
	data := a.free[best][:n]
	last := len(a.free) - 1
	a.free[best] = a.free[last]
	a.free = a.free[:last]
	return &Tensor{Shape: shape, Data: data}
}

// give returns a tensor to the arena.
func (a *arena) give(t *Tensor) { a.free = append(a.free, t.Data[:0]) }

// fold returns the weights and biases of a convolution with the batch norm
// after it folded in: weight * scale and bias * scale + shift.
func fold(conv *Conv2d, norm *BatchNorm2d) (weight, bias []float32, err error) {
	scale, shift, err := norm.affine()
	if err != nil {
		return nil, nil, err
	}
	out := conv.Weight.Shape[0]
	if len(scale) != out {
		return nil, nil, fmt.Errorf("nn: a batch norm of %d channels after a convolution to %d", len(scale), out)
	}
	weight = make([]float32, len(conv.Weight.Data))
	depth := len(weight) / out
	parallel.For(out, 8, func(lo, hi int) {
		for o := lo; o < hi; o++ {
			for i := o * depth; i < (o+1)*depth; i++ {
				weight[i] = conv.Weight.Data[i] * scale[o]
			}
		}
	})
	for o := range shift {
		if conv.Bias != nil {
			shift[o] = float32(math.FMA(float64(conv.Bias[o]), float64(scale[o]), float64(shift[o])))
		}
	}
	return weight, shift, nil
}
