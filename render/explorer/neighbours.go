package explorer

import (
	"cmp"
	"context"
	"slices"

	"github.com/glimpse-go/glimpse/internal/neighbours"
)

const (
	defaultNeighbours = 12
	// Of more points the lists would be larger than all else: 12 of a million points
	// are 30 MB, compressed.
	maxNeighbourPoints = 100_000
	// Up to so many points all pairs are compared, as package tsne does.
	maxExactPoints = 20_000
)

// neighbours adds the nearest points of each.
func (b *builder) neighbours(ctx context.Context) error {
	k := b.NeighbourCount
	if k == 0 {
		k = defaultNeighbours
	}
	k = min(k, b.n-1)
	lists := b.Neighbours
	if k < 1 || lists == nil && (b.Features == nil || b.n > maxNeighbourPoints) {
		return nil
	}
	flat := make([]int, 0, b.n*k)
	if lists != nil {
		for i, row := range lists {
			for j := range k {
				if j < len(row) {
					flat = append(flat, row[j])
				} else {
					flat = append(flat, i)
				}
			}
		}
	} else {
		found, err := nearest(ctx, b, k)
		if err != nil {
			return err
		}
		for _, j := range found {
			flat = append(flat, int(j))
		}
	}
	m := &nearMeta{Count: k, Kind: "uint32"}
	raw := int32s
	if b.n <= 1<<16 {
		m.Kind, raw = "uint16", uint16s
	}
	var err error
	m.Block, err = b.add("neighbours", raw(flat))
	b.meta.Neighbours = m
	return err
}

// nearest returns the k nearest points of each by the features, nearest first.
func nearest(ctx context.Context, b *builder, k int) ([]int32, error) {
	s, err := neighbours.New(b.Features, neighbours.Euclidean)
	if err != nil {
		return nil, err
	}
	var found []int32
	var d2 []float32
	if b.n <= maxExactPoints {
		found, d2, err = s.Neighbours(ctx, k)
	} else {
		found, d2, err = s.NearestApproximately(ctx, k)
	}
	if err != nil {
		return nil, err
	}
	order, row := make([]int, k), make([]int32, k)
	for i := range b.n { // they come in the order of their indices
		near, far := found[i*k:(i+1)*k], d2[i*k:(i+1)*k]
		for j := range order {
			order[j] = j
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(far[a], far[b]) })
		for j, at := range order {
			row[j] = near[at]
		}
		copy(near, row)
	}
	return found, nil
}
