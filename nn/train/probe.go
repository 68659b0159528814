package train

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"

	"github.com/glimpse-go/glimpse/nn"
)

// ProbeOptions are those of [Probe]. The zero value is scikit-learn's LogisticRegression,
// nearer to the optimum.
type ProbeOptions struct {
	// C is scikit-learn's C, how weak the L2 penalty is: 0 means 1, +Inf means none. For N
	// samples it is PyTorch's weight_decay of 1 / (C N) beside the mean cross entropy.
	C float64
	// Standardise brings every feature to mean 0 and standard deviation 1, as
	// scikit-learn's StandardScaler does, before weights are found and punished. The layer
	// returned is for raw features all the same.
	Standardise bool
	// Iterations are at most so many; 0 means 1000. scikit-learn's max_iter is 100.
	Iterations int
	// Tolerance is how small the derivative by every weight must be for the iterations to
	// end, the features brought to a standard deviation of 1 or less; 0 means 1e-6.
	// scikit-learn's tol is 1e-4.
	Tolerance float64
	// Progress, unless nil, is called after each iteration with the loss.
	Progress func(iteration int, loss float64)
}

// A ProbeReport tells how a probe was found.
type ProbeReport struct {
	Iterations  int     // of L-BFGS
	Evaluations int     // passes over the features
	Loss        float64 // what was made small: mean cross entropy and penalty
	Gradient    float64 // the largest derivative, as Tolerance has it
	Converged   bool    // whether that is within Tolerance
}

// mostWeights bounds the weights of a probe: L-BFGS keeps some 25 vectors of so many
// float64, 6 GiB.
const mostWeights = 1 << 25

// Probe fits multinomial logistic regression to features x, N x D, and their labels, from 0
// to classes - 1: the linear probe (Alain and Bengio, "Understanding intermediate layers
// using linear classifier probes", 2016), which tells what a network's features know. The
// layer, classes x D, is scikit-learn's LogisticRegression(C), whose loss over weights w
// and biases b is
//
//	1/N sum over n of (log sum over k of exp(z[n,k]) - z[n,label[n]]) + 1/(2 C N) sum of w^2
//	z[n,k] = b[k] + sum over i of w[k,i] x[n,i]
//
// and has one minimum, which L-BFGS finds from zeros in float64. Two classes have two rows,
// where scikit-learn has one; C of this probe is there half as large. A class without a
// sample gets a bias far below the others.
//
// It returns an error when features, labels or options are senseless, a feature is not
// finite, there are over 2^25 weights, or ctx is done. Where the iterations do not suffice,
// or float64 does not for the tolerance, it returns what was found, and the report says so.
func Probe(ctx context.Context, features *nn.Tensor, labels []int, classes int, opt ProbeOptions) (*nn.Linear, ProbeReport, error) {
	r, err := newRegression(ctx, features, labels, classes, &opt)
	if err != nil {
		return nil, ProbeReport{}, err
	}
	var report ProbeReport
	w, gradient := make([]float64, classes*(r.d+1)), make([]float64, classes*(r.d+1))
	report.Iterations = -1 // there is none before the first look
	report.Loss, err = minimise(ctx, func(ctx context.Context, w, gradient []float64) (float64, error) {
		report.Evaluations++
		return r.evaluate(ctx, w, gradient)
	}, w, gradient, func(loss float64) bool {
		if report.Iterations++; report.Iterations > 0 && opt.Progress != nil {
			opt.Progress(report.Iterations, loss)
		}
		return floats.Norm(gradient, math.Inf(1)) <= opt.Tolerance || report.Iterations >= opt.Iterations
	})
	if err != nil {
		return nil, ProbeReport{}, err
	}
	report.Gradient = floats.Norm(gradient, math.Inf(1))
	report.Converged = report.Gradient <= opt.Tolerance
	return r.linear(w), report, nil
}

// check fills in what the options' zeros stand for.
func (o *ProbeOptions) check() error {
	if o.C == 0 {
		o.C = 1
	}
	if o.Iterations == 0 {
		o.Iterations = 1000
	}
	if o.Tolerance == 0 {
		o.Tolerance = 1e-6
	}
	switch {
	case !(o.C > 0):
		return fmt.Errorf("train: Probe: a C of %g", o.C)
	case o.Iterations < 0:
		return fmt.Errorf("train: Probe: %d iterations", o.Iterations)
	case !(o.Tolerance > 0):
		return fmt.Errorf("train: Probe: a tolerance of %g", o.Tolerance)
	}
	return nil
}
