package cam

import (
	"context"
	"fmt"

	"github.com/glimpse-go/glimpse/cam/internal/perturb"
	"github.com/glimpse-go/glimpse/nn"
)

// AblationCAM is Ablation-CAM (Desai and Ramaswamy, "Ablation-CAM: Visual explanations for
// deep convolutional network via gradient-free localization", WACV 2020, equation 4):
// channels are weighed by how much of the score goes with them,
//
//	M = sum over k of w_k A_k, w_k = (s - s with A_k := 0) / s
//
// before the ReLU; where s is 0 it does not divide. Only what comes after the layer runs
// again, and where that is pooling and one linear layer W the logits are known without,
// z - W[., k] mean(A_k).
//
// pytorch-grad-cam puts a channel of a layer with negative outputs 10 million below their
// least instead, "deviating from the paper".
type AblationCAM struct{}

// Name is "ablationcam".
func (AblationCAM) Name() string { return "ablationcam" }

// About says what it is.
func (AblationCAM) About() string {
	return "channels weighed by what their absence costs; what follows the layer runs once a channel (Desai and Ramaswamy 2020)"
}

// Explain returns the maps.
func (AblationCAM) Explain(ctx context.Context, q Question) (*Result, error) {
	s, layer, given, err := q.onwards(ctx)
	if err != nil {
		return nil, err
	}
	var weights [][]float64
	if q.Net.Same(layer, q.Net.Pooled()) {
		weights, err = s.ablatePooled(ctx, layer)
	} else {
		weights, err = s.ablate(ctx, layer, given)
	}
	if err != nil {
		return nil, err
	}
	return q.maps(ctx, s.Run, layer, func(ctx context.Context, e *Evidence) ([]float64, error) {
		return e.Weigh(ctx, func(k int) float64 { return weights[e.Image][k] })
	})
}

// drop is the weight of a channel without which the scalar of an image is v.
func (s *subject) drop(image int, v float64) float64 {
	if s.Scores[image] == 0 {
		return -v
	}
	return (s.Scores[image] - v) / s.Scores[image]
}

// ablate returns each image's weights, by what comes after the layer.
func (s *subject) ablate(ctx context.Context, layer string, given map[string]*nn.Tensor) ([][]float64, error) {
	maps := s.Run.Taps[layer]
	elements := 0
	for _, t := range given {
		elements += len(t.Data) / t.Shape[0]
	}
	channels, area := maps.Shape[1], maps.Shape[2]*maps.Shape[3]
	weights := make([][]float64, len(s.Classes))
	for i := range weights {
		weights[i] = make([]float64, channels)
	}
	err := s.EachBatch(ctx, channels, elements, func(batch []perturb.Variant) error {
		ablated := map[string]*nn.Tensor{}
		for name, t := range given {
			x := s.Batch(t, len(batch))
			size := len(t.Data) / t.Shape[0]
			for j, v := range batch {
				copy(x.Data[j*size:(j+1)*size], t.Data[v.Image*size:])
				if name == layer {
					clear(x.Data[j*size+v.Number*area:][:area])
				}
			}
			ablated[name] = x
		}
		r, err := s.Net.Resume(ctx, ablated)
		if err != nil {
			return err
		}
		return s.Hand(batch, r.Logits, func(v perturb.Variant, score float64) { weights[v.Image][v.Number] = s.drop(v.Image, score) })
	})
	return weights, err
}

// ablatePooled does so where the layer's channels only go into the head, by their means.
func (s *subject) ablatePooled(ctx context.Context, layer string) ([][]float64, error) {
	maps, head := s.Run.Taps[layer], s.Net.Head().Weight
	classes, channels, area := head.Shape[0], maps.Shape[1], maps.Shape[2]*maps.Shape[3]
	if channels != head.Shape[1] {
		return nil, fmt.Errorf("cam: layer %s has %d channels, and the last layer takes %d", layer, channels, head.Shape[1])
	}
	weights := make([][]float64, len(s.Classes))
	z, ablated := make([]float64, classes), make([]float64, classes)
	for i := range weights {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for c, v := range s.Run.Logits.Data[i*classes : (i+1)*classes] {
			z[c] = float64(v)
		}
		weights[i] = make([]float64, channels)
		for k := range channels {
			pooled := mean(maps.Data[(i*channels+k)*area:][:area])
			for c := range z {
				ablated[c] = z[c] - pooled*float64(head.Data[c*channels+k])
			}
			v, err := s.Score(i, ablated, nil)
			if err != nil {
				return nil, err
			}
			weights[i][k] = s.drop(i, v)
		}
	}
	return weights, nil
}
