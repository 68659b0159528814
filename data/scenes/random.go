package scenes

// random is the splitmix64 generator (Steele, Lea and Flood 2014): one
// addition and a finaliser, so that a scene is a pure function of its index.
type random uint64

// mix is splitmix64's finaliser.
func mix(z uint64) uint64 {
	z ^= z >> 30
	z *= 0xBF58476D1CE4E5B9
	z ^= z >> 27
	z *= 0x94D049BB133111EB
	return z ^ z>>31
}

func (r *random) next() uint64 {
	*r += 0x9E3779B97F4A7C15
	return mix(uint64(*r))
}

// between returns an integer in [lo, hi], both included. The range is far below
// 2^32, so the bias of the multiplication is below 1e-6.
func (r *random) between(lo, hi int) int {
	return lo + int((r.next()>>32)*uint64(hi-lo+1)>>32)
}

// chance is true in percent of 100 calls.
func (r *random) chance(percent int) bool { return r.between(0, 99) < percent }

// hash gives a lattice point its own 8 bits, whatever the order of the calls.
func hash(seed uint64, x, y int) int {
	return int(mix(seed^uint64(uint32(x))<<32^uint64(uint32(y))*0x9E3779B97F4A7C15) >> 56)
}
