package train_test

import (
	"math"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/near"
	"github.com/glimpse-go/glimpse/nn/train"
)

// TestSchedules holds the rate of every step to PyTorch's scheduler: SCHEDULES of the
// export script.
func TestSchedules(t *testing.T) {
	f := golden.Open(t, "train")
	must := func(s train.Schedule, err error) train.Schedule {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	cases := map[string]train.Schedule{
		"step":           must(train.StepDecay(0.1, 0.5, 3)),
		"step 1":         must(train.StepDecay(0.1, 0.9, 1)),
		"multistep":      must(train.MultiStepDecay(0.1, 0.1, 2, 5, 9)),
		"cosine":         must(train.Cosine(0.1, 0, 10)),
		"cosine minimum": must(train.Cosine(0.1, 0.01, 7)),
		"onecycle":       must(train.OneCycle(0.1, 20, train.OneCycleOptions{})),
		"onecycle linear": must(train.OneCycle(0.1, 21, train.OneCycleOptions{
			Start: 0.25, Linear: true, Divide: 10, DivideFinal: 100})),
		"onecycle 3":    must(train.OneCycle(0.1, 3, train.OneCycleOptions{})),
		"onecycle 1":    must(train.OneCycle(0.1, 1, train.OneCycleOptions{})),
		"onecycle rise": must(train.OneCycle(0.1, 5, train.OneCycleOptions{Start: 1})),
		"warmup cosine": must(train.WarmUp(must(train.Cosine(0.1, 0, 6)), 4, 0.1)),
		"warmup step":   must(train.WarmUp(must(train.StepDecay(0.1, 0.5, 2)), 3, 0)),
	}
	for _, key := range f.Names() {
		name, ok := strings.CutPrefix(key, "schedule/")
		if !ok {
			continue
		}
		s := cases[name]
		if s == nil {
			t.Errorf("no schedule %q", name)
			continue
		}
		delete(cases, name)
		want := f.Float64(key)
		got := make([]float64, len(want))
		for step := range got {
			got[step] = s(step)
		}
		// PyTorch goes from each rate to the next, and rounds on the way.
		near.AtMost(t, name, golden.Relative(t, got, want), 1e-14)
		if s(-1) != s(0) || s(math.MinInt) != s(0) {
			t.Errorf("%s: %g before step 0", name, s(-1))
		}
		if v := s(math.MaxInt); !(v >= 0 && v <= s(len(want)-1)) {
			t.Errorf("%s: %g at the end of time", name, v)
		}
	}
	for name := range cases {
		t.Errorf("no golden of %q", name)
	}
}

// What PyTorch leaves open: a constant, the steps after the last, and a cycle that is at
// its highest at step 0, where PyTorch divides by 0.
func TestSchedulesBeyond(t *testing.T) {
	constant, _ := train.Constant(0.1)
	cosine, _ := train.Cosine(0.1, 0.01, 7)
	cycle, _ := train.OneCycle(0.1, 10, train.OneCycleOptions{Start: 0.1})
	single, _ := train.OneCycle(0.1, 1, train.OneCycleOptions{Start: 1})
	none, _ := train.MultiStepDecay(0.1, 0.5)
	same, _ := train.WarmUp(cosine, 0, 0)
	for _, c := range []struct {
		name string
		s    train.Schedule
		step int
		want float64
	}{
		{"constant", constant, 0, 0.1}, {"constant", constant, 1000, 0.1}, {"constant", constant, -1, 0.1},
		{"cosine", cosine, 8, 0.01}, {"cosine", cosine, 14, 0.01},
		{"cycle", cycle, 0, 0.1}, {"cycle", cycle, 9, 0.1 / 25 / 1e4}, {"cycle", cycle, 10, 0.1 / 25 / 1e4}, {"cycle", cycle, 99, 0.1 / 25 / 1e4},
		{"single", single, 0, 0.1}, {"single", single, 1, 0.1},
		{"no milestones", none, 1000, 0.1},
		{"no warm-up", same, 0, 0.1}, {"no warm-up", same, 7, 0.01},
	} {
		if got := c.s(c.step); !(math.Abs(got-c.want) <= 1e-16) {
			t.Errorf("%s at %d: %g, want %g", c.name, c.step, got, c.want)
		}
	}
	milestones := []int{3}
	s, _ := train.MultiStepDecay(1, 0.5, milestones...)
	if milestones[0] = 1; s(2) != 1 {
		t.Error("the milestones are the caller's")
	}
}

func TestSchedulesErrors(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	constant, _ := train.Constant(1)
	for name, f := range map[string]func() (train.Schedule, error){
		"negative":                func() (train.Schedule, error) { return train.Constant(-1) },
		"NaN":                     func() (train.Schedule, error) { return train.Constant(nan) },
		"infinite":                func() (train.Schedule, error) { return train.Constant(inf) },
		"StepDecay rate":          func() (train.Schedule, error) { return train.StepDecay(nan, 0.5, 1) },
		"StepDecay gamma 0":       func() (train.Schedule, error) { return train.StepDecay(1, 0, 1) },
		"StepDecay gamma NaN":     func() (train.Schedule, error) { return train.StepDecay(1, nan, 1) },
		"StepDecay every 0":       func() (train.Schedule, error) { return train.StepDecay(1, 0.5, 0) },
		"milestone 0":             func() (train.Schedule, error) { return train.MultiStepDecay(1, 0.5, 0, 3) },
		"milestones twice":        func() (train.Schedule, error) { return train.MultiStepDecay(1, 0.5, 3, 3) },
		"milestones gamma":        func() (train.Schedule, error) { return train.MultiStepDecay(1, -0.5, 3) },
		"Cosine rate":             func() (train.Schedule, error) { return train.Cosine(-1, -2, 3) },
		"Cosine steps":            func() (train.Schedule, error) { return train.Cosine(1, 0, 0) },
		"Cosine minimum":          func() (train.Schedule, error) { return train.Cosine(1, 1.1, 3) },
		"Cosine negative minimum": func() (train.Schedule, error) { return train.Cosine(1, -0.1, 3) },
		"Cosine minimum NaN":      func() (train.Schedule, error) { return train.Cosine(1, nan, 3) },
		"OneCycle rate":           func() (train.Schedule, error) { return train.OneCycle(inf, 3, train.OneCycleOptions{}) },
		"OneCycle steps":          func() (train.Schedule, error) { return train.OneCycle(1, 0, train.OneCycleOptions{}) },
		"OneCycle start":          func() (train.Schedule, error) { return train.OneCycle(1, 3, train.OneCycleOptions{Start: 1.1}) },
		"OneCycle start -1":       func() (train.Schedule, error) { return train.OneCycle(1, 3, train.OneCycleOptions{Start: -1}) },
		"OneCycle divide":         func() (train.Schedule, error) { return train.OneCycle(1, 3, train.OneCycleOptions{Divide: nan}) },
		"OneCycle divide final":   func() (train.Schedule, error) { return train.OneCycle(1, 3, train.OneCycleOptions{DivideFinal: inf}) },
		"WarmUp of nothing":       func() (train.Schedule, error) { return train.WarmUp(nil, 3, 0) },
		"WarmUp steps":            func() (train.Schedule, error) { return train.WarmUp(constant, -1, 0) },
		"WarmUp start":            func() (train.Schedule, error) { return train.WarmUp(constant, 3, 1.1) },
		"WarmUp start -1":         func() (train.Schedule, error) { return train.WarmUp(constant, 3, -1) },
		"WarmUp start NaN":        func() (train.Schedule, error) { return train.WarmUp(constant, 3, nan) },
	} {
		if s, err := f(); err == nil || s != nil {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
