package cam

import (
	"context"
	"fmt"

	"github.com/glimpse-go/glimpse/cam/internal/perturb"
)

// Occlusion is occlusion (Zeiler and Fergus, "Visualizing and understanding convolutional
// networks", ECCV 2014, section 4.2): what the score loses where a window over the image is
// blank, as the mean over the windows that cover a pixel. Windows begin every Stride
// pixels and end at the border, as in captum.
type Occlusion struct {
	Window   int       // side in pixels; 0 means an eighth of the image's shorter side
	Stride   int       // 0 means half a window
	Baseline []float32 // of each channel, normalised as the input is; nil means 0
}

// Name is "occlusion".
func (Occlusion) Name() string { return "occlusion" }

// About says what it is.
func (Occlusion) About() string {
	return "what the score loses where a window hides the image; some 225 passes (Zeiler and Fergus 2014)"
}

// Explain returns the maps, of the input's size. Of all channels the loss is the same, so
// that there are no attributions beside the maps.
func (c Occlusion) Explain(ctx context.Context, q Question) (*Result, error) {
	s, err := q.subject(ctx)
	if err != nil {
		return nil, err
	}
	blank, err := s.baseline(c.Baseline)
	if err != nil {
		return nil, err
	}
	height, width := q.Input.Shape[2], q.Input.Shape[3]
	window, stride := c.Window, c.Stride
	if window == 0 {
		window = max(1, min(width, height)/8)
	}
	if stride == 0 {
		stride = max(1, window/2)
	}
	if window < 1 || stride < 1 || stride > window {
		return nil, fmt.Errorf("cam: windows of %d pixels every %d; want 1 or more, and no gaps", window, stride)
	}
	cols, rows := windows(width, window, stride), windows(height, window, stride)
	// The pixels of window number.
	span := func(number int) (x0, x1, y0, y1 int) {
		x0, y0 = number%cols*stride, number/cols*stride
		return x0, min(x0+window, width), y0, min(y0+window, height)
	}
	write := func(v perturb.Variant, x []float32) {
		copy(x, s.Image(v.Image))
		x0, x1, y0, y1 := span(v.Number)
		for at := 0; at < len(x); at += width * height {
			for y := y0; y < y1; y++ {
				row := x[at+y*width:][:width]
				for i := x0; i < x1; i++ {
					row[i] = blank(at)
				}
			}
		}
	}
	area := width * height
	loss, covered := make([]float64, len(s.Classes)*area), make([]float64, area)
	err = s.ScoreEach(ctx, rows*cols, write, func(v perturb.Variant, score float64) {
		x0, x1, y0, y1 := span(v.Number)
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				loss[v.Image*area+y*width+x] += s.Scores[v.Image] - score
				if v.Image == 0 {
					covered[y*width+x]++
				}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	out := &Result{Logits: s.Run.Logits, Features: s.Run.Features}
	for i, class := range s.Classes {
		values := loss[i*area : (i+1)*area]
		for p := range values {
			values[p] /= covered[p]
		}
		m, err := newMap(i, class, width, height, values)
		if err != nil {
			return nil, err
		}
		out.Maps = append(out.Maps, m)
	}
	return out, nil
}

// windows is how many windows it takes to cover n pixels.
func windows(n, window, stride int) int {
	if n <= window {
		return 1
	}
	return 1 + (n-window+stride-1)/stride
}
