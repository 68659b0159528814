package metrics

import (
	"context"
	"fmt"
	"math"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/nn"
)

// Complexity is the mean of a map, as it is shown, in [0, 1] (Poppi et al., "Revisiting the
// evaluation of class activation mapping for explainability: A novel metric and experimental
// analysis", CVPR Workshops 2021, equation 5, over the number of pixels). Lower is better.
func Complexity(m *cam.Map, width, height int) float64 {
	sum := 0.0
	for _, v := range m.Scaled(width, height).Values {
		sum += float64(v)
	}
	return sum / float64(width*height)
}

// Coherency asks a method again what it sees in each image times its map, and returns how
// much the new map is like the old one (Poppi et al. 2021, equation 4): Pearson's
// correlation r of the two, as (r + 1)/2. Higher is better; 0.5 where one of them is
// constant. The question must be the one that the maps answer.
func Coherency(ctx context.Context, method cam.Method, q cam.Question, maps []*cam.Map) ([]float64, error) {
	b := Batch{Net: q.Net, Input: q.Input, Maps: maps, Target: q.Target}
	s, err := b.subject(ctx)
	if err != nil {
		return nil, err
	}
	q.Input = &nn.Tensor{Shape: q.Input.Shape, Data: make([]float32, len(q.Input.Data))}
	per := len(q.Input.Data) / len(maps)
	for i := range maps {
		s.masked(i, q.Input.Data[i*per:(i+1)*per])
	}
	q.Classes = s.Classes
	r, err := method.Explain(ctx, q)
	if err != nil {
		return nil, err
	}
	height, width := q.Input.Shape[2], q.Input.Shape[3]
	out := make([]float64, len(maps))
	for i, m := range r.Maps {
		out[i] = (correlation(s.maps[i], m.Scaled(width, height).Values) + 1) / 2
	}
	return out, nil
}

// correlation is Pearson's; 0 where one of the two is constant.
func correlation[T float32 | float64](a, b []T) float64 {
	n := float64(len(a))
	var ma, mb, aa, bb, ab float64
	for p := range a {
		ma += float64(a[p]) / n
		mb += float64(b[p]) / n
	}
	for p := range a {
		da, db := float64(a[p])-ma, float64(b[p])-mb
		aa, bb, ab = aa+da*da, bb+db*db, ab+da*db
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}

// ADCC is the harmonic mean of coherency, of what complexity leaves and of what the average
// drop leaves (Poppi et al. 2021, equation 6):
//
//	3 / (1/coherency + 1/(1 - complexity) + 1/(1 - drop))
//
// It is 0 where one of them is.
func ADCC(coherency, complexity, drop float64) float64 {
	if coherency <= 0 || complexity >= 1 || drop >= 1 {
		return 0
	}
	return 3 / (1/coherency + 1/(1-complexity) + 1/(1-drop))
}

// check returns an error unless there is a mask of width x height.
func checkMask(mask []bool, width, height int) error {
	if width < 1 || height < 1 || len(mask) != width*height {
		return fmt.Errorf("metrics: a mask of %d pixels for %d x %d", len(mask), width, height)
	}
	return nil
}
