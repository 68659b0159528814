package conv

import (
	"sync"
	"sync/atomic"
)

// A packing is what weights are packed to when they are first used, and packed to again, in
// the same memory, when they have changed.
type packing[T any] struct {
	mu    sync.Mutex
	made  atomic.Uint64 // changes there had been, and one
	value T
}

func (p *packing[T]) get(changes *changes, pack func(*T)) *T {
	now := changes.Load() + 1
	if p.made.Load() != now {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.made.Load() != now {
			pack(&p.value)
			p.made.Store(now)
		}
	}
	return &p.value
}

// packings are those of one convolution, and the changes of its weights, which all that are
// made of the same weights share.
type packings struct {
	changes  *changes
	direct   packing[direct]
	winograd [variants]packing[winograd]
	channels packing[depthwise]
}

// changes counts those of some weights.
type changes struct {
	atomic.Uint64
	often bool
}

// Training says that the weights will change after every use, so that what packing costs
// counts when a way to convolve is chosen, and the size of the batch does. It must be said
// before the first use.
func (c *Conv) Training() { c.packings.changes.often = true }

// Changed says that the numbers at weight, scale or bias, see New, have been changed. All that
// has been packed of them, for this convolution and for its gradients by the input, is packed
// again when it is next used. It must not run at the same time as any of these.
func (c *Conv) Changed() {
	copy(c.bias, c.given)
	c.packings.changes.Add(1)
}

func (c *Conv) direct() *direct {
	return c.packings.direct.get(c.packings.changes, func(d *direct) { packDirect(c, d) })
}

func (c *Conv) winograd(variant int) *winograd {
	return c.packings.winograd[variant].get(c.packings.changes, func(w *winograd) { packWinograd(c, variant, w) })
}

func (c *Conv) channels() *depthwise {
	return c.packings.channels.get(c.packings.changes, func(d *depthwise) { packDepthwise(c, d) })
}

// A layout tells where the weights of a convolution are among those that were given, which may
// be another's: the weight of output channel o, input channel i and a tap is
//
//	weight[out[o] + i in + tap]
type layout struct {
	out    []int
	in     int
	taps   [][]int // of so many equal parts of the output channels; -1 for what is zero
	turned bool    // the factors are of input channels, not of output channels
}

// own is the layout of a convolution's own weights.
func (s Shape) own() layout {
	l := layout{out: make([]int, s.Out), in: s.taps(), taps: [][]int{make([]int, s.taps())}}
	for o := range l.out {
		l.out[o] = o * s.In / s.Groups * s.taps()
	}
	for t := range l.taps[0] {
		l.taps[0][t] = t
	}
	return l
}

// tapsOf returns where the taps of an output channel are.
func (c *Conv) tapsOf(o int) []int {
	taps := c.layout.taps
	if len(taps) == 1 {
		return taps[0]
	}
	return taps[o/(c.Out/len(taps))]
}

// factors returns the factors of a panel: those of its input channels if step is 1, those of
// its lanes if it is 0.
func (c *Conv) factors(p panel) (factors []float32, step int) {
	if c.layout.turned {
		return c.scale[p.group*(c.In/c.Groups):], 1
	}
	return c.scale[p.col:], 0
}

// derived is a convolution without summands, whose weights are those of another in another
// layout.
func (c *Conv) derived(s Shape, l layout) *Conv {
	return &Conv{
		Shape: s, kern: c.kern, weight: c.weight, scale: c.scale, layout: l,
		bias: make([]float32, s.Out+c.kern.lanes), packings: &packings{changes: c.packings.changes},
	}
}
