package model

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/nn"
)

// A Prediction is a class with its probability.
type Prediction struct {
	Class       int     `json:"class"` // index into Classes
	Name        string  `json:"name"`
	Probability float64 `json:"probability"` // of the softmax, 0 to 1
}

// Classify returns the k likeliest classes of a picture, or all where k is 0, by
// falling probability; of equals the first comes first. It returns an error when
// the picture is nil or empty, k is negative, the network gives a number that is
// not finite, or ctx is done.
func (m *Model) Classify(ctx context.Context, picture image.Image, k int) ([]Prediction, error) {
	if k < 0 {
		return nil, fmt.Errorf("model: %d classes asked for", k)
	}
	if m.headless {
		return nil, errHeadless
	}
	x, err := m.input(ctx, []image.Image{picture})
	if err != nil {
		return nil, err
	}
	r, err := m.net.Run(ctx, x)
	if err != nil {
		return nil, err
	}
	all, err := m.predictions(r.Logits.Data)
	if err != nil || k == 0 {
		return all, err
	}
	return all[:min(k, len(all))], nil
}

var errHeadless = errors.New("model: the checkpoint has no last layer, so there are features and no classes")

// predictions ranks all classes; there are none of a headless network.
func (m *Model) predictions(logits []float32) ([]Prediction, error) {
	if m.headless {
		return nil, nil
	}
	p, err := Probabilities(logits)
	if err != nil {
		return nil, err
	}
	all := make([]Prediction, len(p))
	for i := range all {
		all[i] = Prediction{i, m.classes[i], p[i]}
	}
	slices.SortStableFunc(all, func(a, b Prediction) int { return cmp.Compare(b.Probability, a.Probability) })
	return all, nil
}

// Probabilities is the softmax of an image's logits. It returns an error when one
// of them is not finite, as of weights that are not, or there are none.
func Probabilities(logits []float32) ([]float64, error) {
	if len(logits) == 0 {
		return nil, fmt.Errorf("model: no logits")
	}
	for i, v := range logits {
		if v-v != 0 {
			return nil, fmt.Errorf("model: the logit of class %d is %v", i, v)
		}
	}
	p := make([]float64, len(logits))
	for i, v := range logits {
		p[i] = float64(v)
	}
	nn.Softmax(p, p)
	return p, nil
}

// Features returns what goes into the network's last layer for each picture,
// n x features: the rows that tsne.Fit and pca.Fit take. All pictures must come
// out of the transform with one size; many are best given some hundred at a time.
// It returns an error when a picture is nil or empty, a feature is not finite, or ctx is
// done.
func (m *Model) Features(ctx context.Context, pictures ...image.Image) (*mat.Dense, error) {
	x, err := m.input(ctx, pictures)
	if err != nil {
		return nil, err
	}
	r, err := m.net.Run(ctx, x)
	if err != nil {
		return nil, err
	}
	out := mat.NewDense(r.Features.Shape[0], r.Features.Shape[1], nil)
	width := r.Features.Shape[1]
	for i, v := range r.Features.Data {
		if v-v != 0 {
			return nil, fmt.Errorf("model: picture %d: feature %d is %v, of weights or pixels that are too large", i/width, i%width, v)
		}
		out.RawMatrix().Data[i] = float64(v)
	}
	return out, nil
}
