package answer

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/pca"
	"github.com/glimpse-go/glimpse/tsne"
)

// space is a Space that was read.
type space struct {
	n, d     int
	features []float32 // n x d, times scale
	scale    float64
	placers  []placer
}

// placer places points in a layout.
type placer struct {
	name    string
	pca     *pca.Model
	tsne    *tsne.Result
	options tsne.TransformOptions
}

// A Place is where a point lies in a layout.
type Place struct {
	Layout string
	At     []float64
}

// places returns the places of a point in all layouts.
func (s *space) places(ctx context.Context, x []float32) ([]Place, error) {
	var out []Place
	for _, p := range s.placers {
		row := mat.NewDense(1, len(x), nil)
		for i, v := range x {
			row.Set(0, i, float64(v))
		}
		var at *mat.Dense
		var err error
		if p.pca != nil {
			at, err = p.pca.Transform(ctx, row)
		} else {
			floats.Scale(s.scale, row.RawRowView(0))
			at, err = p.tsne.Transform(ctx, row, p.options)
		}
		if err != nil {
			return nil, fmt.Errorf("layout %q: %w", p.name, err)
		}
		out = append(out, Place{p.name, at.RawRowView(0)})
	}
	return out, nil
}

// nearest returns the k points whose features are nearest, by Euclidean distance, nearest
// first; of equals the first comes first.
func (s *space) nearest(x []float32, k int) []int {
	type neighbour struct {
		index int
		d2    float64
	}
	all := make([]neighbour, s.n)
	scaled := make([]float64, s.d)
	for i := range scaled {
		scaled[i] = float64(x[i]) * s.scale
	}
	for i := range all {
		sum := 0.0
		for j, v := range s.features[i*s.d : (i+1)*s.d] {
			diff := scaled[j] - float64(v)
			sum += diff * diff
		}
		all[i] = neighbour{i, sum}
	}
	slices.SortStableFunc(all, func(a, b neighbour) int { return cmp.Compare(a.d2, b.d2) })
	out := make([]int, min(k, s.n))
	for i := range out {
		out[i] = all[i].index
	}
	return out
}
