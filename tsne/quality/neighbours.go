package quality

import (
	"context"
	"fmt"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/neighbours"
)

// NeighbourPreservation returns the share, in [0, 1], of the k nearest
// neighbours of each point of x that are among its k nearest in the layout y,
// too, on average: the KNN of Kobak and Berens (2019), who take k = 10. Of
// equally near points those with the lowest index count as the nearest. It is
// an error when k is not in [1, n-1], the rows do not match or an element is
// not finite.
func NeighbourPreservation(ctx context.Context, x, y mat.Matrix, k int) (float64, error) {
	sx, sy, err := spaces(x, y)
	if err != nil {
		return 0, err
	}
	if k < 1 || k >= sx.Len() {
		return 0, fmt.Errorf("quality: %d neighbours of %d points, want 1 to n-1", k, sx.Len())
	}
	return overlap(ctx, sx, sy, k)
}

// NeighbourPreservationOf is NeighbourPreservation over some of the points, by
// their row numbers: a sample, where all take too long. Their neighbours are
// looked for among all. It is also an error when there are none, or a number
// is not in [0, n).
func NeighbourPreservationOf(ctx context.Context, x, y mat.Matrix, k int, points []int) (float64, error) {
	sx, sy, err := spaces(x, y)
	if err != nil {
		return 0, err
	}
	if k < 1 || k >= sx.Len() {
		return 0, fmt.Errorf("quality: %d neighbours of %d points, want 1 to n-1", k, sx.Len())
	}
	if len(points) == 0 {
		return 0, fmt.Errorf("quality: no points to look at")
	}
	for _, i := range points {
		if i < 0 || i >= sx.Len() {
			return 0, fmt.Errorf("quality: point %d of %d", i, sx.Len())
		}
	}
	a, err := sx.NearestOf(ctx, points, k)
	if err != nil {
		return 0, err
	}
	b, err := sy.NearestOf(ctx, points, k)
	if err != nil {
		return 0, err
	}
	return inCommon(a, b, k), nil
}

// overlap returns the share of the k nearest neighbours that two spaces of
// more than k points have in common.
func overlap(ctx context.Context, sx, sy *neighbours.Space, k int) (float64, error) {
	a, _, err := sx.Neighbours(ctx, k)
	if err != nil {
		return 0, err
	}
	b, _, err := sy.Neighbours(ctx, k)
	if err != nil {
		return 0, err
	}
	return inCommon(a, b, k), nil
}

// inCommon returns the share of numbers that rows of k ascending ones have in
// common.
func inCommon(a, b []int32, k int) float64 {
	common := 0
	for i := range len(a) / k {
		// Both ascend.
		p, q := a[i*k:(i+1)*k], b[i*k:(i+1)*k]
		for len(p) > 0 && len(q) > 0 {
			switch {
			case p[0] < q[0]:
				p = p[1:]
			case p[0] > q[0]:
				q = q[1:]
			default:
				common++
				p, q = p[1:], q[1:]
			}
		}
	}
	return float64(common) / float64(len(a))
}

// ClassPreservation returns how much of the arrangement of the classes the
// layout keeps: NeighbourPreservation of the class means, the KNC of Kobak and
// Berens (2019), who take k = 4 for ten classes. Point i has the class
// labels[i]; points with a negative label have none and are left out. It is an
// error when k is not below the number of classes that have points, when the
// rows and the labels do not match or an element is not finite.
func ClassPreservation(ctx context.Context, x, y mat.Matrix, labels []int, k int) (float64, error) {
	sx, sy, err := spaces(x, y)
	if err != nil {
		return 0, err
	}
	if len(labels) != sx.Len() {
		return 0, fmt.Errorf("quality: %d labels for %d points", len(labels), sx.Len())
	}
	classes := slices.Clone(labels)
	slices.Sort(classes)
	classes = slices.Compact(classes)
	classes = slices.DeleteFunc(classes, func(c int) bool { return c < 0 })
	if k < 1 || k >= len(classes) {
		return 0, fmt.Errorf("quality: %d neighbours of %d classes, want 1 to %d", k, len(classes), len(classes)-1)
	}
	means := func(s *neighbours.Space) (*neighbours.Space, error) {
		m := mat.NewDense(len(classes), s.Dims(), nil)
		count := make([]float64, len(classes))
		for i, label := range labels {
			c, ok := slices.BinarySearch(classes, label)
			if !ok {
				continue
			}
			count[c]++
			row := m.RawRowView(c)
			for j, v := range s.Row(i) {
				row[j] += (v - row[j]) / count[c]
			}
		}
		return newSpace(m)
	}
	mx, err := means(sx)
	if err != nil {
		return 0, err
	}
	my, err := means(sy)
	if err != nil {
		return 0, err
	}
	return overlap(ctx, mx, my, k)
}

// Trustworthiness returns how far the k nearest neighbours in the layout y are
// neighbours in the data x (Venna and Kaski 2001):
//
//	1 - 2/(n k (2n - 3k - 1)) sum_i sum_j max(0, r(i,j) - k)
//
// over the k nearest j of each i in y, where j is the r(i,j)-th nearest of i in
// x. It is in [0, 1], 1 being best, and is what sklearn.manifold's
// trustworthiness returns, where of equally near points those with the lowest
// index count as the nearest. It is an error when k is not in [1, n/2), the
// rows do not match or an element is not finite.
func Trustworthiness(ctx context.Context, x, y mat.Matrix, k int) (float64, error) {
	sx, sy, err := spaces(x, y)
	if err != nil {
		return 0, err
	}
	n := sx.Len()
	if k < 1 || 2*k >= n {
		return 0, fmt.Errorf("quality: %d neighbours of %d points, want 1 to less than n/2", k, n)
	}
	neighbours, _, err := sy.Neighbours(ctx, k)
	if err != nil {
		return 0, err
	}
	ranks, err := sx.Ranks(ctx, neighbours, k)
	if err != nil {
		return 0, err
	}
	excess := 0
	for _, r := range ranks {
		excess += max(0, r-k)
	}
	return 1 - float64(excess)*(2/(float64(n)*float64(k)*float64(2*n-3*k-1))), nil
}

// Continuity returns how far the k nearest neighbours in the data x are
// neighbours in the layout y (Venna and Kaski 2001): Trustworthiness with the
// two exchanged.
func Continuity(ctx context.Context, x, y mat.Matrix, k int) (float64, error) {
	return Trustworthiness(ctx, y, x, k)
}
