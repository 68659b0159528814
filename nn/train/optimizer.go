package train

import (
	"fmt"

	"github.com/glimpse-go/glimpse/nn"
)

// An Optimizer changes weights by their gradients. It is for one goroutine at a time.
type Optimizer interface {
	// Step changes the elements of each parameter that has a gradient, and leaves the
	// others alone. What it remembers of a parameter goes by the name, so a parameter may
	// come and go. It returns an error, and has changed nothing, when an option or the
	// rate is senseless, a gradient has another size than its parameter, a name comes
	// twice, or a parameter has another shape than before. Gradients that are not finite
	// make weights that are not.
	Step(parameters []nn.Parameter, rate float64) error
	// State returns what the optimiser remembers, as tensors under PyTorch's names before
	// the parameter's ("momentum_buffer.conv1.weight"). Their elements are the optimiser's
	// own and change at the next Step.
	State() []nn.Parameter
	// Restore takes over a copy of what State returned, in any order: after it the
	// optimiser continues to the very bits. It returns an error, and has changed nothing,
	// when the state is not one of this optimiser.
	Restore(state []nn.Parameter) error
}

// checkRate returns an error for a learning rate that is none.
func checkRate(rate float64) error {
	if !(rate >= 0 && rate <= maxFloat32) {
		return fmt.Errorf("train: a learning rate of %g", rate)
	}
	return nil
}
