package train

import (
	"fmt"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/nn"
)

// An Average is an exponential moving average of a network's weights and running
// statistics, [nn.Graph.State]: torch.optim.swa_utils.AveragedModel with
// get_ema_multi_avg_fn(decay) and use_buffers=True. The first update copies, and every
// later one is
//
//	average = decay * average + (1 - decay) * value
//
// in float32, as in PyTorch. The zero value has PyTorch's decay. An Average is for one
// goroutine at a time and must not be copied after its first update.
type Average struct {
	Decay float64 // 0 means 0.999; at most 1. It may change between updates.

	named map[string]*averaged
	order []*averaged
	round int
	sweep sweep

	bound []*averaged // of the call at hand
	does  func(average, value []float32, weight float32)
	take  float32
}

// An averaged is the average of one tensor.
type averaged struct {
	name  string
	shape []int
	data  []float32
	value []float32 // of the call at hand
	round int       // in which it was bound last
}

// Update lets the averages follow the values of a state. It returns an error, and has
// changed nothing, when Decay is not within 0 to 1 or the state has other tensors than
// before.
func (a *Average) Update(state []nn.Parameter) error {
	decay := a.Decay
	if decay == 0 {
		decay = 0.999
	}
	if !(decay >= 0 && decay <= 1) {
		return fmt.Errorf("train: Average: a decay of %g, want 0 to 1", a.Decay)
	}
	if a.named == nil {
		return a.begin("", state)
	}
	a.take = float32(1 - decay)
	return a.each(state, follow)
}

// Swap exchanges the values of a state, the network's own, with the averages: the network
// has the averages until a second Swap. It returns an error, and has changed nothing, when
// there was no update or the state has other tensors. What a network was compiled to
// before need not see the new values.
func (a *Average) Swap(state []nn.Parameter) error { return a.each(state, exchange) }

// CopyTo writes the averages to a state, for example of a copy of the network. Its errors
// are those of Swap.
func (a *Average) CopyTo(state []nn.Parameter) error { return a.each(state, give) }

func follow(average, value []float32, weight float32) {
	value = value[:len(average)]
	for i, m := range average {
		average[i] = m + weight*(value[i]-m) // as torch.lerp
	}
}

func exchange(average, value []float32, _ float32) {
	value = value[:len(average)]
	for i, m := range average {
		average[i], value[i] = value[i], m
	}
}

func give(average, value []float32, _ float32) { copy(value, average) }

// begin takes a state's values as the averages, their names without a prefix that all have.
func (a *Average) begin(prefix string, state []nn.Parameter) error {
	named := make(map[string]*averaged, len(state))
	order := make([]*averaged, 0, len(state))
	for _, p := range state {
		if err := check(p); err != nil {
			return err
		}
		name, ok := strings.CutPrefix(p.Name, prefix)
		if !ok {
			return fmt.Errorf("train: Average: a state with a tensor %q, want those of %s", p.Name, prefix)
		}
		if named[name] != nil {
			return fmt.Errorf("train: Average: two tensors are called %q", p.Name)
		}
		named[name] = &averaged{name: name, shape: slices.Clone(p.Value.Shape), data: append([]float32{}, p.Value.Data...)}
		order = append(order, named[name])
	}
	a.named, a.order = named, order
	return nil
}

// each does something to each average and its value.
func (a *Average) each(state []nn.Parameter, does func(average, value []float32, weight float32)) error {
	if a.named == nil {
		return fmt.Errorf("train: Average: nothing has been averaged")
	}
	if len(state) != len(a.order) {
		return fmt.Errorf("train: Average: %d tensors, and averages of %d", len(state), len(a.order))
	}
	a.round++
	a.bound = a.bound[:0]
	a.sweep.reset()
	for i, p := range state {
		if err := check(p); err != nil {
			return err
		}
		known := a.named[p.Name]
		switch {
		case known == nil:
			return fmt.Errorf("train: Average: no average of %q", p.Name)
		case known.round == a.round:
			return fmt.Errorf("train: Average: two tensors are called %q", p.Name)
		case !slices.Equal(known.shape, p.Value.Shape):
			return fmt.Errorf("train: Average: %q has shape %v, its average %v", p.Name, p.Value.Shape, known.shape)
		}
		known.round, known.value = a.round, p.Value.Data
		a.bound = append(a.bound, known)
		a.sweep.add(i, len(known.data))
	}
	a.does = does
	a.sweep.run(a)
	for _, b := range a.bound {
		b.value = nil
	}
	return nil
}

func (a *Average) visit(_ int, s span) {
	b := a.bound[s.tensor]
	a.does(b.data[s.lo:s.hi], b.value[s.lo:s.hi], a.take)
}

// State returns the averages under the names that PyTorch gives them, "module.NAME", or
// nothing before the first update. Their elements are the Average's own and change with
// the next.
func (a *Average) State() []nn.Parameter {
	var state []nn.Parameter
	for _, b := range a.order {
		state = append(state, nn.Parameter{Name: "module." + b.name, Value: &nn.Tensor{Shape: slices.Clone(b.shape), Data: b.data}})
	}
	return state
}

// Restore takes over a copy of what State returned; nothing stands for no update. It
// returns an error, and has changed nothing, when it is not such a state.
func (a *Average) Restore(state []nn.Parameter) error {
	if len(state) == 0 {
		a.named, a.order = nil, nil
		return nil
	}
	return a.begin("module.", state)
}
