package metrics

import (
	"context"
	"fmt"
	"slices"

	"github.com/glimpse-go/glimpse/internal/multigrid"
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
	if err := multigrid.New(height, width).Fill(ctx, out, known); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	return out, nil
}
