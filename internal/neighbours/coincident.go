package neighbours

// Coincident reports whether nothing tells the points apart: whether they are all in
// one place or, for the cosine metric, in one direction but for rounding, or zero.
func (s *Space) Coincident() bool {
	limit := 0.0
	zero := true
	first, memory := s.row(0, nil), make([]float64, s.d)
	if s.metric == Cosine {
		limit = float64(s.d+8) * 0x1p-53
		for _, v := range first {
			zero = zero && v == 0
		}
	}
	for i := 1; i < s.n; i++ {
		if s.metric == Cosine && zero {
			for _, v := range s.row(i, memory) {
				if v != 0 {
					return false
				}
			}
		} else if s.distance(first, i) > limit {
			return false
		}
	}
	return true
}

// Coincident reports whether all distances between different points are 0.
func (g *Given) Coincident() bool {
	for i, d := range g.d {
		if d != 0 && i/g.n != i%g.n {
			return false
		}
	}
	return true
}
