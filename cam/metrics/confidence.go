package metrics

import (
	"context"

	"github.com/glimpse-go/glimpse/cam/internal/perturb"
)

// A Confidence is the score of an image, and that of the image times its map: of what the
// map shows of it.
type Confidence struct{ Whole, Shown float64 }

// Drop is how much of the score is lost where only what the map shows is left
// (Chattopadhay et al., "Grad-CAM++", WACV 2018, section 5.1),
//
//	max(0, Whole - Shown) / Whole
//
// in [0, 1] for probabilities, and 0 where there is nothing to lose. The mean over images is
// the average drop: lower is better.
func (c Confidence) Drop() float64 {
	if c.Whole <= 0 || c.Shown >= c.Whole {
		return 0
	}
	return (c.Whole - c.Shown) / c.Whole
}

// Increase is 1 where the score is higher for what the map shows alone, else 0. The mean over
// images is the increase in confidence: higher is better.
func (c Confidence) Increase() float64 {
	if c.Shown > c.Whole {
		return 1
	}
	return 0
}

// Confidences returns the scores of a batch. What the map hides is multiplied towards 0 of
// the normalised input, as pytorch-grad-cam and torchcam do.
func Confidences(ctx context.Context, b Batch) ([]Confidence, error) {
	s, err := b.subject(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Confidence, len(s.maps))
	for i := range out {
		out[i].Whole = s.Scores[i]
	}
	write := func(v perturb.Variant, x []float32) { s.masked(v.Image, x) }
	err = s.ScoreEach(ctx, 1, write, func(v perturb.Variant, score float64) { out[v.Image].Shown = score })
	return out, err
}
