package scenes

// The whole drawing is done in integers, so that a scene has the same bytes on
// every architecture: float64 sums may be fused on some and not on others.

const (
	unit   = 256 // sub-positions of a pixel
	pixels = Size * Size
	fine   = 64 // steps of a colour level, to keep gradients smooth
)

// A colour has three channels in 0..255.
type colour [3]int

// hsv converts a hue in [0, 1536), a saturation and a value in 0..255.
func hsv(hue, saturation, value int) colour {
	rest := hue % 256
	low := value * (255 - saturation) / 255
	up := low + (value-low)*rest/255
	down := value - (value-low)*rest/255
	switch hue / 256 {
	case 0:
		return colour{value, up, low}
	case 1:
		return colour{down, value, low}
	case 2:
		return colour{low, value, up}
	case 3:
		return colour{low, down, value}
	case 4:
		return colour{up, low, value}
	}
	return colour{value, low, down}
}

// mixed is a where share is 0, b where it is of.
func mixed(a, b colour, share, of int) colour {
	for c := range a {
		a[c] += (b[c] - a[c]) * share / of
	}
	return a
}

// distance is the sum of the channels' absolute differences, 0..765.
func distance(a, b colour) int {
	sum := 0
	for c := range a {
		sum += max(a[c]-b[c], b[c]-a[c])
	}
	return sum
}

// canvas holds the picture while it is drawn, in levels times fine.
type canvas [pixels]colour

// blend lays a colour over pixel i with the given coverage out of of.
func (cv *canvas) blend(i int, c colour, coverage, of int) {
	for k := range c {
		cv[i][k] += (c[k]*fine - cv[i][k]) * coverage / of
	}
}

// A pose places a shape: p = centre + size/2000 * R * (stretch x, y) in 1/unit
// of a pixel, R the rotation by (cos, sin) in 1/16384.
type pose struct {
	cx, cy   int // where the shape's origin lies, 1/unit of a pixel
	size     int // what 2000 units of the shape measure, 1/unit of a pixel
	cos, sin int
	stretch  int // horizontal, 256 leaves it; negative mirrors
}

// turn draws a rotation: up to 45 degrees either way by the rational
// parametrisation of the circle, then quarters of a turn.
func (p *pose) turn(r *random, quarters int) {
	const half = 6787 // tan(22.5 degrees) * 16384
	t := r.between(-half, half)
	den := 16384 + t*t/16384
	p.cos, p.sin = (16384-t*t/16384)*16384/den, 2*t*16384/den
	for range quarters {
		p.cos, p.sin = -p.sin, p.cos
	}
}

// forward takes the shape's coordinates to 1/unit of a pixel.
func (p *pose) forward(x, y int) (int, int) {
	x = x * p.stretch / 256
	return p.cx + (p.cos*x-p.sin*y)/16384*p.size/2000, p.cy + (p.sin*x+p.cos*y)/16384*p.size/2000
}

// inverse takes 1/unit of a pixel to the shape's coordinates.
func (p *pose) inverse(x, y int) (int, int) {
	x, y = x-p.cx, y-p.cy
	// Some processors divide 32 bits, which all of this has room in, much faster than 64.
	across, down := int32((p.cos*x+p.sin*y)/16384), int32((p.cos*y-p.sin*x)/16384)
	size := int32(p.size)
	return int(across * 2000 / size * 256 / int32(p.stretch)), int(down * 2000 / size)
}

// bounds is the box around the posed shape, 1/unit of a pixel. Of a turned
// ellipse it takes 16 points of the rim.
func (p *pose) bounds(s shape) (x0, y0, x1, y1 int) {
	x0, y0, x1, y1 = 1<<30, 1<<30, -1<<30, -1<<30
	grow := func(x, y int) {
		x, y = p.forward(x, y)
		x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x), max(y1, y)
	}
	for _, part := range s {
		if part.tone == hole {
			continue
		}
		for _, c := range part.corners {
			grow(c.x, c.y)
		}
		if part.corners == nil {
			for _, d := range rim {
				grow(part.cx+part.rx*d.x/1000, part.cy+part.ry*d.y/1000)
			}
		}
	}
	return x0, y0, x1, y1
}

// rim are 16 points of the circle of radius 1000.
var rim = [16]point{{1000, 0}, {924, 383}, {707, 707}, {383, 924}, {0, 1000}, {-383, 924}, {-707, 707}, {-924, 383},
	{-1000, 0}, {-924, -383}, {-707, -707}, {-383, -924}, {0, -1000}, {383, -924}, {707, -707}, {924, -383}}

const samples = 4 // per pixel and axis

// cover calls paint for each pixel that the posed shape touches, with the
// number of its samples*samples points on each tone but hole.
func (p *pose) cover(s shape, paint func(i int, count [hole]int)) {
	x0, y0, x1, y1 := p.bounds(s)
	box := p.around(s)
	for py := max(0, y0/unit-1); py <= min(Size-1, y1/unit+1); py++ {
		for px := max(0, x0/unit-1); px <= min(Size-1, x1/unit+1); px++ {
			if !box.holds(p.inverse(px*unit+unit/2, py*unit+unit/2)) {
				continue
			}
			var count [hole]int
			touched := false
			for k := range samples * samples {
				x := px*unit + (2*(k%samples)+1)*unit/(2*samples)
				y := py*unit + (2*(k/samples)+1)*unit/(2*samples)
				if t := s.at(p.inverse(x, y)); t != hole {
					count[t]++
					touched = true
				}
			}
			if touched {
				paint(py*Size+px, count)
			}
		}
	}
}

// bounded is a box of a shape's coordinates.
type bounded struct{ x0, y0, x1, y1 int }

func (b bounded) holds(x, y int) bool { return x >= b.x0 && x <= b.x1 && y >= b.y0 && y <= b.y1 }

// around is a box that holds the centre of every pixel that the posed shape touches: the
// shape's own, and on all sides what lies between the centre and a sample, 3/8 of a pixel
// right or left and up or down, and what the divisions of inverse cut off.
func (p *pose) around(s shape) bounded {
	b := bounded{1 << 30, 1 << 30, -1 << 30, -1 << 30}
	for _, part := range s {
		for _, c := range part.corners {
			b = bounded{min(b.x0, c.x), min(b.y0, c.y), max(b.x1, c.x), max(b.y1, c.y)}
		}
		if part.corners == nil {
			b = bounded{min(b.x0, part.cx-part.rx), min(b.y0, part.cy-part.ry), max(b.x1, part.cx+part.rx), max(b.y1, part.cy+part.ry)}
		}
	}
	const far = unit*3/8*1415/1000 + 2 // of the diagonal, and each result of the first division may be 1 off
	high := far*2000/p.size + 3
	wide := high*256/max(p.stretch, -p.stretch) + 3
	return bounded{b.x0 - wide, b.y0 - high, b.x1 + wide, b.y1 + high}
}
