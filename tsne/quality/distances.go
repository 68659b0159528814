package quality

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/numpyrand"
	"github.com/glimpse-go/glimpse/internal/parallel"
)

// DistanceCorrelation returns Spearman's rank correlation, in [-1, 1], between
// the distances of all pairs of a random sample of points in the data x and in
// the layout y: the CPD of Kobak and Berens (2019), who take 1,000 points. The
// sample is the first of numpy.random.RandomState(seed).permutation(n), or all
// points when sample is 0 or not below n. Equal distances share their mean
// rank, as in scipy.stats.spearmanr. It is an error when sample leaves fewer
// than three points, when all distances are equal (their ranks then say
// nothing), when the rows do not match or an element is not finite.
func DistanceCorrelation(ctx context.Context, x, y mat.Matrix, sample int, seed uint32) (float64, error) {
	n, _ := x.Dims()
	if m, _ := y.Dims(); m != n {
		return 0, fmt.Errorf("quality: %d points, but %d places in the layout", n, m)
	}
	if sample == 0 || sample > n {
		sample = n
	}
	if sample < 3 {
		return 0, fmt.Errorf("quality: a sample of %d of %d points, want 3 or more", sample, n)
	}
	if int64(sample) > 1<<15 {
		return 0, fmt.Errorf("quality: a sample of %d points, want at most %d: the pairs are ranked in memory", sample, 1<<15)
	}
	chosen := numpyrand.New(seed).Permutation(n)[:sample]
	var ranks [2][]float64
	for i, m := range []mat.Matrix{x, y} {
		part, err := rowsOf(m, chosen)
		if err != nil {
			return 0, err
		}
		s, err := newSpace(part)
		if err != nil {
			return 0, err
		}
		d, err := s.Pairs(ctx)
		if err != nil {
			return 0, err
		}
		if ranks[i], err = meanRanks(ctx, d); err != nil {
			return 0, err
		}
	}
	xy, xx, yy := centredProducts(ranks[0], ranks[1])
	switch {
	case xx == 0:
		return 0, fmt.Errorf("quality: the distances between the %d sampled points of the data are all equal", sample)
	case yy == 0:
		return 0, fmt.Errorf("quality: the distances between the %d sampled points of the layout are all equal", sample)
	}
	return min(max(xy/math.Sqrt(xx)/math.Sqrt(yy), -1), 1), nil
}

// centredProducts returns the sums of x y, x x and y y over two lists of ranks
// less their mean (n+1)/2, summed in blocks: n reaches a million, and one long
// sum would lose five digits.
func centredProducts(a, b []float64) (xy, xx, yy float64) {
	mean := float64(len(a)+1) / 2
	const block = 1024
	for lo := 0; lo < len(a); lo += block {
		var pq, pp, qq float64
		for i := lo; i < min(lo+block, len(a)); i++ {
			p, q := a[i]-mean, b[i]-mean
			pq += p * q
			pp += p * p
			qq += q * q
		}
		xy += pq
		xx += pp
		yy += qq
	}
	return xy, xx, yy
}

// rowsOf returns the chosen rows of m, or says which is not finite.
func rowsOf(m mat.Matrix, chosen []int) (*mat.Dense, error) {
	_, d := m.Dims()
	out := mat.NewDense(len(chosen), max(d, 1), nil)
	for i, from := range chosen {
		row := mat.Row(out.RawRowView(i)[:d], from, m)
		for j, v := range row {
			if v-v != 0 { // infinite or NaN
				return nil, fmt.Errorf("quality: the input holds %v in row %d, column %d", v, from, j)
			}
		}
	}
	return out, nil
}

// meanRanks returns the rank of each value, equal ones sharing their mean.
func meanRanks(ctx context.Context, values []float64) ([]float64, error) {
	order := make([]int32, len(values))
	for i := range order {
		order[i] = int32(i)
	}
	// Pieces are sorted side by side, then merged in pairs.
	compare := func(i, j int32) int { return cmp.Compare(values[i], values[j]) }
	const piece = 1 << 15
	if err := parallel.ForContext(ctx, len(order), piece, func(lo, hi int) {
		slices.SortFunc(order[lo:hi], compare)
	}); err != nil {
		return nil, err
	}
	spare := make([]int32, len(order))
	for width := piece; width < len(order); width *= 2 {
		// A range of the output lies within one pair, as it is 2 pieces long.
		err := parallel.ForContext(ctx, len(order), 2*piece, func(lo, hi int) {
			begin := lo / (2 * width) * (2 * width)
			mid, end := min(begin+width, len(order)), min(begin+2*width, len(order))
			a, b := order[begin:mid], order[mid:end]
			i, j := split(a, b, lo-begin, compare), split(a, b, hi-begin, compare)
			a, b = a[i:j], b[lo-begin-i:hi-begin-j]
			out := spare[lo:lo]
			for len(a) > 0 && len(b) > 0 {
				if compare(b[0], a[0]) < 0 {
					out, b = append(out, b[0]), b[1:]
				} else {
					out, a = append(out, a[0]), a[1:]
				}
			}
			_ = append(append(out, a...), b...) // within spare[lo:hi]
		})
		if err != nil {
			return nil, err
		}
		order, spare = spare, order
	}
	ranks := make([]float64, len(values))
	for lo, look := 0, 0; lo < len(order); {
		if lo >= look {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			look = lo + 1<<20
		}
		hi := lo + 1
		for hi < len(order) && values[order[hi]] == values[order[lo]] {
			hi++
		}
		for _, i := range order[lo:hi] {
			ranks[i] = float64(lo+hi+1) / 2
		}
		lo = hi
	}
	return ranks, nil
}

// split returns how many of the first k of two sorted lists, merged, are from
// a. Of equal ones those of a come first.
func split(a, b []int32, k int, compare func(i, j int32) int) int {
	lo, hi := max(0, k-len(b)), min(k, len(a))
	for lo < hi {
		i := (lo + hi) / 2
		if compare(b[k-i-1], a[i]) < 0 { // so a[i] is not among them
			hi = i
		} else {
			lo = i + 1
		}
	}
	return lo
}
