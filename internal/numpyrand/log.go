package numpyrand

import "math"

// logarithm returns the natural logarithm of a positive, finite, normal x,
// correctly rounded but for about one argument in 2^15. math.Log is within
// 1 ulp only and differs between architectures.
//
// With x = 2^k m and s = (m-1)/(m+1), log x = k log 2 + 2 atanh s; the series
// of atanh and the sums are carried in pairs of float64 (Dekker 1971).
func logarithm(x float64) float64 {
	m, k := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, k = 2*m, k-1
	}
	// s = (m-1)/(m+1): m-1 is exact, m+1 is a pair.
	num, den := m-1, sum(1, m)
	q := num / den.hi
	r := math.FMA(-q, den.hi, num)
	r = math.FMA(-q, den.lo, r)
	s := sum(q, r/den.hi)
	s2 := s.times(s)
	// atanh s = s (1 + s^2/3 + s^4/5 + ...), |s| < 0.172: the terms from
	// s^12 on are below 2^-30 and need no pairs.
	tail := 0.0
	for i := 33.0; i >= 13; i -= 2 {
		tail = math.FMA(tail, s2.hi, 1/i)
	}
	p := pair{tail, 0}
	for i := 11.0; i >= 1; i -= 2 {
		p = inverse(i).plus(p.times(s2))
	}
	p = p.times(s)
	p = pair{2 * p.hi, 2 * p.lo}
	if k == 0 {
		return p.hi + p.lo
	}
	const ln2 = 0x1.62e42fefa39efp-1
	kf := float64(k)
	hi := kf * ln2
	lo := math.FMA(kf, ln2, -hi) + float64(kf*(math.Ln2-ln2))
	p = sum(hi, lo).plus(p)
	return p.hi + p.lo
}

// pair is the unevaluated sum hi + lo with |lo| at most half an ulp of hi.
type pair struct{ hi, lo float64 }

// sum returns a + b exactly (Knuth's two-sum).
func sum(a, b float64) pair {
	s := a + b
	t := s - a
	return pair{s, (a - (s - t)) + (b - t)}
}

// inverse returns 1/i for a small integer i.
func inverse(i float64) pair {
	q := 1 / i
	return pair{q, math.FMA(-q, i, 1) / i}
}

func (a pair) plus(b pair) pair {
	s := sum(a.hi, b.hi)
	return sum(s.hi, s.lo+(a.lo+b.lo))
}

func (a pair) times(b pair) pair {
	p := a.hi * b.hi
	e := math.FMA(a.hi, b.hi, -p)
	e = math.FMA(a.hi, b.lo, e)
	e = math.FMA(a.lo, b.hi, e)
	return sum(p, e)
}
