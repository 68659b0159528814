package neighbours

// distance returns the distance that ranks neighbours between a row and point j: the
// squared Euclidean or the cosine distance.
func (s *Space) distance(a []float64, j int) float64 {
	if s.narrow != nil {
		return squaredEuclidean(a, s.narrow[j*s.d:(j+1)*s.d])
	}
	b := s.wide[j*s.d : (j+1)*s.d]
	if s.metric == Cosine {
		return cosine(a, b)
	}
	return squaredEuclidean(a, b)
}

// measure sets the distances between a row and some points, as distance returns them. With
// order they are points order[index].
func (s *Space) measure(a []float64, points []candidate, order []int32) {
	place := func(i int) int {
		j := int(points[i].index)
		if order != nil {
			j = int(order[j])
		}
		return j
	}
	i := 0
	if s.metric == Euclidean && chosen.squares32 != nil {
		for ; i+4 <= len(points); i += 4 {
			var sums [4]float64
			at := [4]int{place(i) * s.d, place(i+1) * s.d, place(i+2) * s.d, place(i+3) * s.d}
			if s.narrow != nil {
				sums = fourSquared(chosen.squares32, a, s.narrow, &at)
			} else {
				sums = fourSquared(chosen.squares64, a, s.wide, &at)
			}
			for r, sum := range sums {
				points[i+r].distance = sum
			}
		}
	}
	for ; i < len(points); i++ {
		points[i].distance = s.distance(a, place(i))
	}
}

// squares sums the squared differences between a and four rows that begin at rows[at[r]],
// in sums[r][l] those of every fourth element from l on, of 4 quads elements.
type squares[T float32 | float64] func(a *float64, rows *T, at *[4]int, quads int, sums *[4][4]float64)

// fourSquared is squaredEuclidean, to the bit, of a and four rows.
func fourSquared[T float32 | float64](f squares[T], a []float64, rows []T, at *[4]int) (distances [4]float64) {
	var sums [4][4]float64
	f(&a[0], &rows[0], at, len(a)/4, &sums)
	done := len(a) &^ 3
	for r, s := range sums {
		for i, v := range a[done:] {
			diff := v - float64(rows[at[r]+done+i])
			s[0] += diff * diff
		}
		distances[r] = (s[0] + s[1]) + (s[2] + s[3])
	}
	return distances
}

// squaredEuclidean sums every fourth element apart, so that additions need not wait
// for one another.
func squaredEuclidean[T float32 | float64](a []float64, b []T) float64 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float64
	for ; len(a) >= 4 && len(b) >= 4; a, b = a[4:], b[4:] {
		d0, d1, d2, d3 := a[0]-float64(b[0]), a[1]-float64(b[1]), a[2]-float64(b[2]), a[3]-float64(b[3])
		s0 += d0 * d0
		s1 += d1 * d1
		s2 += d2 * d2
		s3 += d3 * d3
	}
	for i, v := range a {
		diff := v - float64(b[i])
		s0 += diff * diff
	}
	return (s0 + s1) + (s2 + s3)
}

// cosine is squaredEuclidean's like for rows of length 1.
func cosine(a, b []float64) float64 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float64
	for ; len(a) >= 4 && len(b) >= 4; a, b = a[4:], b[4:] {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
	}
	for i, v := range a {
		s0 += v * b[i]
	}
	return min(max(1-((s0+s1)+(s2+s3)), 0), 2)
}

// squared turns what distance returns into a squared distance.
func (s *Space) squared(d float64) float32 {
	if s.metric == Cosine {
		return float32(d * d)
	}
	return float32(d)
}
