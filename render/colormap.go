package render

import (
	"fmt"
	"strings"
)

// Colormap gives each level 0 to 255 its colour, R, G, B.
type Colormap [256][3]uint8

// The colour maps, byte for byte those of matplotlib.
var (
	Jet     = segments(jetRed, jetGreen, jetBlue)
	Viridis = viridis
	Turbo   = turbo
	Gray    = segments(ramp, ramp, ramp)
)

// ColormapNames lists the names that ColormapByName knows.
func ColormapNames() []string { return []string{"jet", "viridis", "turbo", "gray"} }

// ColormapByName returns a colour map. It returns an error that lists the
// names when there is none of this name.
func ColormapByName(name string) (*Colormap, error) {
	switch name {
	case "jet":
		return &Jet, nil
	case "viridis":
		return &Viridis, nil
	case "turbo":
		return &Turbo, nil
	case "gray":
		return &Gray, nil
	}
	return nil, fmt.Errorf("render: no colour map %q; there are %s", name, strings.Join(ColormapNames(), ", "))
}

// point is a knot of a piecewise linear colour channel.
type point struct{ x, y float64 }

// matplotlib's jet and gray (_cm.py): linear between these points.
var (
	jetRed   = []point{{0, 0}, {0.35, 0}, {0.66, 1}, {0.89, 1}, {1, 0.5}}
	jetGreen = []point{{0, 0}, {0.125, 0}, {0.375, 1}, {0.64, 1}, {0.91, 0}, {1, 0}}
	ramp     = []point{{0, 0}, {1, 1}}
	jetBlue  = []point{{0, 0.5}, {0.11, 1}, {0.34, 1}, {0.65, 0}, {1, 0}}
)

// segments samples three piecewise linear channels at 256 levels, in the order
// of operations of matplotlib's LinearSegmentedColormap, which decides some of
// the bytes: it truncates v*255, it does not round.
func segments(red, green, blue []point) Colormap {
	var c Colormap
	for ch, points := range [][]point{red, green, blue} {
		for i := range c {
			c[i][ch] = uint8(interpolate(points, i) * 255)
		}
	}
	return c
}

// interpolate returns a channel at level i of 0 to 255. The products are
// rounded before they are added, on every architecture.
func interpolate(points []point, i int) float64 {
	x := 255 * float64(float64(i)*(1.0/255))
	for j := 1; j < len(points); j++ {
		a, b := points[j-1], points[j]
		ax, bx := float64(a.x*255), float64(b.x*255)
		if x <= bx {
			return float64((x-ax)/(bx-ax)*(b.y-a.y)) + a.y
		}
	}
	return points[len(points)-1].y
}
