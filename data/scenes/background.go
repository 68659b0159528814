package scenes

// A texture gives each pixel the share, 0..255, of the second of two colours.
type texture func(x, y int) int

// clouds is the last of the patterns.
const clouds = 5

// newTexture draws one of six patterns, slanted and bent by noise.
func newTexture(r *random) texture {
	seed := r.next()
	kind, cell, bend := r.between(0, clouds), r.between(9, 26), r.between(0, 14)
	ux, uy := r.between(-256, 256), r.between(96, 256) // a slanted axis, 1/256
	bentX, bentY := newNoise(seed+1, 31, 0, Size), newNoise(seed+2, 31, -bend, Size+bend)
	warp := func(x, y int) (int, int) {
		x += bend * (bentX.at(x, y) - 128) / 128
		y += bend * (bentY.at(x, y) - 128) / 128
		return (uy*x-ux*y)/256 + 4*Size, (ux*x+uy*y)/256 + 4*Size
	}
	var large, small *noise
	if kind == clouds {
		// A warped place is at most Size+bend pixels along each axis, and 4*Size on.
		large, small = newNoise(seed+3, 2*cell, 0, 8*Size), newNoise(seed+4, cell, 0, 8*Size)
	}
	return func(x, y int) int {
		u, v := warp(x, y)
		switch kind {
		case 0: // stripes
			return band(v, cell)
		case 1: // checks
			return (255*255 + (2*band(u, cell)-255)*(2*band(v, cell)-255)) / 510
		case 2: // spots
			du, dv := 2*(u%cell)-cell, 2*(v%cell)-cell
			return min(255, 255*max(0, cell*cell-du*du-dv*dv)*2/(cell*cell))
		case 3: // bricks, each of its own shade
			row := v / cell
			u += row % 2 * cell
			if v%cell < 2 || u%(2*cell) < 2 {
				return 255
			}
			return hash(seed+3, u/(2*cell), row) / 2
		case 4: // patches around random points
			return patch(seed+3, u, v, cell)
		default: // clouds
			return (2*large.at(u, v) + small.at(u, v)) / 3
		}
	}
}

// band is a wave of period 2*cell, 0..255, with soft edges.
func band(v, cell int) int {
	d := v % (2 * cell)
	return min(255, max(0, 255*(2*min(d, 2*cell-d)-cell+3)/6))
}

// patch is the shade of the nearest of the points, one a cell.
func patch(seed uint64, u, v, cell int) int {
	best, shade := 1<<30, 0
	for j := v/cell - 1; j <= v/cell+1; j++ {
		for i := u/cell - 1; i <= u/cell+1; i++ {
			du := i*cell + hash(seed, i, j)*cell/256 - u
			dv := j*cell + hash(seed+1, i, j)*cell/256 - v
			if d := du*du + dv*dv; d < best {
				best, shade = d, hash(seed+2, i, j)
			}
		}
	}
	return shade
}

// background fills the canvas with a texture of two muted colours, which it
// returns, and grain.
func (cv *canvas) background(r *random) (a, b colour) {
	a = hsv(r.between(0, 1535), r.between(20, 140), r.between(60, 220))
	b = mixed(a, hsv(r.between(0, 1535), r.between(20, 140), r.between(60, 220)), r.between(35, 80), 100)
	tex := newTexture(r)
	seed, grain := r.next(), r.between(10, 50)
	finer, coarser := newNoise(seed, 3, 0, Size), newNoise(seed+1, 7, 0, Size)
	for i := range cv {
		x, y := i%Size, i/Size
		g := (finer.at(x, y) + coarser.at(x, y) - 255) * grain * fine / 255
		share := tex(x, y)
		for c := range cv[i] {
			cv[i][c] = a[c]*fine + (b[c]-a[c])*fine*share/255 + g
		}
	}
	return a, b
}

// clutter strews lines and small shapes of no class.
func (cv *canvas) clutter(r *random) {
	for range r.between(2, 6) {
		c := hsv(r.between(0, 1535), r.between(0, 200), r.between(30, 240))
		p := pose{cx: r.between(0, Size*unit), cy: r.between(0, Size*unit),
			size: r.between(30, 110) * unit, stretch: 256}
		p.turn(r, r.between(0, 3))
		width := 2000 * unit * r.between(60, 200) / 100 / p.size / 2
		p.cover(shape{box(body, -1000, -width, 1000, width)}, func(i int, n [hole]int) {
			cv.blend(i, c, n[body]*of256(70), samples*samples*256)
		})
	}
	for range r.between(7, 14) {
		c := hsv(r.between(0, 1535), r.between(60, 255), r.between(50, 250))
		p := pose{cx: r.between(0, Size*unit), cy: r.between(0, Size*unit),
			size: r.between(5*unit, 15*unit), stretch: 256}
		p.turn(r, r.between(0, 3))
		opacity := of256(r.between(55, 100))
		p.cover(litter[r.between(0, len(litter)-1)], func(i int, n [hole]int) {
			cv.blend(i, c, n[body]*opacity, samples*samples*256)
		})
	}
}

// of256 is a percentage in 1/256.
func of256(percent int) int { return percent * 256 / 100 }

// finish lights the picture from one side, adds noise and rounds to bytes.
func (cv *canvas) finish(r *random, pix []uint8) {
	// Brightness falls by up to a third from one end of a slanted axis to the other.
	gx, gy := r.between(-80, 80), r.between(-80, 80)
	seed, noise := r.next(), r.between(1, 9)
	for i := range cv {
		x, y := i%Size, i/Size
		lit := 256 + (gx*(2*x-Size)+gy*(2*y-Size))/(2*Size)
		bits := mix(seed + uint64(i)*0x9E3779B97F4A7C15)
		for c := range cv[i] {
			// The sum of two bytes: a triangular distribution.
			n := int(bits&255) + int(bits>>8&255) - 255
			bits >>= 16
			level := cv[i][c]*lit/256 + n*noise*fine/128
			pix[3*i+c] = uint8(min(255, max(0, (level+fine/2)/fine)))
		}
	}
}
