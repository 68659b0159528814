package cam

import (
	"context"
	"slices"

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
	q.Eigen = true
	return q.explain(ctx, false, func(ctx context.Context, e *Evidence) ([]float64, error) {
		return e.Weigh(ctx, func(int) float64 { return 1 })
	})
}

// EigenGradCAM is [EigenCAM] of the output times its gradient: [HiResCAM] with its channels
// projected instead of added up.
type EigenGradCAM struct{}

// Name is "eigengradcam".
func (EigenGradCAM) Name() string { return "eigengradcam" }

// About says what it is.
func (EigenGradCAM) About() string {
	return "the first principal component of gradient times output (pytorch-grad-cam)"
}

// Explain returns the maps.
func (EigenGradCAM) Explain(ctx context.Context, q Question) (*Result, error) {
	q.Eigen = true
	return HiResCAM{}.Explain(ctx, q)
}

// pixels returns the channels that write gives as a matrix, a row for each pixel.
func (e *Evidence) pixels(write func(k int, out []float64)) *mat.Dense {
	area := e.Height * e.Width
	x, one := mat.NewDense(area, e.Channels, nil), make([]float64, area)
	for k := range e.Channels {
		write(k, one)
		x.SetCol(k, one)
	}
	return x
}

// principal returns the pixels along their first principal component; write gives the
// channels, their coordinates. Where all pixels are the same it is zero.
func (e *Evidence) principal(ctx context.Context, write func(k int, out []float64)) ([]float64, error) {
	x := e.pixels(write)
	area := e.Height * e.Width
	same := true
	for p := 1; p < area && same; p++ {
		same = slices.Equal(x.RawRowView(p), x.RawRowView(0))
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
	return upright(mat.Col(nil, 0, scores)), nil
}

// upright turns the sign of a map whose least value is further from 0 than its largest.
func upright(values []float64) []float64 {
	if -slices.Min(values) > slices.Max(values) {
		for p := range values {
			values[p] = -values[p]
		}
	}
	return values
}
