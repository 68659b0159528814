package render

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// shape is the outline of a marker.
type shape int

const (
	disc shape = iota
	square
	triangle
	diamond
	upended // a triangle on its tip
	plus
	star
	saltire    // a plus turned by 45 degrees
	leftwards  // a triangle that points to the left
	rightwards // and to the right
	shapes     // how many there are
)

// markersAtOnce is how many markers are drawn between two looks at a context:
// some milliseconds at the largest radius.
const markersAtOnce = 256

// marker says how the points of a series are drawn.
type marker struct {
	shape  shape
	radius float64 // pixels; of the disc, the other shapes have about its area
	color  color.RGBA
	alpha  float64 // 0 to 1
}

// corners returns the corners of a shape about its centre, clockwise as seen
// (y grows downwards). A disc has none.
func (m marker) corners() []pt {
	r := m.radius
	switch m.shape {
	case square:
		r *= math.Sqrt(math.Pi) / 2
		return []pt{{-r, -r}, {r, -r}, {r, r}, {-r, r}}
	case diamond:
		r *= math.Sqrt(math.Pi / 2)
		return []pt{{0, -r}, {r, 0}, {0, r}, {-r, 0}}
	case triangle, upended, leftwards, rightwards:
		// The equilateral triangle of circumradius r has area 3√3/4 r².
		r *= math.Sqrt(4 * math.Pi / (3 * math.Sqrt(3)))
		s := r * math.Sqrt(3) / 2
		switch m.shape {
		case triangle:
			return []pt{{0, -r}, {s, r / 2}, {-s, r / 2}}
		case upended:
			return []pt{{0, r}, {-s, -r / 2}, {s, -r / 2}}
		case leftwards:
			return []pt{{-r, 0}, {r / 2, -s}, {r / 2, s}}
		}
		return []pt{{r, 0}, {-r / 2, s}, {-r / 2, -s}}
	case star:
		// Ten triangles between a tip at r and a notch at r/2.
		r *= math.Sqrt(math.Pi / (2.5 * math.Sin(math.Pi/5)))
		var at []pt
		for i := range 10 {
			sin, cos := math.Sincos(math.Pi / 5 * float64(i))
			reach := r
			if i%2 == 1 {
				reach = r / 2
			}
			at = append(at, pt{reach * sin, -reach * cos})
		}
		return at
	case plus, saltire:
		// Five of the nine squares of side 2r/3 in a square of side 2r.
		r *= math.Sqrt(9 * math.Pi / 20)
		t := r / 3
		at := []pt{{-t, -r}, {t, -r}, {t, -t}, {r, -t}, {r, t}, {t, t}, {t, r}, {-t, r}, {-t, t}, {-r, t}, {-r, -t}, {-t, -t}}
		if m.shape == saltire {
			for i, p := range at {
				at[i] = pt{(p.x - p.y) / math.Sqrt2, (p.x + p.y) / math.Sqrt2}
			}
		}
		return at
	}
	return nil
}

// outline adds the marker's outline about a centre to a path.
func (m marker) outline(z *vector.Rasterizer, cx, cy float64) {
	if m.shape == disc {
		circle(z, cx, cy, m.radius)
		return
	}
	polygon(z, m.corners(), cx, cy)
}

// polygon adds a closed polygon, moved by (dx, dy), to a path.
func polygon(z *vector.Rasterizer, corners []pt, dx, dy float64) {
	for i, c := range corners {
		x, y := float32(c.x+dx), float32(c.y+dy)
		if i == 0 {
			z.MoveTo(x, y)
		} else {
			z.LineTo(x, y)
		}
	}
	z.ClosePath()
}

// circle adds a circle to a path, clockwise as seen, as a polygon of 64 sides,
// whose area is 0.2% less. (The rasteriser's own curves become fewer lines: a
// disc of radius 1.2 would lose a tenth of its area.)
func circle(z *vector.Rasterizer, cx, cy, r float64) {
	const sides = 64
	var corners [sides]pt
	for i := range corners {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / sides)
		corners[i] = pt{r * cos, r * sin}
	}
	polygon(z, corners[:], cx, cy)
}

// subpixels is how many places along each axis of a pixel a marker's centre
// can take. An eighth of a pixel is finer than an eye sees.
const subpixels = 8

// stamps holds a marker's coverage of the pixels around it, for each place of
// its centre in a pixel, so that drawing a point is one small blend.
type stamps struct {
	side  int // of each stamp, in pixels
	reach int // pixels from the corner of a stamp to the one of the centre
	masks [subpixels * subpixels]*image.Alpha
}

// newStamps rasterises a marker at each of the places.
func newStamps(m marker) *stamps {
	s := &stamps{reach: int(math.Ceil(1.6*m.radius)) + 1}
	s.side = 2*s.reach + 1
	z := vector.NewRasterizer(s.side, s.side)
	for i := range s.masks {
		z.Reset(s.side, s.side)
		dx, dy := float64(i%subpixels)/subpixels, float64(i/subpixels)/subpixels
		m.outline(z, float64(s.reach)+dx, float64(s.reach)+dy)
		s.masks[i] = image.NewAlpha(image.Rect(0, 0, s.side, s.side))
		z.DrawOp = draw.Src
		z.Draw(s.masks[i], s.masks[i].Rect, image.Opaque, image.Point{})
	}
	return s
}

// at returns the stamp for a centre, and where its upper left corner belongs.
func (s *stamps) at(c pt) (*image.Alpha, image.Point) {
	x, y := int(math.Floor(c.x*subpixels+0.5)), int(math.Floor(c.y*subpixels+0.5))
	px, py := x>>3, y>>3 // subpixels is 2^3
	return s.masks[(y&(subpixels-1))*subpixels+x&(subpixels-1)], image.Pt(px-s.reach, py-s.reach)
}
