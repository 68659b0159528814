package metrics

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/internal/multigrid"
	"github.com/glimpse-go/glimpse/internal/parallel"
)

// ROADOptions say how [ROAD] goes. The zero value is pytorch-grad-cam's way.
type ROADOptions struct {
	// Percentiles of the map's values, above 0 and below 100: how much of the image is
	// kept. nil means 10, 20, ... 90.
	Percentiles []float64
	// Deviation is that of the noise on what is filled in; 0 means 0.01 (of the normalised
	// input), and below 0 none.
	Deviation float64
	// Noise where the most relevant pixels were is sample 2i of percentile i, where the
	// least relevant ones were 2i + 1; of the input's size. Default: cam.Normal(0).
	Noise cam.Noise
}

// A Removal is how much the score of an image changes where pixels are taken out and filled
// in by what is around them, for each percentile.
type Removal struct {
	Most  []float64 // the most relevant pixels are taken: those at or above the percentile
	Least []float64 // the least relevant
}

// Combined is half of what the least relevant pixels leave more than the most relevant
// (pytorch-grad-cam's ROADCombined). Higher is better.
func (r Removal) Combined() float64 { return (Mean(r.Least) - Mean(r.Most)) / 2 }

// ROAD is "remove and debias" (Rong et al., "A consistent and efficient evaluation strategy
// for attribution methods", ICML 2022): pixels are taken out by rank of the map, most
// relevant first and least relevant first, and filled in by [Impute] with some noise, so that
// the shape of the hole does not give the class away.
func ROAD(ctx context.Context, b Batch, opt ROADOptions) ([]Removal, error) {
	if opt.Percentiles == nil {
		opt.Percentiles = []float64{10, 20, 30, 40, 50, 60, 70, 80, 90}
	}
	for _, p := range opt.Percentiles {
		if !(p > 0 && p < 100) {
			return nil, fmt.Errorf("metrics: a percentile of %v", p)
		}
	}
	if opt.Deviation == 0 {
		opt.Deviation = 0.01
	}
	if opt.Noise == nil {
		opt.Noise = cam.Normal(0)
	}
	s, err := b.subject(ctx)
	if err != nil {
		return nil, err
	}
	count := len(opt.Percentiles)
	noise := make([][]float32, 2*count)
	if opt.Deviation > 0 {
		for i := range noise {
			noise[i] = make([]float32, len(s.Image(0)))
			opt.Noise(i, noise[i])
		}
	}
	n, size := len(s.maps), len(s.Image(0))
	out := make([]Removal, n)
	for i := range out {
		out[i] = Removal{Most: make([]float64, count), Least: make([]float64, count)}
	}
	// Both orders of an image are a chain of imputations each; so many images are in memory
	// as there are cores.
	together := parallel.Workers(n, 1)
	memory := make([]*multigrid.Solver, parallel.Workers(2*together, 1))
	for lo := 0; lo < n; lo += together {
		images := min(together, n-lo)
		x := s.Batch(s.Input, images*2*count)
		errs := make([]error, 2*images)
		parallel.ForWorker(2*images, 1, func(worker, from, to int) {
			if memory[worker] == nil {
				memory[worker] = multigrid.New(s.Input.Shape[2], s.Input.Shape[3])
			}
			for c := from; c < to; c++ {
				chain := removal{memory[worker], s.Image(lo + c/2), s.maps[lo+c/2], c%2 == 1}
				errs[c] = chain.fill(ctx, x.Data[c*count*size:(c+1)*count*size], opt.Percentiles, func(i int, known []bool, filled []float32) {
					for p, e := range noise[2*i+c%2] {
						if !known[p%len(known)] {
							filled[p] += float32(opt.Deviation) * e
						}
					}
				})
			}
		})
		for _, err := range errs {
			if err != nil {
				return nil, err
			}
		}
		err := s.ScoreAll(ctx, x, func(v int) int { return lo + v/(2*count) }, func(v int, score float64) {
			i := lo + v/(2*count)
			list := [][]float64{out[i].Most, out[i].Least}[v/count%2]
			list[v%count] = score - s.Scores[i]
		})
		if err != nil {
			return nil, err
		}
		if b.Progress != nil {
			b.Progress(2*count*(lo+images), 2*count*n)
		}
	}
	return out, nil
}

// removal takes the pixels of an image out by rank of its map.
type removal struct {
	*multigrid.Solver
	image, values []float32
	least         bool // relevant first
}

// fill writes the image with what is filled in at each percentile, and hands it to then. The
// fewer pixels are unknown, the nearer are known ones: from the highest percentile on, each
// solution begins where the last one ended.
func (r removal) fill(ctx context.Context, out []float32, percentiles []float64, then func(i int, known []bool, filled []float32)) error {
	values := slices.Clone(r.values)
	if r.least {
		for p, v := range values {
			values[p] = 1 - v
		}
	}
	order := make([]int, len(percentiles))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(percentiles[b], percentiles[a]) })
	ranked, known := sorted(values), make([]bool, len(values))
	last, size := slices.Clone(r.image), len(r.image)
	for _, i := range order {
		threshold := percentile(ranked, percentiles[i])
		for p, v := range values {
			known[p] = float64(v) < threshold
		}
		if err := r.Fill(ctx, last, known); err != nil {
			return fmt.Errorf("metrics: %w", err)
		}
		filled := out[i*size : (i+1)*size]
		copy(filled, last)
		then(i, known, filled)
	}
	return nil
}

func sorted(values []float32) []float32 { return slices.Sorted(slices.Values(values)) }

// percentile is NumPy's, linear between two values, of sorted ones.
func percentile(sorted []float32, q float64) float64 {
	at := q / 100 * float64(len(sorted)-1)
	low := int(at)
	if low+1 >= len(sorted) {
		return float64(sorted[len(sorted)-1])
	}
	a, b := float64(sorted[low]), float64(sorted[low+1])
	return a + float64((b-a)*(at-float64(low)))
}
