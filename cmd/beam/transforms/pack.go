package transforms

import (
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

func init() {
	beam.RegisterCoder(reflect.TypeFor[Points](), encodePoints, decodePoints)
	beam.RegisterDoFn(reflect.TypeFor[packFn]())
}

// Points are some points together.
type Points struct{ Of []Point }

func encodePoints(p Points) []byte {
	size := 10
	for _, q := range p.Of {
		size += q.size()
	}
	e := make(encoder, 0, size)
	e.number(len(p.Of))
	for _, q := range p.Of {
		e.point(q)
	}
	return e
}

func decodePoints(b []byte) (Points, error) {
	d := decoder{left: b}
	n := d.number()
	if n < 0 || n > len(d.left)/smallestPoint {
		return Points{}, errCut
	}
	p := Points{make([]Point, n)}
	for i := range p.Of {
		p.Of[i] = d.point()
	}
	return p, d.end()
}

// rowsAtOnce is how many points go through linear algebra, or from worker to worker,
// together: the work of one alone would be mostly that of reading the other matrix, and of
// the runner's bookkeeping.
const rowsAtOnce = 256

// packed gathers points, a PCollection<Point>, into a PCollection<KV<int, Points>> of up to
// rowsAtOnce from one bundle. Runners fuse this with what makes the points, so that what
// travels has no fields that nobody reads.
func packed(s beam.Scope, f packFn, points beam.PCollection) beam.PCollection {
	return beam.ParDo(s, &f, points)
}

type packFn struct {
	ByShard bool // points of one shard are together, and that is the key; else it is 0
	// What is left out.
	NoFeatures, NoLogits bool

	waiting map[int][]Point
	n       int
}

// ProcessElement takes a point in.
func (f *packFn) ProcessElement(p Point, emit func(int, Points)) {
	if f.NoFeatures {
		p.Features = nil
	}
	if f.NoLogits {
		p.Logits = nil
	}
	key := 0
	if f.ByShard {
		key = p.Shard
	}
	if f.waiting == nil {
		f.waiting = map[int][]Point{}
	}
	f.waiting[key] = append(f.waiting[key], p)
	if f.n++; f.n == rowsAtOnce {
		f.FinishBundle(emit)
	}
}

// FinishBundle hands on what waits.
func (f *packFn) FinishBundle(emit func(int, Points)) {
	for key, points := range f.waiting {
		emit(key, Points{points})
	}
	f.waiting, f.n = nil, 0
}
