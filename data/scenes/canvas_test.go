package scenes

import "testing"

func TestRandomIsSplitmix64(t *testing.T) {
	// The first outputs for seed 1234567, as the authors' C program prints them.
	r := random(1234567)
	for i, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821} {
		if got := r.next(); got != want {
			t.Errorf("output %d is %d, want %d", i, got, want)
		}
	}
}

func TestBetween(t *testing.T) {
	r := random(1)
	var seen [5]int
	for range 5000 {
		seen[r.between(-2, 2)+2]++
	}
	for i, n := range seen { // 1000 each, standard deviation 28
		if n < 860 || n > 1140 {
			t.Errorf("%d came %d times of 5000", i-2, n)
		}
	}
}

func TestHSV(t *testing.T) {
	for _, c := range []struct {
		h, s, v int
		want    colour
	}{
		{0, 255, 255, colour{255, 0, 0}},
		{256, 255, 255, colour{255, 255, 0}},
		{512, 255, 255, colour{0, 255, 0}},
		{768, 255, 255, colour{0, 255, 255}},
		{1024, 255, 255, colour{0, 0, 255}},
		{1280, 255, 255, colour{255, 0, 255}},
		{700, 0, 90, colour{90, 90, 90}},
		{300, 200, 0, colour{0, 0, 0}},
	} {
		if got := hsv(c.h, c.s, c.v); got != c.want {
			t.Errorf("hsv(%d, %d, %d) = %v, want %v", c.h, c.s, c.v, got, c.want)
		}
	}
}

func TestShapeAt(t *testing.T) {
	lower := shape{box(body, -100, -100, 100, 100), ellipse(hole, 0, 0, 50, 20), polygon(trim, 0, 60, 40, 100, -40, 100)}
	for _, c := range []struct {
		x, y int
		want tone
	}{
		{-90, -90, body}, {99, 50, body}, {101, 0, hole}, {0, -101, hole},
		{0, 0, hole}, {49, 0, hole}, {51, 0, body}, {0, 19, hole}, {0, 21, body},
		{0, 90, trim}, {0, 59, body}, {39, 70, body},
	} {
		if got := lower.at(c.x, c.y); got != c.want {
			t.Errorf("tone %d at (%d, %d), want %d", got, c.x, c.y, c.want)
		}
	}
}

// A rotation keeps lengths to within the rounding of its 14 bits, and inverse
// undoes forward.
func TestPose(t *testing.T) {
	r := random(5)
	for range 2000 {
		p := pose{cx: 40 * unit, cy: 50 * unit, size: r.between(19, 43) * unit, stretch: r.between(215, 300)}
		if r.chance(50) {
			p.stretch = -p.stretch
		}
		p.turn(&r, r.between(0, 3))
		if norm := p.cos*p.cos + p.sin*p.sin; norm < (16384-4)*(16384-4) || norm > (16384+4)*(16384+4) {
			t.Fatalf("cos %d, sin %d: not a rotation", p.cos, p.sin)
		}
		x, y := r.between(-1000, 1000), r.between(-1000, 1000)
		bx, by := p.inverse(p.forward(x, y))
		// One 256th of a pixel of the smallest object is 2000/19/256 = 0.4 units; a handful of truncations add up.
		if max(bx-x, x-bx) > 5 || max(by-y, y-by) > 5 {
			t.Fatalf("(%d, %d) came back as (%d, %d)", x, y, bx, by)
		}
	}
}

// A disc covers its area: the sum of the coverage over the picture.
func TestCover(t *testing.T) {
	p := pose{cx: 48 * unit, cy: 48 * unit, size: 40 * unit, cos: 16384, stretch: 256}
	sum := 0
	p.cover(shape{ellipse(body, 0, 0, 1000, 1000)}, func(_ int, n [hole]int) { sum += n[body] })
	area := float64(sum) / (samples * samples)
	const want = 3.14159265 * 20 * 20
	if area < 0.997*want || area > 1.003*want {
		t.Errorf("a disc of radius 20 covers %.1f pixels, want %.1f", area, want)
	}
}
