package arch

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// NewOptions say what a new network is for.
type NewOptions struct {
	Classes  int // 0 means 1000
	Channels int // of the input; 0 means 3
	// Width is the base width of a ResNet, which all its widths are multiples of. 0 means 64.
	Width int
	// Stem is the first convolution of a ResNet: "7x7" with stride 2, the default, or
	// "3x3" with stride 1, for small images.
	Stem string
	// NoMaxPool leaves out the max pool behind a ResNet's stem.
	NoMaxPool bool
	// Seed of the weights. Those of a tensor depend on the seed, and on its name and shape.
	Seed uint64
}

const mostClasses = 1 << 20

// NewNames lists the architectures that New makes, by torchvision's names.
func NewNames() []string {
	names := make([]string, len(variants))
	for i, v := range variants {
		names[i] = v.name
	}
	return names
}

// A variant is an architecture in one size.
type variant struct {
	name    string
	initial initial
	lay     func(l *layout)
}

// variants are the networks that there are.
var variants = slices.Concat(resNets, alexNets, vggs, squeezeNets, denseNets, googLeNets, inceptions, shuffleNets, mobileNets, mnasNets, efficientNets, regNets, convNeXts)

// New makes the state dict of a network that nobody has trained: torchvision's model of
// that name, its tensors in their order, float32, drawn from the distributions that its
// constructor draws from. GoogLeNet and Inception v3 are those with aux_logits=False.
// The metadata says what Build needs to know beside.
//
// It returns an error that lists the names for one that there is not, and where an option
// is out of range or the architecture does not have it.
func New(name string, opt NewOptions) (*checkpoint.StateDict, error) {
	i := slices.IndexFunc(variants, func(v variant) bool { return v.name == name })
	if i < 0 {
		return nil, fmt.Errorf("arch: no architecture %q; there are %s", name, strings.Join(NewNames(), ", "))
	}
	v := variants[i]
	if err := opt.complete(); err != nil {
		return nil, err
	}
	l := &layout{opt: opt, initial: v.initial, settled: map[string]string{}}
	v.lay(l)
	switch {
	case l.err != nil:
		return nil, l.err
	case !l.stem && (opt.Width != 0 || opt.Stem != "" || opt.NoMaxPool):
		return nil, fmt.Errorf("arch: %s: its width, stem and pool are as in the paper; a ResNet has others", name)
	}
	sd, err := l.draw(opt.Seed)
	if err != nil {
		return nil, fmt.Errorf("arch: %s: %w", name, err)
	}
	sd.Metadata = l.settled
	sd.Metadata["architecture"] = name
	return sd, nil
}

// complete puts defaults in place of zeros, but for what only some have, and checks.
func (o *NewOptions) complete() error {
	if o.Classes == 0 {
		o.Classes = 1000
	}
	if o.Channels == 0 {
		o.Channels = 3
	}
	switch {
	case o.Classes < 1 || o.Classes > mostClasses:
		return fmt.Errorf("arch: %d classes, want 1 to %d", o.Classes, mostClasses)
	case o.Channels < 1 || o.Channels > 1<<10:
		return fmt.Errorf("arch: %d channels, want 1 to %d", o.Channels, 1<<10)
	case o.Width < 0 || o.Width > 1<<12:
		return fmt.Errorf("arch: base width %d, want 1 to %d", o.Width, 1<<12)
	case o.Stem != "" && o.Stem != "7x7" && o.Stem != "3x3":
		return fmt.Errorf("arch: stem %q, want 7x7 or 3x3", o.Stem)
	}
	return nil
}

// draw makes the tensors.
func (l *layout) draw(seed uint64) (*checkpoint.StateDict, error) {
	total, sizes := 0, make([]int, len(l.tensors))
	for i, p := range l.tensors {
		n := 1
		for _, d := range p.shape {
			if n > mostElements/d {
				return nil, fmt.Errorf("%s has shape %v, which is more than %d numbers", p.name, p.shape, mostElements)
			}
			n *= d
		}
		sizes[i] = n
		if total += n; total > mostElements {
			return nil, fmt.Errorf("more than %d weights", mostElements)
		}
	}
	values := make([][]float32, len(l.tensors))
	parallel.For(len(values), 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			if !l.tensors[i].counts {
				values[i] = l.tensors[i].draw(seed, sizes[i])
			}
		}
	})
	sd := &checkpoint.StateDict{}
	for i, p := range l.tensors {
		var t *checkpoint.Tensor
		var err error
		if p.counts {
			t, err = checkpoint.NewInt64(p.name, p.shape, []int64{0})
		} else {
			t, err = checkpoint.NewFloat32(p.name, p.shape, values[i])
		}
		if err == nil {
			err = sd.Add(t)
		}
		if err != nil {
			return nil, err
		}
	}
	return sd, nil
}

// draw draws n numbers. The stream of a tensor is its own, so that its numbers stay as
// they are when others come or go.
func (p draft) draw(seed uint64, n int) []float32 {
	name := fnv.New64a()
	name.Write([]byte(p.name))
	r := rand.New(rand.NewPCG(seed, name.Sum64()))
	out := make([]float32, n)
	for i := range out {
		switch {
		case p.deviation != 0:
			out[i] = float32(p.deviation * r.NormFloat64())
		case p.bound != 0:
			out[i] = float32(p.bound * (2*r.Float64() - 1))
		default:
			out[i] = float32(p.constant)
		}
	}
	return out
}
