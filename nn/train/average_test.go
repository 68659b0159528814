package train_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/near"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/train"
)

// live is the state of the export script's network at a step, with running statistics.
func live(step int) []nn.Parameter {
	var state []nn.Parameter
	for _, p := range []struct {
		name  string
		shape []int
	}{{"0.weight", []int{4, 5}}, {"0.bias", []int{4}}, {"1.weight", []int{4}}, {"1.bias", []int{4}}, {"1.running_mean", []int{4}}, {"1.running_var", []int{4}}} {
		state = append(state, nn.Parameter{Name: p.name, Value: uniform(fmt.Sprintf("average/%d/%s", step, p.name), 1, p.shape...)})
	}
	return state
}

func TestAverage(t *testing.T) {
	f := golden.Open(t, "train")
	for _, decay := range []float64{0.999, 0.9, 0.3} {
		a := train.Average{Decay: decay}
		if decay == 0.999 {
			a.Decay = 0 // the default
		}
		for step := range 5 {
			if err := a.Update(live(step)); err != nil {
				t.Fatal(err)
			}
			if step != 0 && step != 1 && step != 4 {
				continue
			}
			state := a.State()
			for _, p := range state {
				key := fmt.Sprintf("/%g/%d/%s", decay, step, p.Name)
				near.AtMost(t, key, golden.Relative(t, wide(p.Value.Data), f.Float64("average64"+key)), 3e-7)
				near.AtMost(t, key+" float32", golden.Relative(t, p.Value.Data, f.Float32("average32"+key)), 1.3e-7)
			}
			n := 0
			for _, name := range f.Names() {
				if strings.HasPrefix(name, fmt.Sprintf("average64/%g/%d/", decay, step)) {
					n++
				}
			}
			if n != len(state) {
				t.Errorf("%d averages, PyTorch has %d", len(state), n)
			}
		}
	}
}

// values are copies of a state's elements.
func values(state []nn.Parameter) [][]float32 {
	var list [][]float32
	for _, p := range state {
		list = append(list, slices.Clone(p.Value.Data))
	}
	return list
}

func sameValues(a, b [][]float32) bool {
	return slices.EqualFunc(a, b, slices.Equal[[]float32])
}

// Swap and CopyTo bring the averages to the network, by name; a second Swap takes them
// back.
func TestAverageSwap(t *testing.T) {
	var a train.Average
	for step := range 3 {
		if err := a.Update(live(step)); err != nil {
			t.Fatal(err)
		}
	}
	averages, state := values(a.State()), live(3)
	before := values(state)
	other := live(4)
	slices.Reverse(other)
	if err := a.CopyTo(other); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(other)
	if !sameValues(values(other), averages) || !sameValues(values(a.State()), averages) {
		t.Error("CopyTo does not copy")
	}
	if err := a.Swap(state); err != nil {
		t.Fatal(err)
	}
	if !sameValues(values(state), averages) || !sameValues(values(a.State()), before) {
		t.Error("Swap does not swap")
	}
	if err := a.Swap(state); err != nil {
		t.Fatal(err)
	}
	if !sameValues(values(state), before) || !sameValues(values(a.State()), averages) {
		t.Error("a second Swap does not swap back")
	}
}

func TestAverageRestore(t *testing.T) {
	var whole, resumed train.Average
	for step := range 5 {
		if step == 2 {
			state := whole.State()
			if err := resumed.Restore(state); err != nil {
				t.Fatal(err)
			}
			for _, p := range state {
				if p.Value.Shape[0] != 4 {
					t.Errorf("%s has shape %v", p.Name, p.Value.Shape)
				}
			}
		}
		for _, a := range []*train.Average{&whole, &resumed} {
			if a == &whole || step >= 2 {
				if err := a.Update(live(step)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if !sameValues(values(whole.State()), values(resumed.State())) {
		t.Error("a restart changes bits")
	}
	if err := resumed.Restore(nil); err != nil || resumed.State() != nil {
		t.Errorf("no state: error %v", err)
	}
	if err := resumed.Update(live(0)); err != nil || !sameValues(values(resumed.State()), values(live(0))) {
		t.Errorf("the first update does not copy: error %v", err)
	}
}

func TestAverageErrors(t *testing.T) {
	for _, decay := range []float64{-0.1, 1.1, math.NaN()} {
		if err := (&train.Average{Decay: decay}).Update(live(0)); err == nil {
			t.Errorf("a decay of %g: no error", decay)
		}
	}
	var a train.Average
	if a.Swap(live(0)) == nil || a.CopyTo(live(0)) == nil {
		t.Error("no update, and no error")
	}
	if twice := live(0); a.Update(append(twice, twice[0])) == nil || a.Update([]nn.Parameter{{Name: "w"}}) == nil {
		t.Error("a first update with a wrong state, and no error")
	}
	if err := a.Update(live(0)); err != nil {
		t.Fatal(err)
	}
	averages := values(a.State())
	for name, change := range map[string]func(s []nn.Parameter) []nn.Parameter{
		"one less":    func(s []nn.Parameter) []nn.Parameter { return s[:5] },
		"one more":    func(s []nn.Parameter) []nn.Parameter { return append(s, nn.Parameter{Name: "w", Value: zeros(1)}) },
		"other name":  func(s []nn.Parameter) []nn.Parameter { s[5].Name = "w"; return s },
		"twice":       func(s []nn.Parameter) []nn.Parameter { s[5] = s[4]; return s },
		"other shape": func(s []nn.Parameter) []nn.Parameter { s[5].Value.Shape = []int{2, 2}; return s },
		"no tensor":   func(s []nn.Parameter) []nn.Parameter { s[5].Value = nil; return s },
		"not full":    func(s []nn.Parameter) []nn.Parameter { s[5].Value.Data = s[5].Value.Data[:3]; return s },
	} {
		for method, f := range map[string]func([]nn.Parameter) error{"Update": a.Update, "Swap": a.Swap, "CopyTo": a.CopyTo} {
			state := change(live(1))
			first := slices.Clone(state[0].Value.Data)
			if f(state) == nil {
				t.Errorf("%s: %s: no error", method, name)
			}
			if !slices.Equal(first, state[0].Value.Data) || !sameValues(averages, values(a.State())) {
				t.Errorf("%s: %s: something has changed", method, name)
			}
		}
	}
	for name, state := range map[string][]nn.Parameter{
		"prefix": live(0), "no tensor": {{Name: "module.w"}},
		"twice": {{Name: "module.w", Value: zeros(1)}, {Name: "module.w", Value: zeros(1)}},
	} {
		if a.Restore(state) == nil || !sameValues(averages, values(a.State())) {
			t.Errorf("Restore: %s: no error, or something has changed", name)
		}
	}
}
