package scenes

import "github.com/glimpse-go/glimpse/data"

// Size is the side of a scene in pixels.
const Size = 96

// Classes returns the names of the ten kinds of object, in the order of their
// labels.
func Classes() []string {
	names := make([]string, len(objects))
	for i, o := range objects {
		names[i] = o.name
	}
	return names
}

// A Scene is a picture of one object, with the object's place.
type Scene struct {
	Image *data.Image // Size x Size
	Mask  []bool      // row-major, Size*Size: pixels at least half covered by the object
	Label int         // index into Classes
}

// Draw draws the scene of an index: an object of a random kind, place,
// size, colour and rotation over a textured background with lines and small
// shapes of no class. The longer side of the object's bounding box is 20% to
// 45% of the picture's, and the object lies wholly inside. The scene is a pure
// function of the index and has the same bytes on every architecture.
func Draw(index uint64) Scene {
	r, label := begin(index)
	cv := new(canvas)
	a, b := cv.background(&r)
	cv.clutter(&r)

	object := objects[label].shape
	p := place(&r, object, objects[label].name == "arrow")
	tones := paint(&r, a, b)
	mask := make([]bool, pixels)
	cover := make([]int, pixels)
	type touch struct {
		i int
		n [hole]int
	}
	var touched []touch
	p.cover(object, func(i int, n [hole]int) {
		cover[i] = n[body] + n[trim] + n[dark] + n[light]
		mask[i] = 2*cover[i] >= samples*samples
		touched = append(touched, touch{i, n})
	})
	cv.shadow(cover, r.between(1, 2), r.between(1, 3))
	seed, grain := r.next(), r.between(0, 24)
	sx, sy := r.between(-60, 60), r.between(-60, 60)
	surface := newNoise(seed, 4, 0, Size)
	for _, t := range touched {
		i := t.i
		x, y := i%Size, i/Size
		// A slope of brightness over the object, and grain on its surface.
		shade := (sx*(x*unit-p.cx)+sy*(y*unit-p.cy))/p.size + (surface.at(x, y)-128)*grain/128
		var c colour
		for tone, k := range t.n {
			for ch := range c {
				c[ch] += k * tones[tone][ch]
			}
		}
		for ch := range c {
			c[ch] = min(255, max(0, c[ch]/cover[i]+shade))
		}
		cv.blend(i, c, cover[i], samples*samples)
	}

	im := &data.Image{Width: Size, Height: Size, Pix: make([]uint8, 3*pixels)}
	cv.finish(&r, im.Pix)
	return Scene{Image: im, Mask: mask, Label: label}
}

// begin returns the random numbers of a scene and the label, which is the first of them.
func begin(index uint64) (r random, label int) {
	r = random(mix(index ^ 0x676C696D707365)) // "glimpse"
	label = r.between(0, len(objects)-1)
	return r, label
}

// place draws the pose of an object: any position at which it is inside.
func place(r *random, s shape, anyDirection bool) pose {
	p := pose{stretch: r.between(215, 300)}
	if r.chance(50) {
		p.stretch = -p.stretch
	}
	quarters := 0
	if anyDirection {
		quarters = r.between(0, 3)
	}
	p.turn(r, quarters)
	longest := r.between(Size*unit*20/100, Size*unit*45/100)
	p.size = longest
	x0, y0, x1, y1 := p.bounds(s)
	p.size = longest * longest / max(x1-x0, y1-y0)
	x0, y0, x1, y1 = p.bounds(s)
	p.cx = r.between(unit-x0, (Size-1)*unit-x1)
	p.cy = r.between(unit-y0, (Size-1)*unit-y1)
	return p
}

// paint draws an object's colours: the best told from the background of a few.
func paint(r *random, a, b colour) (tones [hole]colour) {
	best := -1
	for range 6 {
		c := hsv(r.between(0, 1535), r.between(90, 250), r.between(90, 255))
		if d := min(distance(c, a), distance(c, b)); d > best {
			best, tones[body] = d, c
		}
	}
	tones[trim] = mixed(tones[body], hsv(r.between(0, 1535), r.between(60, 220), r.between(50, 230)), 55, 100)
	tones[dark] = colour{38, 32, 36}
	tones[light] = colour{244, 240, 228}
	return tones
}

// shadow darkens what lies under the object's outline, moved by (dx, dy) and
// blurred over 5x5 pixels.
func (cv *canvas) shadow(cover []int, dx, dy int) {
	const reach = 2
	along := make([]int, pixels) // sums of five in a row, moved by dx
	for i := range along {
		x, row := i%Size-dx, i/Size*Size
		for u := max(0, x-reach); u <= min(Size-1, x+reach); u++ {
			along[i] += cover[row+u]
		}
	}
	for i := range cv {
		x, y, sum := i%Size, i/Size-dy, 0
		for v := max(0, y-reach); v <= min(Size-1, y+reach); v++ {
			sum += along[v*Size+x]
		}
		if sum > 0 {
			cv.blend(i, colour{}, sum*45/100, 25*samples*samples)
		}
	}
}
