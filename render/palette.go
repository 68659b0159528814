package render

import (
	"fmt"
	"image/color"
	"math"
	"strings"
)

// Palette names the colours of the series of a plot.
type Palette string

const (
	// Tableau is matplotlib's: tab10 for up to ten series, else tab20.
	Tableau Palette = "tab10"
	// ColourBlindSafe is OkabeIto.
	ColourBlindSafe Palette = "okabe-ito"
)

// Palettes lists the palettes.
func Palettes() []Palette { return []Palette{Tableau, ColourBlindSafe} }

// PaletteByName returns a palette. It returns an error that lists the names
// when there is none of this name.
func PaletteByName(name string) (Palette, error) {
	var names []string
	for _, p := range Palettes() {
		if string(p) == name {
			return p, nil
		}
		names = append(names, string(p))
	}
	return "", fmt.Errorf("render: no palette %q; there are %s", name, strings.Join(names, ", "))
}

// Tab10 is matplotlib's default colour cycle, designed by Tableau.
var Tab10 = [10]color.RGBA{
	rgb(0x1f77b4), rgb(0xff7f0e), rgb(0x2ca02c), rgb(0xd62728), rgb(0x9467bd),
	rgb(0x8c564b), rgb(0xe377c2), rgb(0x7f7f7f), rgb(0xbcbd22), rgb(0x17becf),
}

// Tab20 is matplotlib's tab20: each colour of Tab10 followed by a light one.
var Tab20 = [20]color.RGBA{
	rgb(0x1f77b4), rgb(0xaec7e8), rgb(0xff7f0e), rgb(0xffbb78), rgb(0x2ca02c), rgb(0x98df8a), rgb(0xd62728),
	rgb(0xff9896), rgb(0x9467bd), rgb(0xc5b0d5), rgb(0x8c564b), rgb(0xc49c94), rgb(0xe377c2), rgb(0xf7b6d2),
	rgb(0x7f7f7f), rgb(0xc7c7c7), rgb(0xbcbd22), rgb(0xdbdb8d), rgb(0x17becf), rgb(0x9edae5),
}

// OkabeIto is the palette of M. Okabe and K. Ito, "Color Universal Design"
// (2008), whose colours people with any colour vision can tell apart: blue,
// orange, bluish green, vermilion, sky blue, reddish purple, yellow, black.
// (Theirs begins with black, which draws the eye to whatever class has it.)
var OkabeIto = [8]color.RGBA{
	rgb(0x0072b2), rgb(0xe69f00), rgb(0x009e73), rgb(0xd55e00), rgb(0x56b4e9), rgb(0xcc79a7), rgb(0xf0e442), rgb(0x000000),
}

func rgb(v uint32) color.RGBA { return color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255} }

// shade is a colour of the cycle in round 0, and in the rounds after it darker and
// lighter by turns, by a share of the way to black or white: 0.3, 0.15, 0.45, 0.075, ...
func shade(c color.RGBA, round int) color.RGBA {
	end, n := 255.0, round
	if c != (color.RGBA{A: 255}) { // black has lighter shades alone
		if round%2 == 1 {
			end = 0
		}
		n = (round + 1) / 2
	}
	share, part := 0.0, 0.3 // the digits of n in base 2, backwards
	for ; n > 0; n /= 2 {
		share += float64(n%2) * part
		part /= 2
	}
	mix := func(v uint8) uint8 { return uint8(math.Round(float64(v) + float64(share*(end-float64(v))))) }
	return color.RGBA{mix(c.R), mix(c.G), mix(c.B), c.A}
}

// colours returns the cycle for so many series.
func (p Palette) colours(series int) ([]color.RGBA, error) {
	switch p {
	case "", Tableau:
		if series <= len(Tab10) {
			return Tab10[:], nil
		}
		return Tab20[:], nil
	case ColourBlindSafe:
		return OkabeIto[:], nil
	}
	_, err := PaletteByName(string(p))
	return nil, err
}
