package neighbours

import (
	"cmp"
	"slices"
)

// A candidate is a point that may be among the nearest.
type candidate struct {
	index    int32
	distance float64 // a lower bound at first, the distance in the end
}

// A selector finds the k nearest of a stream of points whose distances are
// known within bounds. It keeps a heap of the k smallest upper bounds, and
// every candidate whose lower bound is below the largest of those.
type selector struct {
	k          int
	heap       []float64 // a max-heap
	candidates []candidate
	limit      int // the number of candidates at which to prune
}

func (s *selector) reset(k int) {
	s.k = k
	s.heap = s.heap[:0]
	s.candidates = s.candidates[:0]
	s.limit = 8*k + 64
}

// offer takes the next point, the indices ascending.
func (s *selector) offer(index int32, lower, upper float64) {
	if len(s.heap) < s.k {
		s.heap = append(s.heap, upper)
		s.up(len(s.heap) - 1)
	} else {
		if lower > s.heap[0] {
			return
		}
		if upper < s.heap[0] {
			s.heap[0] = upper
			s.down(0)
		}
	}
	s.candidates = append(s.candidates, candidate{index, lower})
	if len(s.candidates) >= s.limit {
		s.prune()
		s.limit = max(s.limit, 2*len(s.candidates))
	}
}

// prune drops the candidates that can no longer be among the nearest.
func (s *selector) prune() {
	top := s.heap[0]
	s.candidates = slices.DeleteFunc(s.candidates, func(c candidate) bool { return c.distance > top })
}

// nearest returns the k nearest by the distances that measure sets, of equal ones those
// with the lowest index, in ascending order of the index. The result is valid until
// the next call.
func (s *selector) nearest(measure func([]candidate)) []candidate {
	if s.k == 0 {
		return nil
	}
	s.prune()
	measure(s.candidates)
	if len(s.candidates) > s.k {
		slices.SortFunc(s.candidates, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.index, b.index))
		})
		s.candidates = s.candidates[:s.k]
		slices.SortFunc(s.candidates, func(a, b candidate) int { return cmp.Compare(a.index, b.index) })
	}
	return s.candidates
}

func (s *selector) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if s.heap[i] <= s.heap[parent] {
			return
		}
		s.heap[i], s.heap[parent] = s.heap[parent], s.heap[i]
		i = parent
	}
}

func (s *selector) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(s.heap) {
			return
		}
		if child+1 < len(s.heap) && s.heap[child+1] > s.heap[child] {
			child++
		}
		if s.heap[child] <= s.heap[i] {
			return
		}
		s.heap[i], s.heap[child] = s.heap[child], s.heap[i]
		i = child
	}
}
