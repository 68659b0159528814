package transforms

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

func init() {
	beam.RegisterType(reflect.TypeFor[sampleFn]())
}

// Sample takes n points by chance, all sets of n being equally likely: a PCollection<Points>
// of one element, in the order of what chose them, or all points where there are fewer. A point's chance is a hash of seed
// and its name, and the n smallest are taken (bottom-k sampling): which they are depends on
// neither shards nor order, as the draws of a reservoir would. Points of one name come
// together or not at all, but for the last place.
func Sample(s beam.Scope, n int, seed uint64, points beam.PCollection) beam.PCollection {
	return beam.Combine(s.Scope("glimpse.Sample"), &sampleFn{N: n, Seed: seed}, points)
}

type sampleFn struct {
	N    int
	Seed uint64
}

// chance is the hash of a point.
func (f *sampleFn) chance(p Point) uint64 {
	b := binary.LittleEndian.AppendUint64(nil, f.Seed)
	sum := sha256.Sum256(append(b, p.Name...))
	return binary.LittleEndian.Uint64(sum[:])
}

// compare orders points by chance, then so that the order is one whatever the shards.
func (f *sampleFn) compare(a, b Point) int {
	return cmp.Or(cmp.Compare(f.chance(a), f.chance(b)), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Label, b.Label), slices.Compare(a.Features, b.Features))
}

// CreateAccumulator is of no points.
func (*sampleFn) CreateAccumulator() Points { return Points{} }

// AddInput takes a point in if it is one of the n first so far.
func (f *sampleFn) AddInput(s Points, p Point) Points {
	at, _ := slices.BinarySearchFunc(s.Of, p, f.compare)
	if at < f.N {
		s.Of = slices.Insert(s.Of, at, p)
		s.Of = s.Of[:min(len(s.Of), f.N)]
	}
	return s
}

// MergeAccumulators takes the first of both.
func (f *sampleFn) MergeAccumulators(a, b Points) Points {
	all := slices.Concat(a.Of, b.Of)
	slices.SortFunc(all, f.compare)
	return Points{all[:min(len(all), f.N)]}
}
