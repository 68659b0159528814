// Package numpyrand gives the random numbers of NumPy's legacy RandomState, so
// that a run seeded here starts where a scikit-learn run with the same seed
// starts.
package numpyrand

import "math"

// State is the generator behind numpy.random.RandomState(seed): the Mersenne
// Twister MT19937 (Matsumoto and Nishimura 1998), and the second normal number
// of the last pair. It is not safe for concurrent use.
type State struct {
	key      [n]uint32
	pos      int
	gauss    float64
	hasGauss bool
}

const n, m = 624, 397

// New returns the state of numpy.random.RandomState(seed) for an integer seed
// (init_genrand of the reference implementation, mt19937_seed of NumPy).
func New(seed uint32) *State {
	s := &State{pos: n}
	for i := range uint32(n) {
		s.key[i] = seed
		seed = 1812433253*(seed^seed>>30) + i + 1
	}
	return s
}

// Uint32 returns the next 32 random bits.
func (s *State) Uint32() uint32 {
	if s.pos == n {
		s.generate()
	}
	y := s.key[s.pos]
	s.pos++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// generate replaces the whole key by its successor.
func (s *State) generate() {
	for i := range n {
		y := s.key[i]&(1<<31) | s.key[(i+1)%n]&(1<<31-1)
		x := s.key[(i+m)%n] ^ y>>1
		if y&1 != 0 {
			x ^= 0x9908b0df
		}
		s.key[i] = x
	}
	s.pos = 0
}

// RandomSample returns a number in [0, 1) with 53 random bits, as
// RandomState.random_sample does.
func (s *State) RandomSample() float64 {
	a, b := s.Uint32()>>5, s.Uint32()>>6
	return float64(uint64(a)<<26|uint64(b)) / (1 << 53)
}

// StandardNormal returns a number of the standard normal distribution by the
// polar method (Marsaglia and Bray 1964), as RandomState.standard_normal does
// (legacy_gauss): the numbers come in pairs, the second kept for the next call.
//
// NumPy takes the logarithm from the C library, whose last place depends on
// the machine; here it is correctly rounded, so that the numbers are the same
// everywhere. One in a thousand is 1 ulp off NumPy's with glibc.
func (s *State) StandardNormal() float64 {
	if s.hasGauss {
		s.hasGauss = false
		return s.gauss
	}
	for {
		x1 := 2*s.RandomSample() - 1
		x2 := 2*s.RandomSample() - 1
		// The conversions keep the compiler from fusing the products into
		// the sum, which NumPy's C does not do.
		r2 := float64(x1*x1) + float64(x2*x2)
		if r2 >= 1 || r2 == 0 {
			continue
		}
		f := math.Sqrt(-2 * logarithm(r2) / r2)
		s.gauss, s.hasGauss = f*x1, true
		return f * x2
	}
}

// Interval returns an integer in [0, most], as NumPy's random_interval does:
// masked bits, drawn again while they exceed most.
func (s *State) Interval(most uint32) uint32 {
	mask := most
	for shift := 1; shift < 32; shift *= 2 {
		mask |= mask >> shift
	}
	for {
		if v := s.Uint32() & mask; v <= most {
			return v
		}
	}
}

// Permutation returns the numbers 0 to n-1 in random order, as
// RandomState.permutation(n) does, for 0 <= n <= 2^32.
func (s *State) Permutation(n int) []int {
	p := make([]int, max(n, 0))
	for i := range p {
		p[i] = i
	}
	for i := len(p) - 1; i > 0; i-- {
		j := s.Interval(uint32(i))
		p[i], p[j] = p[j], p[i]
	}
	return p
}
