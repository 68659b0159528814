package train

import (
	"fmt"
	"math"
	"slices"
)

// A Schedule is the learning rate of each step, counted from 0, in place of a scheduler of
// torch.optim.lr_scheduler whose step method is called after each. It is a function of the
// step alone, so it needs no state, may be used by several goroutines, and tells the rate
// of any step. Below step 0 it is what it is at 0.
type Schedule func(step int) float64

// Constant is the same rate at every step. It returns an error for a rate that is not a
// number of at least 0, as all schedules do.
func Constant(rate float64) (Schedule, error) {
	if err := checkRate(rate); err != nil {
		return nil, err
	}
	return func(int) float64 { return rate }, nil
}

// StepDecay is StepLR, which multiplies the rate by gamma every so many steps:
//
//	rate * gamma^floor(step / every)
//
// It returns an error unless gamma is above 0 and every at least 1.
func StepDecay(rate, gamma float64, every int) (Schedule, error) {
	if every < 1 {
		return nil, fmt.Errorf("train: StepDecay: every %d steps", every)
	}
	if err := checkDecay(rate, gamma); err != nil {
		return nil, err
	}
	return func(step int) float64 { return rate * math.Pow(gamma, float64(max(step, 0)/every)) }, nil
}

// MultiStepDecay is MultiStepLR, which multiplies the rate by gamma at each milestone:
//
//	rate * gamma^(how many milestones are at most step)
//
// It returns an error unless gamma is above 0 and the milestones ascend from above 0.
func MultiStepDecay(rate, gamma float64, milestones ...int) (Schedule, error) {
	last := 0
	for _, m := range milestones {
		if m <= last {
			return nil, fmt.Errorf("train: MultiStepDecay: milestones %v do not ascend from above 0", milestones)
		}
		last = m
	}
	if err := checkDecay(rate, gamma); err != nil {
		return nil, err
	}
	milestones = slices.Clone(milestones)
	return func(step int) float64 {
		passed := 0
		for passed < len(milestones) && milestones[passed] <= step {
			passed++
		}
		return rate * math.Pow(gamma, float64(passed))
	}, nil
}

func checkDecay(rate, gamma float64) error {
	if !(gamma > 0 && gamma <= math.MaxFloat64) {
		return fmt.Errorf("train: a decay by a factor of %g", gamma)
	}
	return checkRate(rate)
}

// Cosine is CosineAnnealingLR (Loshchilov and Hutter, "SGDR: Stochastic gradient descent
// with warm restarts", ICLR 2017): from rate to minimum in so many steps, T_max,
//
//	minimum + (rate - minimum) (1 + cos(pi step / steps)) / 2
//
// and minimum after them, where PyTorch's rises again. It returns an error unless minimum
// is a rate of at most rate and steps at least 1.
func Cosine(rate, minimum float64, steps int) (Schedule, error) {
	if steps < 1 {
		return nil, fmt.Errorf("train: Cosine: %d steps", steps)
	}
	if err := checkRate(rate); err != nil {
		return nil, err
	}
	if !(minimum >= 0 && minimum <= rate) {
		return nil, fmt.Errorf("train: Cosine: a minimum of %g, want 0 to the rate %g", minimum, rate)
	}
	return func(step int) float64 {
		return cosine(rate, minimum, float64(min(max(step, 0), steps))/float64(steps))
	}, nil
}

// OneCycleOptions are those of OneCycleLR.
type OneCycleOptions struct {
	Start       float64 // pct_start, the part of the steps in which the rate rises, at most 1; 0 means 0.3
	Linear      bool    // anneal_strategy "linear" instead of "cos"
	Divide      float64 // div_factor: the first rate is the highest by this; 0 means 25
	DivideFinal float64 // final_div_factor: the last rate is the first by this; 0 means 10000
}

// OneCycle is OneCycleLR in two phases (Smith and Topin, "Super-convergence: very fast
// training of neural networks using large learning rates", 2018), without its cycle of the
// momentum: the rate rises from highest / Divide at step 0 to highest at step
// Start * steps - 1, and falls to highest / Divide / DivideFinal at step steps - 1, where it
// stays; PyTorch has no rate after that. Each phase is a line, or half a cosine. It returns
// an error unless there is at least one step and the options are positive numbers.
func OneCycle(highest float64, steps int, opt OneCycleOptions) (Schedule, error) {
	if steps < 1 {
		return nil, fmt.Errorf("train: OneCycle: %d steps", steps)
	}
	if err := checkRate(highest); err != nil {
		return nil, err
	}
	for _, o := range []struct {
		name     string
		value    *float64
		standard float64
		most     float64
	}{
		{"Start", &opt.Start, 0.3, 1},
		{"Divide", &opt.Divide, 25, math.MaxFloat64},
		{"DivideFinal", &opt.DivideFinal, 1e4, math.MaxFloat64},
	} {
		if *o.value == 0 {
			*o.value = o.standard
		}
		if !(*o.value > 0 && *o.value <= o.most) {
			return nil, fmt.Errorf("train: OneCycle: %s is %g", o.name, *o.value)
		}
	}
	anneal := cosine
	if opt.Linear {
		anneal = line
	}
	first := highest / opt.Divide
	final := first / opt.DivideFinal
	top, end := opt.Start*float64(steps)-1, float64(steps-1)
	return func(step int) float64 {
		t := min(float64(max(step, 0)), end)
		switch {
		case t < top:
			return anneal(first, highest, t/top)
		case t == top: // also where both are 0
			return highest
		}
		return anneal(highest, final, (t-top)/(end-top))
	}, nil
}

// WarmUp is LinearLR followed by another schedule, as SequentialLR joins them and
// torchvision's training does: for so many steps the rate rises in a line from start, a
// part of the first rate of s, to that; then comes s from its step 0 on.
//
//	s(0) (start + (1 - start) step / steps) before steps, s(step - steps) from there
//
// A start of 0 means LinearLR's 1/3. With 0 steps it is s. It returns an error when s is
// nil, start is not within 0 to 1, or steps negative.
func WarmUp(s Schedule, steps int, start float64) (Schedule, error) {
	if start == 0 {
		start = 1.0 / 3
	}
	switch {
	case s == nil:
		return nil, fmt.Errorf("train: WarmUp: no schedule")
	case !(start > 0 && start <= 1):
		return nil, fmt.Errorf("train: WarmUp: from a part of %g, want 0 to 1", start)
	case steps < 0:
		return nil, fmt.Errorf("train: WarmUp: %d steps", steps)
	}
	return func(step int) float64 {
		step = max(step, 0)
		if step < steps {
			return s(0) * line(start, 1, float64(step)/float64(steps))
		}
		return s(step - steps)
	}, nil
}

// line and cosine go from one value to another, as part goes from 0 to 1.
func line(from, to, part float64) float64 { return from + (to-from)*part }

func cosine(from, to, part float64) float64 {
	return to + (from-to)*(1+math.Cos(math.Pi*part))/2
}
