package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/glimpse-go/glimpse/nn/train"
)

// A course is what -schedule says.
type course struct {
	name   string
	every  float64 // epochs between the steps of step; 0: a third of all
	factor float64 // of these
}

// parseSchedule reads constant, step, step=EPOCHS, step=EPOCHS:FACTOR, cosine or onecycle.
func parseSchedule(text string) (course, error) {
	c := course{name: text, factor: 0.1}
	name, rest, numbered := strings.Cut(text, "=")
	if name == "step" {
		c.name = name
		if !numbered {
			return c, nil
		}
		every, factor, factored := strings.Cut(rest, ":")
		var err error
		if c.every, err = strconv.ParseFloat(every, 64); err != nil || !(c.every > 0 && c.every <= 1e5) {
			return c, fmt.Errorf("%s: want a number of epochs", every)
		}
		if factored {
			if c.factor, err = strconv.ParseFloat(factor, 64); err != nil || !(c.factor > 0 && c.factor < 1) {
				return c, fmt.Errorf("%s: want a factor, more than 0 and below 1", factor)
			}
		}
		return c, nil
	}
	switch text {
	case "constant", "cosine", "onecycle":
		return c, nil
	}
	return c, fmt.Errorf("want constant, step, step=30, step=30:0.5, cosine or onecycle")
}

// rates is the learning rate of each step, for so many steps an epoch.
func (o *options) rates(steps int) (train.Schedule, error) {
	c, err := parseSchedule(o.schedule)
	if err != nil {
		return nil, err
	}
	inSteps := func(epochs float64) int { return int(math.Round(epochs * float64(steps))) }
	total, warm := o.epochs*steps, inSteps(o.warmup.or(0))
	rate := o.rate()
	var s train.Schedule
	switch c.name {
	case "onecycle":
		start := o.warmup.or(float64(o.epochs)/4) / float64(o.epochs)
		return train.OneCycle(rate, total, train.OneCycleOptions{Start: max(start, 1/float64(total)), Linear: true, Divide: 10, DivideFinal: 100})
	case "cosine":
		s, err = train.Cosine(rate, 0, max(1, total-warm))
	case "step":
		every := c.every
		if every == 0 {
			every = float64(o.epochs) / 3
		}
		s, err = train.StepDecay(rate, c.factor, max(1, inSteps(every)))
	default:
		s, err = train.Constant(rate)
	}
	if err != nil {
		return nil, err
	}
	return train.WarmUp(s, warm, 0.01)
}

// rate is the largest learning rate.
func (o *options) rate() float64 {
	rate := 0.08 * float64(o.batch) / 64 // in proportion, as Goyal et al. 2017 have it
	if o.optimizer == "adamw" {
		rate = 0.002
	}
	if o.Weights != "" {
		rate /= 8
	}
	return o.lr.or(rate)
}

// newOptimizer follows -optimizer.
func (o *options) newOptimizer() train.Optimizer {
	if o.optimizer == "adamw" {
		decay := o.weightDecay.or(0.05)
		if decay == 0 {
			decay = -1 // the zero value means the default
		}
		return &train.AdamW{WeightDecay: decay}
	}
	return &train.SGD{Momentum: o.momentum, Nesterov: o.momentum > 0, WeightDecay: o.weightDecay.or(5e-4)}
}
