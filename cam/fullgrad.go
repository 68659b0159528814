package cam

import (
	"context"
	"fmt"
	"math"

	"github.com/glimpse-go/glimpse/cam/internal/perturb"
	"github.com/glimpse-go/glimpse/nn"
)

// FullGrad is FullGrad (Srinivas and Fleuret, "Full-gradient representation for neural
// network visualization", NeurIPS 2019, equations 3 and 6). In a network of layers that are
// linear piece by piece the score is, exactly, what the input and all biases give,
//
//	s = sum of x G_x + sum over layers and channels of b_k sum(G_k)
//
// with G by the input and by the outputs of the layers with biases b; that of a batch norm
// is beta - mean gamma / sqrt(var + eps). The map adds up where they come from,
//
//	M = sum over c of psi(|x_c G_x,c|) + sum over layers and k of psi(|b_k G_k|)
//
// psi brings a channel to [0, 1] (+1e-7, as pytorch-grad-cam does) and to the input's size.
// Layers are convolutions and batch norms; what the head's bias gives has no place. It looks at
// all layers, whatever the question says.
type FullGrad struct{}

// Name is "fullgrad".
func (FullGrad) Name() string { return "fullgrad" }

// About says what it is.
func (FullGrad) About() string {
	return "what input and biases of all layers give to the score (Srinivas and Fleuret 2019)"
}

// Explain returns the maps, of the input's size.
func (FullGrad) Explain(ctx context.Context, q Question) (*Result, error) {
	s, err := q.subject(ctx)
	if err != nil {
		return nil, err
	}
	biases, names := biasesOf(s.Net)
	height, width := q.Input.Shape[2], q.Input.Shape[3]
	out := &Result{Logits: s.Run.Logits, Features: s.Run.Features}
	size := len(q.Input.Data) / len(s.Classes)
	at := append(append([]string{}, names...), nn.InputName)
	for i, class := range s.Classes { // one by one: there are gradients by all layers
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		x := s.Batch(s.Input, 1)
		copy(x.Data, s.Image(i))
		r, err := s.Gradients(ctx, []perturb.Variant{{Image: i}}, x, false, at...)
		if err != nil {
			return nil, err
		}
		sum := make([]float64, width*height)
		products := make([]float64, size)
		for p, g := range r.Gradients[nn.InputName].Data {
			products[p] = float64(g) * float64(x.Data[p])
		}
		addUnits(sum, products, width, height, width, height)
		for l, name := range names {
			g := r.Gradients[name]
			if len(g.Shape) != 4 || g.Shape[1] != len(biases[l]) {
				return nil, fmt.Errorf("cam: layer %s with %d biases has shape %v", name, len(biases[l]), g.Shape)
			}
			area := g.Shape[2] * g.Shape[3]
			products := make([]float64, len(g.Data))
			for p, v := range g.Data {
				products[p] = float64(v) * biases[l][p/area]
			}
			addUnits(sum, products, g.Shape[3], g.Shape[2], width, height)
		}
		m, err := newMap(i, class, width, height, sum)
		if err != nil {
			return nil, err
		}
		out.Maps = append(out.Maps, m)
		if q.Progress != nil {
			q.Progress(i+1, len(s.Classes))
		}
	}
	return out, nil
}

// addUnits adds, at the larger size, planes whose magnitudes are brought to [0, 1] each.
// They are added up before they are resized, which comes to the same.
func addUnits(sum, planes []float64, width, height, toWidth, toHeight int) {
	area := width * height
	units := make([]float64, area)
	for at := 0; at < len(planes); at += area {
		plane := planes[at : at+area]
		low, high := math.Inf(1), math.Inf(-1)
		for p, v := range plane {
			plane[p] = math.Abs(v)
			low, high = min(low, plane[p]), max(high, plane[p])
		}
		for p, v := range plane {
			units[p] += (v - low) / (high - low + 1e-7)
		}
	}
	big := units
	if width != toWidth || height != toHeight {
		big = make([]float64, len(sum))
		resize(newBilinear(width, height, toWidth, toHeight, false), big, units)
	}
	for p, v := range big {
		sum[p] += v
	}
}

// biasesOf returns the biases of the convolutions and batch norms, and the modules' names.
func biasesOf(net nn.Network) (biases [][]float64, names []string) {
	for _, n := range net.Nodes() {
		var b []float64
		switch op := n.Op.(type) {
		case *nn.Conv2d:
			b = floats(op.Bias)
		case *nn.BatchNorm2d:
			_, shift := op.Affine()
			b = floats(shift)
		case *nn.Affine:
			b = floats(op.Shift)
		}
		if len(b) > 0 {
			biases, names = append(biases, b), append(names, n.Name)
		}
	}
	return biases, names
}

func floats(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}
