package metrics

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// Impute fills in the pixels of an image, channels x height x width, that are not known:
// each becomes the mean of its neighbours, those beside it weighed by 1/6 and those across a
// corner by 1/12, at the border by what there is of them (Rong et al., "A consistent and
// efficient evaluation strategy for attribution methods", ICML 2022, section 4.2). So what
// is unknown tells nothing, and less of the shape of its region than a constant would. Where
// nothing is known, and any constant would do, all pixels become 0.
//
// The linear system is solved to some 1e-7 of the image's range. Impute returns an error when a
// size does not fit, a pixel is not finite, or ctx is done.
func Impute(ctx context.Context, image []float32, known []bool, channels, height, width int) ([]float32, error) {
	if channels < 1 || height < 1 || width < 1 || len(image) != channels*height*width || len(known) != height*width {
		return nil, fmt.Errorf("metrics: %d numbers and a mask of %d for an image of %d x %d x %d", len(image), len(known), channels, height, width)
	}
	out := slices.Clone(image)
	return out, newImputer(height, width).fill(ctx, out, image, known)
}

// imputer is the memory that images of one size need.
type imputer struct {
	levels []*level
}

func newImputer(height, width int) *imputer {
	im := &imputer{levels: []*level{newLevel(height, width)}}
	for width*height > 4 {
		width, height = (width+1)/2, (height+1)/2
		im.levels = append(im.levels, newLevel(height, width))
	}
	return im
}

// fill writes the unknown pixels of out. What out holds there is where the solution begins.
func (im *imputer) fill(ctx context.Context, out, image []float32, known []bool) error {
	l := im.levels[0]
	holes := 0
	for p, k := range known {
		l.hole[(p/l.width+1)*l.stride+p%l.width+1] = !k
		if !k {
			holes++
		}
	}
	switch holes {
	case 0:
		return nil
	case len(known):
		clear(out)
		return nil
	}
	l.finest()
	for i, c := range im.levels[1:] {
		im.levels[i].coarsen(c)
	}
	area := len(known)
	for lo := 0; lo < len(image); lo += 3 * area {
		hi := min(lo+3*area, len(image))
		if err := im.solve(ctx, out[lo:hi], image[lo:hi], known); err != nil {
			return err
		}
	}
	return nil
}

// A cycle of multigrid leaves less than a third of the error; where one changes no pixel by
// more than enough of the image's range, what is left is smaller still.
const (
	enough = 1e-6
	cycles = 60
)

// solve fills in up to three channels.
func (im *imputer) solve(ctx context.Context, out, image []float32, known []bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l := im.levels[0]
	area := len(known)
	span, most := 0.0, 0.0
	for lo := 0; lo < len(image); lo += area {
		low, high := math.Inf(1), math.Inf(-1)
		for p, k := range known {
			v := out[lo+p]
			if k {
				v = image[lo+p]
			}
			if v-v != 0 {
				return fmt.Errorf("metrics: pixel %d of the image is %v", p, v)
			}
			low, high = min(low, float64(v)), max(high, float64(v))
			l.x[(p/l.width+1)*l.stride+p%l.width+1].set(lo/area, float64(v))
		}
		span, most = max(span, high-low), max(most, high, -low)
	}
	for n := 0; im.cycle(0) > enough*max(span, most*1e-6); n++ {
		if n == cycles {
			return fmt.Errorf("metrics: the unknown pixels were not found in %d cycles", n)
		}
	}
	for _, p := range l.unknown {
		y, x := int(p)/l.stride-1, int(p)%l.stride-1
		for lo := 0; lo < len(out); lo += area {
			out[lo+y*l.width+x] = float32(l.x[p].get(lo / area))
		}
	}
	return nil
}
