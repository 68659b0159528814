package cam

import (
	"context"
	"fmt"

	"github.com/glimpse-go/glimpse/cam/internal/perturb"
	"github.com/glimpse-go/glimpse/nn"
)

// ScoreCAM is Score-CAM (Wang et al., "Score-CAM: Score-weighted visual explanations for
// convolutional neural networks", CVPR Workshops 2020, algorithm 1): channels are weighed
// by what the network says of the image where each is large,
//
//	M = sum over k of w_k A_k, w = softmax of the scores s(X m_k)
//
// before the ReLU. m_k is channel k brought to the image's size, bilinearly, then to [0, 1];
// of a constant channel 0. That is a pass of the network for each channel.
type ScoreCAM struct {
	// AlignCorners resizes the masks as pytorch-grad-cam does, from corner to corner,
	// instead of pixel area by pixel area as the authors do.
	AlignCorners bool
}

// Name is "scorecam".
func (ScoreCAM) Name() string { return "scorecam" }

// About says what it is.
func (ScoreCAM) About() string {
	return "channels weighed by the score of the image masked with each; a pass a channel (Wang et al. 2020)"
}

// Explain returns the maps.
func (c ScoreCAM) Explain(ctx context.Context, q Question) (*Result, error) {
	return q.explainByScores(ctx, c.AlignCorners, 1, func(_, _ int, mask, out []float32) { copy(out, mask) })
}

// SSCAM is SS-CAM (Wang et al., "SS-CAM: Smoothed Score-CAM for sharper visual feature
// localization", 2020): [ScoreCAM] whose scores are means over noise added to the masks,
// d_n of deviation sigma,
//
//	w = softmax over k of the mean over n of s(X (m_k + d_n))
type SSCAM struct {
	AlignCorners bool    // see [ScoreCAM]
	Samples      int     // noisy masks a channel; 0 means 35
	Deviation    float64 // sigma; 0 means 2
	// Noise of sample n of channel k is its sample n K + k, of the image's size. Default:
	// Normal(0).
	Noise Noise
}

// Name is "sscam".
func (SSCAM) Name() string { return "sscam" }

// About says what it is.
func (SSCAM) About() string {
	return "scorecam with noise on the masks; 35 passes a channel (Wang et al. 2020)"
}

// Explain returns the maps.
func (c SSCAM) Explain(ctx context.Context, q Question) (*Result, error) {
	samples, sigma := c.Samples, float32(c.Deviation)
	if samples == 0 {
		samples = 35
	}
	if sigma == 0 {
		sigma = 2
	}
	noise := c.Noise.or()
	return q.explainByScores(ctx, c.AlignCorners, samples, func(number, _ int, mask, out []float32) {
		noise(number, out)
		for p, m := range mask {
			out[p] = m + sigma*out[p]
		}
	})
}

// ISCAM is IS-CAM (Naidu et al., "IS-CAM: Integrated Score-CAM for axiomatic-based
// explanations", 2020): [ScoreCAM] whose scores are means over N masks that come up step by
// step,
//
//	w = softmax over k of the mean over i = 1...N of s(X m_k (1 + ... + i) / N)
//
// as torchcam reads the paper.
type ISCAM struct {
	AlignCorners bool // see [ScoreCAM]
	Steps        int  // N; 0 means 10
}

// Name is "iscam".
func (ISCAM) Name() string { return "iscam" }

// About says what it is.
func (ISCAM) About() string {
	return "scorecam with masks that come up step by step; 10 passes a channel (Naidu et al. 2020)"
}

// Explain returns the maps.
func (c ISCAM) Explain(ctx context.Context, q Question) (*Result, error) {
	steps := c.Steps
	if steps == 0 {
		steps = 10
	}
	return q.explainByScores(ctx, c.AlignCorners, steps, func(_, sample int, mask, out []float32) {
		i := sample + 1
		up := float32(i*(i+1)/2) / float32(steps)
		for p, m := range mask {
			out[p] = up * m
		}
	})
}

// explainByScores weighs the channels by the softmax of mean scores over so many samples of
// the image times a mask, which soften makes of the channel in [0, 1]: sample of a channel,
// number of all.
func (q Question) explainByScores(ctx context.Context, aligned bool, samples int, soften func(number, sample int, mask, out []float32)) (*Result, error) {
	if samples < 1 {
		return nil, fmt.Errorf("cam: %d samples of each channel", samples)
	}
	s, layer, err := q.over(ctx)
	if err != nil {
		return nil, err
	}
	maps := s.Run.Taps[layer]
	channels, height, width := maps.Shape[1], q.Input.Shape[2], q.Input.Shape[3]
	area, n := height*width, len(s.Classes)
	scores := make([][]float64, n)
	for i := range scores {
		scores[i] = make([]float64, channels)
	}
	write := func(v perturb.Variant, x []float32) {
		k, sample := v.Number%channels, v.Number/channels
		mask, soft := make([]float32, area), make([]float32, area)
		channelMask(mask, maps, v.Image, k, newBilinear(maps.Shape[3], maps.Shape[2], width, height, aligned))
		soften(v.Number, sample, mask, soft)
		for at, image := 0, s.Image(v.Image); at < len(image); at += area {
			for p, m := range soft {
				x[at+p] = m * image[at+p]
			}
		}
	}
	err = s.ScoreEach(ctx, channels*samples, write, func(v perturb.Variant, score float64) {
		scores[v.Image][v.Number%channels] += score / float64(samples)
	})
	if err != nil {
		return nil, err
	}
	for _, w := range scores {
		nn.Softmax(w, w)
	}
	return q.maps(ctx, s.Run, layer, func(ctx context.Context, e *Evidence) ([]float64, error) {
		return e.Weigh(ctx, func(k int) float64 { return scores[e.Image][k] })
	})
}

// channelMask writes channel k of an image at another size and in [0, 1]; 0 where it is
// constant.
func channelMask(mask []float32, maps *nn.Tensor, image, k int, up *bilinear) {
	coarse, big := maps.Shape[2]*maps.Shape[3], make([]float64, len(mask))
	resize(up, big, floats(maps.Data[(image*maps.Shape[1]+k)*coarse:][:coarse]))
	low, high := bounds(big)
	if low == high {
		clear(mask)
		return
	}
	for p, v := range big {
		mask[p] = float32((v - low) / (high - low))
	}
}
