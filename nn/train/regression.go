package train

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"

	"github.com/glimpse-go/glimpse/internal/gemm"
	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/nn"
)

// A regression is the loss of [Probe] and its derivatives, in float64. It goes over the
// features in blocks of rows: so much of them exists in float64 at a time.
type regression struct {
	x             *nn.Tensor
	labels        []int
	n, d, classes int
	mean, scale   []float64 // the weights are those of (x - mean) scale
	penalty       []float64 // by feature: half of it times the squares of weights is the penalty

	rows  int       // of a block
	block []float64 // rows x d
	z     []float64 // classes x rows: logits, then the loss's derivatives by them
	each  []float64 // rows: the loss of each
}

// lanes is how many samples a softmax takes at a time: one class after the other for all
// of them, as they lie.
const lanes = 64

func newRegression(ctx context.Context, x *nn.Tensor, labels []int, classes int, opt *ProbeOptions) (*regression, error) {
	n, d, err := matrix("features", x)
	if err != nil {
		return nil, err
	}
	if err := opt.check(); err != nil {
		return nil, err
	}
	if classes < 2 || classes > mostWeights/(d+1) {
		return nil, fmt.Errorf("train: Probe: %d classes of %d features, want at least 2, and at most %d weights", classes, d, mostWeights)
	}
	if len(labels) != n {
		return nil, fmt.Errorf("train: Probe: %d labels for features of shape %v", len(labels), x.Shape)
	}
	for i, c := range labels {
		if c < 0 || c >= classes {
			return nil, fmt.Errorf("train: Probe: sample %d has label %d, want 0 to %d", i, c, classes-1)
		}
	}
	// A block is at most 2^26 multiplications by all weights, far less than a tenth of a
	// second, and fits a second-level cache where that does.
	rows := max(1, min(n, 256, 1<<26/(d*classes)))
	r := &regression{
		x: x, labels: labels, n: n, d: d, classes: classes,
		mean: make([]float64, d), scale: make([]float64, d), penalty: make([]float64, d),
		rows: rows, block: make([]float64, rows*d), z: make([]float64, classes*rows), each: make([]float64, rows),
	}
	if err := r.finite(ctx); err != nil {
		return nil, err
	}
	return r, r.standardise(ctx, opt)
}

