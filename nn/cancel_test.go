package nn_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/countdown"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/arch"
)

// A forward pass stops wherever its context ends, on both paths, and leaves the
// memory that the next one uses in order.
func TestRunStops(t *testing.T) {
	reference, err := arch.Build(golden.Open(t, "nn_resnet18_narrow.safetensors").StateDict(), nil)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := nn.Compile(reference)
	if err != nil {
		t.Fatal(err)
	}
	for name, net := range map[string]nn.Network{"reference": reference, "plan": plan} {
		looks := map[int]int{}
		for _, n := range []int{1, 40} {
			x, err := nn.NewTensor(n, 3, 64, 48)
			if err != nil {
				t.Fatal(err)
			}
			x.Data = golden.Uniform("stops", len(x.Data), 1)
			want, err := net.Run(t.Context(), x, "layer3.0.bn1")
			if err != nil {
				t.Fatal(err)
			}
			looks[n] = countdown.Stops(t, name, 25, 2, func(ctx context.Context) error {
				r, err := net.Run(ctx, x, "layer3.0.bn1")
				if (r == nil) != (err != nil) {
					t.Errorf("%s: a result %v beside the error %v", name, r != nil, err)
				}
				if err != nil {
					r, err := net.Run(t.Context(), x, "layer3.0.bn1")
					if err != nil || !slices.Equal(r.Logits.Data, want.Logits.Data) || !slices.Equal(r.Taps["layer3.0.bn1"].Data, want.Taps["layer3.0.bn1"].Data) {
						t.Errorf("%s: other results after a run that was stopped (%v)", name, err)
					}
				}
				return err
			})
		}
		t.Logf("%s: %d looks at the context for an image, %d for 40", name, looks[1], looks[40])
		// At least once for each pair of convolutions and their shortcuts.
		if looks[1] < 16 || looks[40] < looks[1] {
			t.Errorf("%s: %d looks at the context for an image, %d for 40", name, looks[1], looks[40])
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	x, err := nn.NewTensor(1, 3, 64, 48)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Run(ctx, x); !errors.Is(err, context.Canceled) {
		t.Errorf("under an ended context: %v", err)
	}
}

// So does a pass with gradients.
func TestGradientsStop(t *testing.T) {
	reference, err := arch.Build(golden.Open(t, "nn_resnet18_narrow.safetensors").StateDict(), nil)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := nn.Compile(reference)
	if err != nil {
		t.Fatal(err)
	}
	x, err := nn.NewTensor(3, 3, 48, 64)
	if err != nil {
		t.Fatal(err)
	}
	x.Data = golden.Uniform("stops", len(x.Data), 1)
	for name, net := range map[string]nn.Network{"reference": reference, "plan": plan} {
		gradients := func(ctx context.Context) (*nn.Result, error) {
			return net.Gradients(ctx, x, nn.GradientOptions{}, nn.InputName, "layer2")
		}
		want, err := gradients(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		countdown.Stops(t, name, 25, 2, func(ctx context.Context) error {
			r, err := gradients(ctx)
			if (r == nil) != (err != nil) {
				t.Errorf("%s: a result %v beside the error %v", name, r != nil, err)
			}
			if err != nil {
				r, err := gradients(t.Context())
				if err != nil || !slices.Equal(r.Gradients[nn.InputName].Data, want.Gradients[nn.InputName].Data) {
					t.Errorf("%s: other gradients after a run that was stopped (%v)", name, err)
				}
			}
			return err
		})
	}
}
