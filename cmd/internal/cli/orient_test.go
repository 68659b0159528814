package cli

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// TestOrientFlag turns an image file where -orient asks for it.
func TestOrientFlag(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.png")
	file := golden.Open(t, "data/pictures.safetensors").Bytes("exif 6.png: file")
	if err := os.WriteFile(path, file, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args          []string
		width, height int
	}{
		{[]string{"-image", path}, 7, 4},
		{[]string{"-orient", "-image", path}, 4, 7},
		{[]string{"-orient", "-data", filepath.Dir(path)}, 4, 7},
	} {
		var s Source
		flags := flag.NewFlagSet("test", flag.ContinueOnError)
		s.AddFlags(flags, 1)
		if err := flags.Parse(c.args); err != nil {
			t.Fatal(err)
		}
		var o Opened
		if err := s.openData(t.Context(), &o); err != nil {
			t.Fatal(err)
		}
		sample, err := o.Data.Sample(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if im := sample.Image; im.Width != c.width || im.Height != c.height {
			t.Errorf("%v: %d x %d pixels, want %d x %d", c.args, im.Width, im.Height, c.width, c.height)
		}
		o.Close()
	}
}