// blocks calls f on the ranges of rows that are taken at a time, until ctx is done.
func (r *regression) blocks(ctx context.Context, f func(lo, hi int) error) error {
	for lo := 0; lo < r.n; lo += r.rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f(lo, min(lo+r.rows, r.n)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// finite returns an error for the first feature that is not.
func (r *regression) finite(ctx context.Context) error {
	return r.blocks(ctx, func(lo, hi int) error {
		for i, v := range r.x.Data[lo*r.d : hi*r.d] {
			if v-v != 0 {
				return fmt.Errorf("train: Probe: feature %d of sample %d is %g", i%r.d, lo+i/r.d, v)
			}
		}
		return nil
	})
}

// standardise finds mean, scale and penalty.
//
// Also where the penalty is on the weights of raw features they are found for scaled ones:
// the optimum is the same, and L-BFGS is there in tens of iterations rather than
// thousands, for the bias no longer depends on the weights, nor one direction falls far
// steeper than another. The scale makes the second derivative by each weight of the
// untrained network, h (variance + penalty / h) with h = (1 - 1 / classes) / classes, the
// same.
func (r *regression) standardise(ctx context.Context, opt *ProbeOptions) error {
	n := float64(r.n)
	variance := make([]float64, r.d)
	err := r.sum(ctx, r.mean, func(_ int, v float64) float64 { return v })
	if err != nil {
		return err
	}
	floats.Scale(1/n, r.mean)
	err = r.sum(ctx, variance, func(i int, v float64) float64 { return (v - r.mean[i]) * (v - r.mean[i]) })
	if err != nil {
		return err
	}
	floats.Scale(1/n, variance)
	penalty := 1 / (opt.C * n)
	h := (1 - 1/float64(r.classes)) / float64(r.classes)
	for i, v := range variance {
		if opt.Standardise {
			r.scale[i], r.penalty[i] = deviation(v), penalty
		} else {
			r.scale[i] = deviation(v + penalty/h)
			r.penalty[i] = penalty / r.scale[i] / r.scale[i]
		}
		r.scale[i] = 1 / r.scale[i]
	}
	return nil
}

// deviation is the root of a variance, or 1 for a feature that is constant, as in
// scikit-learn. The variance of equal float32 is 0 here: their sum is exact.
func deviation(variance float64) float64 {
	if variance == 0 {
		return 1
	}
	return math.Sqrt(variance)
}

// sum adds f of every feature to its sum.
func (r *regression) sum(ctx context.Context, sums []float64, f func(i int, v float64) float64) error {
	return r.blocks(ctx, func(lo, hi int) error {
		parallel.For(r.d, lanes, func(first, end int) {
			for row := lo; row < hi; row++ {
				for i, v := range r.x.Data[row*r.d+first : row*r.d+end] {
					sums[first+i] += f(first+i, float64(v))
				}
			}
		})
		return nil
	})
}

// evaluate returns the loss at weights, classes x d, and biases, which follow, and writes
// the gradient.
func (r *regression) evaluate(ctx context.Context, w, gradient []float64) (loss float64, err error) {
	weights, biases := w[:r.classes*r.d], w[r.classes*r.d:]
	dw, db := gradient[:r.classes*r.d], gradient[r.classes*r.d:]
	clear(gradient)
	err = r.blocks(ctx, func(lo, hi int) error {
		m := hi - lo
		r.load(lo, hi)
		if err := gemm.Float64NT(r.classes, m, r.d, weights, r.d, r.block, r.d, r.z, m); err != nil {
			return err
		}
		parallel.For(m, lanes, func(first, end int) { r.softmax(biases, r.labels[lo:hi], first, end) })
		for _, l := range r.each[:m] {
			loss += l
		}
		for k := range db {
			db[k] += floats.Sum(r.z[k*m : (k+1)*m])
		}
		return gemm.AddFloat64(r.classes, r.d, m, r.z, m, r.block, r.d, dw, r.d)
	})
	floats.Scale(1/float64(r.n), gradient)
	punished := 0.0
	for k := range biases {
		row, drow := weights[k*r.d:(k+1)*r.d], dw[k*r.d:(k+1)*r.d]
		for i, v := range row {
			drow[i] += r.penalty[i] * v
			punished += r.penalty[i] * v * v
		}
	}
	return loss/float64(r.n) + punished/2, err
}

// load brings rows [lo, hi) to float64, scaled.
func (r *regression) load(lo, hi int) {
	parallel.For(hi-lo, 16, func(first, end int) {
		for row := first; row < end; row++ {
			from, to := r.x.Data[(lo+row)*r.d:(lo+row+1)*r.d], r.block[row*r.d:(row+1)*r.d]
			for i, v := range from {
				to[i] = (float64(v) - r.mean[i]) * r.scale[i]
			}
		}
	})
}

// softmax takes columns [first, end), at most lanes, of the products in z: it writes what
// their samples lose, and the derivatives by the logits over the products.
func (r *regression) softmax(biases []float64, labels []int, first, end int) {
	var top, sum [lanes]float64
	m, n := len(labels), end-first
	for k, b := range biases {
		for j, v := range r.z[k*m+first : k*m+end] {
			v += b
			r.z[k*m+first+j] = v
			if k == 0 || v > top[j] {
				top[j] = v
			}
		}
	}
	for j := range n {
		r.each[first+j] = top[j] - r.z[labels[first+j]*m+first+j]
	}
	for k := range biases {
		z := r.z[k*m+first : k*m+end]
		for j, v := range z {
			z[j] = math.Exp(v - top[j])
			sum[j] += z[j]
		}
	}
	for j := range n {
		r.each[first+j] += math.Log(sum[j])
		sum[j] = 1 / sum[j]
	}
	for k := range biases {
		z := r.z[k*m+first : k*m+end]
		for j := range z {
			z[j] *= sum[j]
		}
	}
	for j := range n {
		r.z[labels[first+j]*m+first+j]--
	}
}

// linear is the layer of weights and biases, for raw features.
func (r *regression) linear(w []float64) *nn.Linear {
	l := &nn.Linear{
		Weight: &nn.Tensor{Shape: []int{r.classes, r.d}, Data: make([]float32, r.classes*r.d)},
		Bias:   make([]float32, r.classes),
	}
	biases := w[r.classes*r.d:]
	for k, b := range biases {
		row := l.Weight.Data[k*r.d : (k+1)*r.d]
		for i, v := range w[k*r.d : (k+1)*r.d] {
			row[i] = float32(v * r.scale[i])
			// By the weight as it is rounded, so that the logits of the mean stay.
			b -= float64(row[i]) * r.mean[i]
		}
		l.Bias[k] = float32(b)
	}
	return l
}
