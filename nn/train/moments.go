package train

import (
	"fmt"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/nn"
)

// mostSteps is where counts of steps end: PyTorch keeps them in float32, and so does a
// file of our state. The corrections for bias are long 1 then.
const mostSteps = 1 << 24

// A moment is what an optimiser remembers of one parameter.
type moment struct {
	name  string
	shape []int
	kept  [][]float32 // one of each kind
	steps int
	fresh bool // kept is of this step, and zeros
	round int  // in which it was bound last

	value, gradient []float32 // of the step at hand
}

// moments are an optimiser's memory.
type moments struct {
	named map[string]*moment
	order []*moment // as they came
	bound []*moment // of the step at hand: those with a gradient
	round int
	sweep sweep
}

// bind looks up what is remembered of each parameter that has a gradient, or begins it
// with so many kinds of tensors of zeros. It returns an error before anything has changed.
func (m *moments) bind(parameters []nn.Parameter, kinds int) error {
	if m.named == nil {
		m.named = map[string]*moment{}
	}
	m.round++
	m.bound = m.bound[:0]
	for _, p := range parameters {
		if err := check(p); err != nil {
			return err
		}
		known := m.named[p.Name]
		if known == nil {
			known = &moment{name: p.Name, shape: slices.Clone(p.Value.Shape)}
			m.named[p.Name] = known
			m.order = append(m.order, known)
		}
		switch {
		case known.round == m.round:
			return fmt.Errorf("train: two parameters are called %q", p.Name)
		case !slices.Equal(known.shape, p.Value.Shape):
			return fmt.Errorf("train: parameter %q has shape %v, and what is remembered of it %v", p.Name, p.Value.Shape, known.shape)
		case p.Gradient != nil && len(p.Gradient) != len(p.Value.Data):
			return fmt.Errorf("train: parameter %q has %d elements, its gradient %d", p.Name, len(p.Value.Data), len(p.Gradient))
		}
		known.round = m.round
		if p.Gradient != nil {
			known.value, known.gradient = p.Value.Data, p.Gradient
			m.bound = append(m.bound, known)
		}
	}
	m.sweep.reset()
	for i, b := range m.bound {
		b.fresh = len(b.kept) < kinds
		for len(b.kept) < kinds {
			b.kept = append(b.kept, make([]float32, len(b.value)))
		}
		b.steps = min(b.steps+1, mostSteps)
		m.sweep.add(i, len(b.value))
	}
	return nil
}

// run visits the parameters that bind has found, and forgets where their elements are.
func (m *moments) run(v visitor) {
	m.sweep.run(v)
	for _, b := range m.bound {
		b.value, b.gradient = nil, nil
	}
}

// state lists the tensors, of each parameter one of each kind, and with step how many
// steps it has taken.
func (m *moments) state(step bool, kinds ...string) []nn.Parameter {
	var state []nn.Parameter
	for _, b := range m.order {
		if len(b.kept) < len(kinds) {
			continue
		}
		if step {
			state = append(state, nn.Parameter{Name: "step." + b.name, Value: &nn.Tensor{Shape: []int{1}, Data: []float32{float32(b.steps)}}})
		}
		for k, kind := range kinds {
			state = append(state, nn.Parameter{Name: kind + "." + b.name, Value: &nn.Tensor{Shape: slices.Clone(b.shape), Data: b.kept[k]}})
		}
	}
	return state
}

// restore is the way back from state.
func (m *moments) restore(state []nn.Parameter, step bool, kinds ...string) error {
	named := map[string]*moment{}
	var order []*moment
	for _, p := range state {
		if err := check(p); err != nil {
			return err
		}
		kind, name, _ := strings.Cut(p.Name, ".")
		k := slices.Index(kinds, kind)
		if name == "" || k < 0 && !(step && kind == "step") {
			return fmt.Errorf("train: a state with a tensor %q, want those of %s", p.Name, strings.Join(kinds, ", "))
		}
		b := named[name]
		if b == nil {
			b = &moment{name: name, kept: make([][]float32, len(kinds)), fresh: true}
			named[name] = b
			order = append(order, b)
		}
		if k < 0 {
			if len(p.Value.Data) != 1 || b.steps > 0 || !(p.Value.Data[0] >= 1 && p.Value.Data[0] <= mostSteps) {
				return fmt.Errorf("train: a state with %q of %v elements, want one number of at least 1", p.Name, p.Value.Shape)
			}
			b.steps = int(p.Value.Data[0])
			continue
		}
		switch {
		case b.kept[k] != nil:
			return fmt.Errorf("train: a state with two tensors %q", p.Name)
		case b.fresh:
			b.shape, b.fresh = slices.Clone(p.Value.Shape), false
		case !slices.Equal(b.shape, p.Value.Shape):
			return fmt.Errorf("train: a state with %q of shape %v, want %v", p.Name, p.Value.Shape, b.shape)
		}
		b.kept[k] = append([]float32{}, p.Value.Data...)
	}
	for _, b := range order {
		for k, kind := range kinds {
			if b.kept[k] == nil {
				return fmt.Errorf("train: a state without %s.%s", kind, b.name)
			}
		}
		if step && b.steps == 0 {
			return fmt.Errorf("train: a state without step.%s", b.name)
		}
	}
	m.named, m.order = named, order
	return nil
}
