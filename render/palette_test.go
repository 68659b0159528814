package render

import (
	"image/color"
	"slices"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

func TestPalettesAreMatplotlibs(t *testing.T) {
	f := golden.Open(t, "scatter.safetensors")
	for name, got := range map[string][]color.RGBA{"tab10": Tab10[:], "tab20": Tab20[:], "okabe_ito": OkabeIto[:]} {
		b := f.Bytes(name)
		want := make([]color.RGBA, len(b)/3)
		for i := range want {
			want[i] = color.RGBA{b[3*i], b[3*i+1], b[3*i+2], 255}
		}
		if name == "okabe_ito" { // in an order of our own
			got = slices.Clone(got)
			for _, c := range [][]color.RGBA{got, want} {
				slices.SortFunc(c, func(a, b color.RGBA) int {
					return slices.Compare([]uint8{a.R, a.G, a.B}, []uint8{b.R, b.G, b.B})
				})
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}

func TestPaletteByName(t *testing.T) {
	for _, p := range Palettes() {
		if got, err := PaletteByName(string(p)); got != p || err != nil {
			t.Errorf("PaletteByName(%q) = %q, %v", p, got, err)
		}
	}
	for _, name := range []string{"", "Tab10", "rainbow"} {
		if _, err := PaletteByName(name); err == nil {
			t.Errorf("palette %q accepted", name)
		}
	}
}
