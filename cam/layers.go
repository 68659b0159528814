package cam

import (
	"context"
	"fmt"
)

// Layers explains by several layers at once. Each layer's map is rectified, brought to the
// input's size and to [0, 1], as [Scaled] does; then their mean, or product, is brought to
// [0, 1] too. So do pytorch-grad-cam's methods when they are given several layers.
type Layers struct {
	Base    Method
	Names   []string
	Product bool // instead of the mean
}

// Name is the name of the base.
func (l Layers) Name() string { return l.Base.Name() }

// About says what it is.
func (l Layers) About() string { return l.Base.About() + ", over several layers" }

// Explain returns the maps, of the input's size.
func (l Layers) Explain(ctx context.Context, q Question) (*Result, error) {
	if l.Base == nil || len(l.Names) == 0 {
		return nil, fmt.Errorf("cam: several layers: no method, or no names")
	}
	var out *Result
	for i, name := range l.Names {
		q.Layer = name
		r, err := l.Base.Explain(ctx, q)
		if err != nil {
			return nil, err
		}
		height, width := q.Input.Shape[2], q.Input.Shape[3]
		for j, m := range r.Maps {
			if m = m.stretched(width, height); l.Product {
				m = m.unit()
			}
			if i == 0 {
				r.Maps[j] = m
				continue
			}
			for p, v := range m.Values {
				if l.Product {
					out.Maps[j].Values[p] *= v
				} else {
					out.Maps[j].Values[p] += v
				}
			}
		}
		if out == nil {
			out = r
		}
	}
	for _, m := range out.Maps {
		if !l.Product {
			for p := range m.Values {
				m.Values[p] /= float32(len(l.Names))
			}
		}
		m.unit()
	}
	return out, nil
}

// RefineCAM is Refine-CAM as pytorch-grad-cam has it: the product of a method's maps over
// several layers, see [Layers]; early layers, which are sharp, count where late ones, which
// know the class, are positive.
type RefineCAM struct {
	Base  Method   // nil means GradCAMPlusPlus
	Names []string // of the layers; nil means the ends of the network's stages
}

// Name is "refinecam".
func (RefineCAM) Name() string { return "refinecam" }

// About says what it is.
func (RefineCAM) About() string {
	return "the product of gradcam++'s maps at the ends of all stages (pytorch-grad-cam)"
}

// Explain returns the maps, of the input's size. The question's layer has no effect.
func (c RefineCAM) Explain(ctx context.Context, q Question) (*Result, error) {
	base, names := c.Base, c.Names
	if base == nil {
		base = GradCAMPlusPlus{}
	}
	if q.Net == nil {
		return nil, fmt.Errorf("cam: a question without a network")
	}
	if names == nil {
		names = q.Net.Stages()
	}
	return Layers{Base: base, Names: names, Product: true}.Explain(ctx, q)
}

// Smoothed is a method's map as the mean over the image and its mirror image, each times
// 0.9, 1 and 1.1 (of the normalised input): pytorch-grad-cam's aug_smooth. Each map is
// rectified and brought to the input's size and to [0, 1] first, see [Map.Scaled].
type Smoothed struct{ Base Method }

// Name is the name of the base.
func (s Smoothed) Name() string { return s.Base.Name() }

// About says what it is.
func (s Smoothed) About() string { return s.Base.About() + ", smoothed" }

// Explain returns the maps, of the input's size. Logits and features are those of the
// images as they are, and so are the classes explained.
func (s Smoothed) Explain(ctx context.Context, q Question) (*Result, error) {
	if s.Base == nil {
		return nil, fmt.Errorf("cam: smoothing: no method")
	}
	plain, err := q.subject(ctx)
	if err != nil {
		return nil, err
	}
	q.Classes = plain.Classes
	height, width := q.Input.Shape[2], q.Input.Shape[3]
	out := &Result{Logits: plain.Run.Logits, Features: plain.Run.Features, Maps: make([]*Map, len(q.Classes))}
	for i, c := range q.Classes {
		out.Maps[i] = &Map{Class: c, Width: width, Height: height, Values: make([]float32, width*height)}
	}
	factors := []float32{0.9, 1, 1.1}
	for _, mirrored := range []bool{false, true} {
		for _, factor := range factors {
			x := plain.Batch(plain.Input, len(q.Classes))
			for at, v := range plain.Input.Data {
				to := at
				if mirrored {
					to = at - at%width + width - 1 - at%width
				}
				x.Data[to] = factor * v
			}
			q.Input = x
			r, err := s.Base.Explain(ctx, q)
			if err != nil {
				return nil, err
			}
			for i, m := range r.Maps {
				m = m.Scaled(width, height)
				for p, v := range m.Values {
					if mirrored {
						p = p - p%width + width - 1 - p%width
					}
					out.Maps[i].Values[p] += v / float32(2*len(factors))
				}
			}
		}
	}
	return out, nil
}

// AllClasses explains every class of a network: result c is of class c.
func AllClasses(ctx context.Context, m Method, q Question) ([]*Result, error) {
	if q.Net == nil || q.Input == nil || len(q.Input.Shape) == 0 {
		return nil, fmt.Errorf("cam: a question without a network or an input")
	}
	_, classes := q.Net.Widths()
	results := make([]*Result, classes)
	for c := range results {
		q.Classes = make([]int, q.Input.Shape[0])
		for i := range q.Classes {
			q.Classes[i] = c
		}
		var err error
		if results[c], err = m.Explain(ctx, q); err != nil {
			return nil, err
		}
	}
	return results, nil
}
