package transforms

import (
	"bytes"
	"slices"
	"testing"
)

// Packs have all points once, none of them more than rowsAtOnce, of one shard where that is
// asked for, without the fields that are left out; and a bundle begins anew.
func TestPacked(t *testing.T) {
	const n = 3*rowsAtOnce + 5
	for _, c := range []packFn{{}, {ByShard: true, NoLogits: true}, {ByShard: true, NoFeatures: true}} {
		f := c
		for bundle := range 2 {
			var seen []int
			packs := 0
			emit := func(key int, pack Points) {
				packs++
				if len(pack.Of) == 0 || len(pack.Of) > rowsAtOnce {
					t.Errorf("%+v: a pack of %d", c, len(pack.Of))
				}
				for _, p := range pack.Of {
					seen = append(seen, p.Index)
					if c.ByShard && key != p.Shard || !c.ByShard && key != 0 {
						t.Errorf("%+v: a point of shard %d in pack %d", c, p.Shard, key)
					}
					if (p.Features == nil) != c.NoFeatures || (p.Logits == nil) != c.NoLogits || p.Name != "x" {
						t.Fatalf("%+v: %+v", c, p)
					}
				}
			}
			for i := range n {
				f.ProcessElement(Point{Shard: 1 + i%2, Index: i, Name: "x", Features: []float32{1}, Logits: []float32{2}}, emit)
			}
			if want := map[bool]int{true: 6, false: 3}[c.ByShard]; packs != want {
				t.Errorf("%+v, bundle %d: %d packs before the end, want %d", c, bundle, packs, want)
			}
			f.FinishBundle(emit)
			slices.Sort(seen)
			if len(seen) != n || len(slices.Compact(seen)) != n {
				t.Errorf("%+v: %d of %d points", c, len(seen), n)
			}
			packs = 0
			if f.FinishBundle(emit); packs != 0 {
				t.Errorf("%+v: packs of no points", c)
			}
		}
	}
}

// The bytes of an element are those of its fields and nothing else: a pack of points of all
// fields comes back, and its size was foreseen.
func TestPointsCoder(t *testing.T) {
	p := Point{Shard: 3, Index: 1 << 40, Name: "näme", Label: -1, Predicted: 7, Features: []float32{1, -2.5}, Logits: []float32{3}, PCA: []float64{4}, TSNE: []float64{5, 6}}
	b := encodePoints(Points{[]Point{p, {}, p}})
	got, err := decodePoints(b)
	if err != nil || len(got.Of) != 3 || !bytes.Equal(encodePoint(got.Of[0]), encodePoint(p)) || !bytes.Equal(encodePoint(got.Of[2]), encodePoint(p)) {
		t.Fatalf("%+v, error %v", got, err)
	}
	q := got.Of[2]
	if q.Shard != 3 || q.Index != 1<<40 || q.Name != p.Name || q.Label != -1 || q.Predicted != 7 || !slices.Equal(q.Features, p.Features) || !slices.Equal(q.Logits, p.Logits) || !slices.Equal(q.PCA, p.PCA) || !slices.Equal(q.TSNE, p.TSNE) {
		t.Errorf("%+v, want %+v", q, p)
	}
	for _, p := range []Point{p, {}} {
		if size := len(encodePoint(p)); size > p.size() || size < smallestPoint {
			t.Errorf("%d bytes, at most %d were foreseen", size, p.size())
		}
	}
	for n := range b {
		if _, err := decodePoints(b[:n]); err == nil {
			t.Errorf("%d of %d bytes, and no error", n, len(b))
		}
	}
	if _, err := decodePoints(append(b, 0)); err == nil {
		t.Error("a byte too many, and no error")
	}
}
