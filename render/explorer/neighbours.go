package explorer

import (
	"cmp"
	"context"
	"encoding/base64"
	"math/bits"
	"slices"

	"github.com/glimpse-go/glimpse/internal/neighbours"
)

const (
	defaultNeighbours = 12
	// Of more points the lists would be larger than all else: 12 of a million points are
	// 40 MB. Then as many are kept as the page has room for, see neighbourRoom.
	maxNeighbourPoints = 100_000
	// fullPage is how large lists of neighbours may make a page, in bytes: what can still
	// be sent by mail.
	fullPage = 20_000_000
	// fewestNeighbours is how many are worth being kept: of fewer the page shows what is
	// near in the layout instead.
	fewestNeighbours = 3
	// Up to so many points all pairs are compared, as package tsne does.
	maxExactPoints = 20_000
)

// neighbourRoom is how many of k neighbours found among n points are kept: all of them up to
// maxNeighbourPoints; beyond, as many as make the page no larger than fullPage, or a fifth of
// it where images make it larger anyway. rest is how many bytes the other blocks have.
func neighbourRoom(n, k, rest int) int {
	if n <= maxNeighbourPoints {
		return k
	}
	// Indices are without pattern to gzip but for the bits that no index has.
	each := base64.StdEncoding.EncodedLen(n * bits.Len(uint(n-1)) / 8)
	if k = min(k, max(fullPage-rest, rest/4)/each); k < fewestNeighbours {
		return 0
	}
	return k
}

// size is how many bytes the blocks have in the page.
func (b *builder) size() (sum int) {
	for _, k := range b.blocks {
		sum += base64.StdEncoding.EncodedLen(len(k.data))
	}
	return sum
}

// neighbours adds the nearest points of each.
func (b *builder) neighbours(ctx context.Context) error {
	k := b.NeighbourCount
	if k == 0 {
		k = defaultNeighbours
	}
	k = min(k, b.n-1)
	lists := b.Neighbours
	if k < 1 || lists == nil && b.Features == nil {
		return nil
	}
	if lists == nil {
		if k = neighbourRoom(b.n, k, b.size()); k == 0 {
			b.meta.NoRoom = true
			return nil
		}
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
	var raw []byte
	if b.n <= 1<<16 {
		m.Kind, raw = "uint16", uint16s(flat)
	} else {
		raw = planes(int32s(flat), 4)
	}
	var err error
	m.Block, err = b.add("neighbours", raw)
	b.meta.Neighbours = m
	return err
}

// nearest returns the k nearest points of each by the features, nearest first.
func nearest(ctx context.Context, b *builder, k int) ([]int32, error) {
	s, err := neighbours.New(b.Features, neighbours.Euclidean)
	if err != nil {
		return nil, err
	}
	s.Watch(b.Progress)
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
