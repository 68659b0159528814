package neighbours

import (
	"cmp"
	"context"
	"slices"
	"sort"

	"github.com/glimpse-go/glimpse/internal/gemm"
	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/internal/scratch"
)

// Ranks returns, for the k points named in each row of others, how many points
// are as near to the row's own point or nearer: 1 for the nearest. Of equally
// near points the one with the lower index comes first. The result is exact:
// as in Nearest, float32 products settle only what they can.
func (s *Space) Ranks(ctx context.Context, others []int32, k int) ([]int, error) {
	ranks := make([]int, len(others))
	rows := min(queryRows, s.n)
	// At most 2^27 multiplications between two looks at ctx.
	columns := min(max(1<<27/(rows*s.d), 128), 4096, s.n)
	products := make([]float32, rows*columns)
	counters := make([]counter, rows)
	for q0 := 0; q0 < s.n; q0 += rows {
		rows := min(rows, s.n-q0)
		err := parallel.ForContext(ctx, rows, 4, func(lo, hi int) {
			for r := lo; r < hi; r++ {
				counters[r].reset(s, q0+r, others[(q0+r)*k:(q0+r+1)*k])
			}
		})
		if err != nil {
			return nil, err
		}
		for j0 := 0; j0 < s.n; j0 += columns {
			cols := min(columns, s.n-j0)
			if err := gemm.Float32NT(rows, cols, s.d, s.approx[q0*s.d:], s.d, s.approx[j0*s.d:], s.d, products, cols); err != nil {
				return nil, err
			}
			err := parallel.ForContext(ctx, rows, 4, func(lo, hi int) {
				for r := lo; r < hi; r++ {
					counters[r].count(s, j0, products[r*cols:(r+1)*cols])
				}
			})
			if err != nil {
				return nil, err
			}
		}
		for r := range rows {
			counters[r].ranks(ranks[(q0+r)*k : (q0+r+1)*k])
		}
	}
	return ranks, nil
}

// A counter counts the points that are nearer to its own than each of some
// targets are.
type counter struct {
	own     int
	row     []float64 // its coordinates
	memory  []float64 // for them
	targets []target  // by increasing distance
	lower   []float64 // approximate distances below these are nearer than the target,
	upper   []float64 // and above these farther
	nearer  []int     // nearer[t] points are nearer than target t and all after it, but not than t-1
}

// A target is the slot-th point asked about.
type target struct {
	distance float64
	index    int32
	slot     int32
}

// reset makes the counter that of point own of s, for the given other points.
func (c *counter) reset(s *Space, own int, others []int32) {
	c.own = own
	c.targets, c.lower, c.upper = c.targets[:0], c.lower[:0], c.upper[:0]
	c.memory = scratch.Resize(c.memory, s.d)
	c.row = s.row(own, c.memory)
	for slot, j := range others {
		c.targets = append(c.targets, target{s.distance(c.row, int(j)), j, int32(slot)})
	}
	slices.SortFunc(c.targets, func(a, b target) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.index, b.index))
	})
	unit := 1.0 // from what distance returns to what the products give
	if s.metric == Euclidean {
		unit = s.approxScale * s.approxScale
	}
	// Both forms have float64's rounding errors.
	rounding := float64(s.d+8) * 0x1p-51
	for _, t := range c.targets {
		at := t.distance * unit
		c.lower = append(c.lower, at-at*rounding)
		c.upper = append(c.upper, at+at*rounding)
	}
	c.nearer = append(c.nearer[:0], make([]int, len(others)+1)...)
}

// count takes the points from j0 on, whose products with the own one are
// given.
func (c *counter) count(s *Space, j0 int, products []float32) {
	base, slack := s.base[c.own], s.slack*s.norms[c.own]
	bases, norms := s.base[j0:][:len(products)], s.norms[j0:][:len(products)]
	last := len(c.targets) - 1
	for i, p := range products {
		d := base + bases[i] - s.cross*float64(p)
		e := slack*norms[i] + tiny
		if d-e > c.upper[last] || j0+i == c.own {
			continue
		}
		// Nearer than the targets from first on; doubtful for those before
		// it that the bounds overlap.
		first := 0
		if d+e >= c.lower[0] {
			first = sort.SearchFloat64s(c.lower, d+e)
			for first <= last && c.lower[first] == d+e {
				first++
			}
		}
		if first > 0 && c.upper[first-1] >= d-e {
			exact := s.distance(c.row, j0+i)
			for first > 0 && c.upper[first-1] >= d-e {
				t := c.targets[first-1]
				if exact > t.distance || exact == t.distance && j0+i > int(t.index) {
					break
				}
				first--
			}
		}
		c.nearer[first]++
	}
}

// ranks writes the ranks of the targets to their slots.
func (c *counter) ranks(out []int) {
	sum := 0
	for i, t := range c.targets {
		sum += c.nearer[i]
		out[t.slot] = sum
	}
}
