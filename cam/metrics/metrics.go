// Package metrics measures explanations: whether the score follows what a map points at
// (average drop and increase, deletion and insertion, ROAD), whether the map is coherent
// and simple (ADCC), whether it lies on the object where masks or boxes tell (pointing game,
// energy, intersection over union), and whether it depends on what the network has learnt
// (the sanity check by randomised weights).
//
// Maps are taken as they are shown, see [cam.Map.Scaled]: rectified, at the input's size, in
// [0, 1]. What asks the network takes a batch, and no result depends on what else is in it; the
// other functions take one map, or its numbers.
package metrics

import (
	"context"
	"fmt"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/internal/perturb"
	"github.com/glimpse-go/glimpse/nn"
)

// A Batch is images and a map of each, whose class is the one that it explains.
type Batch struct {
	Net   nn.Network
	Input *nn.Tensor // N x C x H x W
	Maps  []*cam.Map // N, of any size
	// Target makes the score of an image of the classes. Default: [nn.Probability], as in
	// the papers.
	Target func(classes []int) nn.Target
	// Progress, unless nil, is told how many passes of an image are done of how many.
	Progress func(done, total int)
}

// A subject is a batch that the network has seen, and the maps at the input's size.
type subject struct {
	*perturb.Subject
	maps [][]float32 // height x width each
	area int
}

func (b Batch) subject(ctx context.Context) (*subject, error) {
	if b.Input == nil || len(b.Input.Shape) != 4 || len(b.Maps) != b.Input.Shape[0] {
		return nil, fmt.Errorf("metrics: %d maps do not go with the input", len(b.Maps))
	}
	classes := make([]int, len(b.Maps))
	for i, m := range b.Maps {
		if m == nil || len(m.Values) == 0 || len(m.Values) != m.Width*m.Height {
			return nil, fmt.Errorf("metrics: image %d has no map, or a misshapen one", i)
		}
		classes[i] = m.Class
	}
	target := b.Target
	if target == nil {
		target = nn.Probability
	}
	run, err := perturb.New(ctx, b.Net, b.Input, classes, target, b.Progress)
	if err != nil {
		return nil, err
	}
	height, width := b.Input.Shape[2], b.Input.Shape[3]
	s := &subject{Subject: run, area: width * height}
	for _, m := range b.Maps {
		s.maps = append(s.maps, m.Scaled(width, height).Values)
	}
	return s, nil
}

// masked writes an image times its map.
func (s *subject) masked(i int, x []float32) {
	for p, v := range s.Image(i) {
		x[p] = v * s.maps[i][p%s.area]
	}
}

// Mean is the mean of a measure over images; NaN of none.
func Mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
