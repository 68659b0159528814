package cam

import (
	"context"

	"github.com/glimpse-go/glimpse/cam/internal/perturb"
	"github.com/glimpse-go/glimpse/nn"
)

// A subject is a question's batch and what the network makes of it as it is: what those
// methods begin with that then ask the network about variants of the images.
type subject struct{ *perturb.Subject }

// subject runs the network on the batch, and taps some modules.
func (q Question) subject(ctx context.Context, taps ...string) (*subject, error) {
	s, err := perturb.New(ctx, q.Net, q.Input, q.Classes, q.target, q.Progress, taps...)
	return &subject{s}, err
}

// given returns the outputs of a layer and of what runs beside it, which were tapped.
func (s *subject) given(layer string, beside []string) map[string]*nn.Tensor {
	given := map[string]*nn.Tensor{layer: s.Run.Taps[layer]}
	for _, name := range beside {
		if given[name] = s.Run.Taps[name]; name == nn.InputName {
			given[name] = s.Input
		}
	}
	return given
}
