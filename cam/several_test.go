package cam

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/nn"
)

// counted counts the runs of a network.
type counted struct {
	nn.Network
	runs int
}

func (c *counted) Run(ctx context.Context, x *nn.Tensor, taps ...string) (*nn.Result, error) {
	c.runs++
	return c.Network.Run(ctx, x, taps...)
}

// Maps of several classes are those that each class alone gives, in one run.
func TestSeveral(t *testing.T) {
	net := &counted{Network: network(t, "resnet18_narrow")}
	x := input(t, 2, 3, 96, 64)
	for _, layer := range []string{"layer4", "layer4.1.bn2"} {
		m, err := New(net, layer)
		if err != nil {
			t.Fatal(err)
		}
		net.runs = 0
		rows := [][]int{{3, 0}, nil, {Predicted, 2}}
		r, maps, err := m.Several(t.Context(), x, func(logits *nn.Tensor) [][]int {
			if logits.Shape[0] != 2 {
				t.Errorf("logits of shape %v", logits.Shape)
			}
			return rows
		})
		if err != nil || net.runs != 1 || len(maps) != len(rows) || r.Maps != nil {
			t.Fatalf("%d rows of maps in %d runs: %v", len(maps), net.runs, err)
		}
		for k, classes := range rows {
			want, err := m.Maps(t.Context(), x, classes)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(r.Logits.Data, want.Logits.Data) || !slices.Equal(r.Features.Data, want.Features.Data) {
				t.Error("other logits or features")
			}
			for i, have := range maps[k] {
				if w := want.Maps[i]; have.Class != w.Class || have.Width != w.Width || have.Height != w.Height || !slices.Equal(have.Values, w.Values) {
					t.Errorf("%s, classes %v, image %d: another map than of the class alone", layer, classes, i)
				}
			}
		}
	}
	m, err := New(net, "")
	if err != nil {
		t.Fatal(err)
	}
	for want, classes := range map[string][]int{"no class 99 among": {0, 99}, "1 classes for a batch of 2 images": {0}} {
		if _, _, err := m.Several(t.Context(), x, func(*nn.Tensor) [][]int { return [][]int{nil, classes} }); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := m.Several(done, x, func(*nn.Tensor) [][]int { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
}
