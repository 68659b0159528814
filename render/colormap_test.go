package render

import (
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

func TestColormapsAreMatplotlibs(t *testing.T) {
	f := golden.Open(t, "render.safetensors")
	for _, name := range ColormapNames() {
		c, err := ColormapByName(name)
		if err != nil {
			t.Fatal(err)
		}
		want := f.Bytes("colormap " + name)
		for i, rgb := range c {
			if [3]uint8(want[3*i:3*i+3]) != rgb {
				t.Errorf("%s %d: %v, want %v", name, i, rgb, want[3*i:3*i+3])
			}
		}
	}
	if _, err := ColormapByName("plasma"); err == nil {
		t.Error("unknown colour map accepted")
	}
}
