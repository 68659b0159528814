package augment

import "math"

// hsv is Pillow's conversion of a pixel to HSV (rgb2hsv_row of Convert.c), which mixes
// float32 and float64 as C does: a constant like 2.0 makes a sum double.
func hsv(r, g, b uint8) (h, s, v uint8) {
	most, least := max(r, g, b), min(r, g, b)
	if most == least {
		return 0, 0, most
	}
	chroma := float32(most - least)
	rc, gc, bc := float32(most-r)/chroma, float32(most-g)/chroma, float32(most-b)/chroma
	var hue float32
	switch most {
	case r:
		hue = bc - gc
	case g:
		hue = float32(2 + float64(rc) - float64(bc))
	default:
		hue = float32(4 + float64(gc) - float64(rc))
	}
	turn := float64(hue)/6 + 1 // in (5/6, 11/6]
	if turn >= 1 {
		turn--
	}
	saturation := chroma / float32(most)
	return uint8(float64(float64(float32(turn)) * 255)), uint8(float64(float64(saturation) * 255)), most
}

// A sector is what rgb takes from a hue: the number of the sixth of the circle, and how
// far along it the hue lies.
type sector struct {
	number   int
	fraction float32
}

var sectors = func() (all [256]sector) {
	for h := range all {
		x := float64(h) * 6 / 255
		i := math.Floor(x)
		all[h] = sector{int(i), float32(x - i)}
	}
	return all
}()

// rgb is Pillow's conversion back (hsv2rgb of Convert.c).
func rgb(h, s, v uint8) (r, g, b uint8) {
	if s == 0 {
		return v, v, v
	}
	at := &sectors[h]
	f, fs := at.fraction, float32(float64(s)/255)
	// Pillow's round(x) is this for all 2^24 pixels; none comes to one bit below a half.
	part := func(x float64) uint8 { return uint8(float64(float64(v)*(1-x)) + 0.5) }
	p := part(float64(fs))
	switch at.number {
	case 1:
		return part(float64(float32(fs * f))), v, p
	case 2:
		return p, v, part(float64(float64(fs) * (1 - float64(f))))
	case 3:
		return p, part(float64(float32(fs * f))), v
	case 4:
		return part(float64(float64(fs) * (1 - float64(f)))), p, v
	case 5:
		return v, p, part(float64(float32(fs * f)))
	}
	// The first, and the seventh, which is all around.
	return v, part(float64(float64(fs) * (1 - float64(f)))), p
}
