package cam

import (
	"context"

	"github.com/glimpse-go/glimpse/nn"
)

// FinerCAM is Finer-CAM (Zhang et al., "Finer-CAM: Spotting the difference reveals finer
// details for visual explanation", CVPR 2025): any method, asked what tells the class from
// those most like it, see [nn.Finer]. The target of the question has no effect.
type FinerCAM struct {
	Base    Method  // nil means GradCAM
	Alpha   float64 // how much the others count; 0 means 1
	Classes int     // how many others; 0 means 3
}

// Name is "finercam".
func (FinerCAM) Name() string { return "finercam" }

// About says what it is.
func (FinerCAM) About() string {
	return "gradcam of what tells the class from the three most like it (Zhang et al. 2025)"
}

// Explain returns the maps.
func (c FinerCAM) Explain(ctx context.Context, q Question) (*Result, error) {
	base, alpha, n := c.Base, c.Alpha, c.Classes
	if base == nil {
		base = GradCAM{}
	}
	if alpha == 0 {
		alpha = 1
	}
	if n == 0 {
		n = 3
	}
	q.Target = func(classes []int) nn.Target { return nn.Finer(classes, alpha, n) }
	return base.Explain(ctx, q)
}
