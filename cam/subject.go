package cam

import (
	"context"
	"slices"

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

// over runs the network on the batch, and taps the question's layer, whose output must be
// maps, and other modules.
func (q Question) over(ctx context.Context, others ...string) (s *subject, layer string, err error) {
	if layer, err = q.layerName(); err != nil {
		return nil, "", err
	}
	if s, err = q.subject(ctx, append([]string{layer}, others...)...); err != nil {
		return nil, "", err
	}
	return s, layer, isMaps(layer, s.Run.Taps[layer])
}

// onwards does so for what asks the network from the layer on: given are the outputs that
// [nn.Network.Resume] needs.
func (q Question) onwards(ctx context.Context) (s *subject, layer string, given map[string]*nn.Tensor, err error) {
	if layer, err = q.layerName(); err != nil {
		return nil, "", nil, err
	}
	beside, err := q.Net.Beside(layer)
	if err != nil {
		return nil, "", nil, err
	}
	taps := slices.DeleteFunc(slices.Clone(beside), func(name string) bool { return name == nn.InputName })
	if s, _, err = q.over(ctx, taps...); err != nil {
		return nil, "", nil, err
	}
	return s, layer, s.given(layer, beside), nil
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
