package cam

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/pca"
)

// EigenCAM is Eigen-CAM (Muhammad and Yeasin, "Eigen-CAM: Class activation map using
// principal components", IJCNN 2020): the pixels, each with as many coordinates as there
// are channels, along their first principal component,
//
//	M = (A - mean(A)) v, v the first right singular vector of the centred HW x K matrix
//
// It knows no class. The sign of v is chosen so that the largest of M is not smaller than
// minus the least (Chung and Ying 2025, equation 13).
type EigenCAM struct{}

// Name is "eigencam".
func (EigenCAM) Name() string { return "eigencam" }

// About says what it is.
func (EigenCAM) About() string {
	return "the first principal component of the output, of no class (Muhammad and Yeasin 2020)"
}

// Explain returns the maps.
func (EigenCAM) Explain(ctx context.Context, q Question) (*Result, error) {
	return evidence(ctx, q, false, func(e *Evidence) ([]float64, error) {
		return e.principal(ctx, func(i int) float64 { return float64(e.Output[i]) })
	})
}

// EigenGradCAM is [EigenCAM] of the output times its gradient.
type EigenGradCAM struct{}

// Name is "eigengradcam".
func (EigenGradCAM) Name() string { return "eigengradcam" }

// About says what it is.
func (EigenGradCAM) About() string {
	return "the first principal component of gradient times output (pytorch-grad-cam)"
}

// Explain returns the maps.
func (EigenGradCAM) Explain(ctx context.Context, q Question) (*Result, error) {
	return evidence(ctx, q, true, func(e *Evidence) ([]float64, error) {
		return e.principal(ctx, func(i int) float64 { return float64(e.Output[i]) * float64(e.Gradient[i]) })
	})
}

// principal returns the pixels along their first principal component; element i of the
// output has the coordinate at(i). Where all pixels are the same it is zero.
func (e *Evidence) principal(ctx context.Context, at func(i int) float64) ([]float64, error) {
	area := e.Height * e.Width
	x := mat.NewDense(area, e.Channels, nil)
	same := true
	for p := range area {
		row := x.RawRowView(p)
		for k := range row {
			row[k] = at(k*area + p)
			same = same && row[k] == x.At(0, k)
		}
	}
	if same {
		return make([]float64, area), nil
	}
	m, err := pca.Fit(ctx, x, pca.Options{Components: 1})
	if err != nil {
		return nil, err
	}
	scores, err := m.Transform(ctx, x)
	if err != nil {
		return nil, err
	}
	out := make([]float64, area)
	least, largest := math.Inf(1), math.Inf(-1)
	for p := range out {
		out[p] = scores.At(p, 0)
		least, largest = min(least, out[p]), max(largest, out[p])
	}
	if -least > largest {
		for p := range out {
			out[p] = -out[p]
		}
	}
	return out, nil
}
