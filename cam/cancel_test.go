package cam

import (
	"context"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/countdown"
)

// Mapping stops wherever its context ends: in the network, and between maps.
func TestMapsStop(t *testing.T) {
	mapper, err := New(network(t, "resnet18_narrow"), "layer4")
	if err != nil {
		t.Fatal(err)
	}
	x := input(t, 3, 3, 48, 48)
	looks := countdown.Stops(t, "Maps", 30, 4, func(ctx context.Context) error {
		r, err := mapper.Maps(ctx, x, nil)
		if (r == nil) != (err != nil) {
			t.Errorf("a result %v beside the error %v", r != nil, err)
		}
		return err
	})
	if looks < 18 {
		t.Errorf("%d looks at the context", looks)
	}
}
