package tsne

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"gonum.org/v1/gonum/mat"
)

// StopReason says why the optimisation ended.
type StopReason string

// The reasons.
const (
	StopIterations StopReason = "all iterations done"
	StopGradient   StopReason = "gradient norm below MinGradNorm"
	StopProgress   StopReason = "no progress for IterationsWithoutProgress iterations"
	StopCallback   StopReason = "stopped by the progress callback"
	StopCancelled  StopReason = "cancelled"
	StopDiverged   StopReason = "diverged"
)

// checkEvery is how many iterations lie between looks at the stopping rules.
const checkEvery = 50

// A phase is a run of iterations under the same settings.
type phase struct {
	end          int // the iteration before which it ends
	exaggeration float64
	momentum     float64
	rate         float64
	patience     int  // iterations without progress; negative: no limit
	fresh        bool // starts with no momentum and gains of 1
}

// phases returns the phases of the schedule for n points.
func (o Options) phases(n int) []phase {
	early := min(max(o.EarlyIterations, 0), o.Iterations)
	first := phase{end: early, exaggeration: o.EarlyExaggeration, rate: o.LearningRate}
	second := phase{end: o.Iterations, exaggeration: o.LateExaggeration, rate: o.LearningRate, patience: o.IterationsWithoutProgress}
	if o.Schedule == OpenTSNESchedule {
		first.momentum, second.momentum = 0.8, 0.8
		first.patience = o.IterationsWithoutProgress
		if o.LearningRate == 0 {
			first.rate = float64(n) / first.exaggeration / 4
			second.rate = float64(n) / second.exaggeration / 4
		}
	} else {
		first.momentum, second.momentum = 0.5, 0.8
		first.patience = 250 // scikit-learn's, whatever the option says
		if o.IterationsWithoutProgress < 0 {
			first.patience = -1
		}
		second.fresh = true
		if o.LearningRate == 0 {
			first.rate = max(float64(n)/o.EarlyExaggeration/4, 50)
			second.rate = first.rate
		}
	}
	return []phase{first, second}
}

// optimise moves l.y along the gradient of obj by the options' schedule, and
// returns its divergence, the iterations done and why they ended. When ctx
// ends, l.y is the last whole iteration's layout and the error is ctx's.
//
// scikit-learn returns the divergence before the last update; the one
// returned here is that of the layout as it is left.
func optimise(ctx context.Context, obj objective, l layout, o Options) (kl float64, done int, stop StopReason, err error) {
	grad := make([]float64, len(l.y))
	m := newMover(l, o.Schedule)
	view := mat.NewDense(l.n, l.dims, l.y)
	stop = StopIterations

	// evaluate computes the gradient at the layout, which done iterations made,
	// and shows it to the callback when it is due.
	evaluate := func(exaggeration float64, wantKL bool) error {
		due := o.Progress != nil && done > 0 && done%o.ProgressEvery == 0
		v, err := obj.gradient(ctx, l, exaggeration, grad, wantKL || due)
		if err != nil {
			stop = StopCancelled
			return err
		}
		if wantKL || due {
			kl = v
		}
		if due && !o.Progress(Progress{done, o.Iterations, v, norm(grad), view}) {
			stop = StopCallback
		}
		return nil
	}

	kl = math.Inf(1)
	exaggeration := 1.0
phases:
	for _, ph := range o.phases(l.n) {
		if ph.fresh {
			m.reset()
		}
		best, bestAt := math.Inf(1), done
		if done < ph.end {
			stop = StopIterations // a first phase that stops early is followed by the second
		}
		for done < ph.end {
			exaggeration = ph.exaggeration
			check := (done+1)%checkEvery == 0
			if err = evaluate(exaggeration, check); err != nil {
				return lastKL(obj, l, grad, kl), done, stop, err
			}
			if stop != StopIterations {
				return kl, done, stop, nil
			}
			value, at := kl, done
			gained, finite := m.step(l, grad, ph.momentum, ph.rate)
			if !finite {
				err = fmt.Errorf("tsne: the layout diverged in iteration %d: %w", done+1, &OptionError{"LearningRate", ph.rate, "a smaller one"})
				stop = StopDiverged
				break phases
			}
			done++
			if !check {
				continue
			}
			if value < best {
				best, bestAt = value, at
			} else if ph.patience >= 0 && at-bestAt > ph.patience {
				stop = StopProgress
				break
			}
			if gained <= o.MinGradNorm {
				stop = StopGradient
				break
			}
		}
	}
	last := stop
	if e := evaluate(exaggeration, true); e != nil {
		return lastKL(obj, l, grad, kl), done, stop, errors.Join(err, e)
	}
	if stop == StopCallback {
		stop = last // too late to matter
	}
	return kl, done, stop, err
}

// lastKL returns the divergence of the layout of a cancelled run if it takes no
// longer than the caller will hardly notice, and else the last one known.
func lastKL(obj objective, l layout, grad []float64, known float64) float64 {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if kl, err := obj.gradient(ctx, l, 1, grad, true); err == nil {
		return kl
	}
	return known
}
