package transforms

import (
	"context"
	"fmt"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

func init() {
	beam.RegisterCoder(reflect.TypeFor[Sum](), encodeSum, decodeSum)
	beam.RegisterType(reflect.TypeFor[sumFn]())
	beam.RegisterDoFn(reflect.TypeFor[labelledFn]())
	beam.RegisterFunction(meanOf)
	beam.RegisterType(reflect.TypeFor[ClassMean]())
}

// A Sum is of the features of N points.
type Sum struct {
	N        int
	Features []float64
}

func encodeSum(s Sum) []byte {
	e := make(encoder, 0, 8*len(s.Features)+20)
	e.number(s.N)
	e.float64s(s.Features)
	return e
}

func decodeSum(b []byte) (Sum, error) {
	d := decoder{left: b}
	s := Sum{d.number(), d.float64s()}
	return s, d.end()
}

// A ClassMean is the mean of the features of a class.
type ClassMean struct {
	Label  int       `json:"label"`
	Points int       `json:"points"`
	Mean   []float64 `json:"mean"`
}

// ClassMeans are the means of the features of each class that has points: a
// PCollection<ClassMean>. Points without a label are left out.
func ClassMeans(s beam.Scope, points beam.PCollection) beam.PCollection {
	s = s.Scope("glimpse.ClassMeans")
	return beam.ParDo(s, meanOf, beam.CombinePerKey(s, &sumFn{}, beam.ParDo(s, &labelledFn{}, points)))
}

func meanOf(label int, s Sum) ClassMean {
	m := ClassMean{label, s.N, make([]float64, len(s.Features))}
	for i, v := range s.Features {
		m.Mean[i] = v / float64(s.N)
	}
	return m
}

type labelledFn struct{}

// ProcessElement keys a point by its label.
func (*labelledFn) ProcessElement(p Point, emit func(int, Point)) {
	if p.Label >= 0 {
		emit(p.Label, p)
	}
}

type sumFn struct{}

// CreateAccumulator is of no points.
func (*sumFn) CreateAccumulator() Sum { return Sum{} }

// AddInput adds a point.
func (*sumFn) AddInput(_ context.Context, s Sum, p Point) (Sum, error) {
	if s.N == 0 {
		s.Features = make([]float64, len(p.Features))
	}
	if len(s.Features) != len(p.Features) {
		return s, fmt.Errorf("transforms: %s: %d features, others have %d", p.Name, len(p.Features), len(s.Features))
	}
	s.N++
	for i, v := range p.Features {
		s.Features[i] += float64(v)
	}
	return s, nil
}

// MergeAccumulators adds up.
func (*sumFn) MergeAccumulators(_ context.Context, a, b Sum) (Sum, error) {
	if a.N == 0 || b.N == 0 {
		if a.N == 0 {
			a = b
		}
		return a, nil
	}
	if len(a.Features) != len(b.Features) {
		return a, fmt.Errorf("transforms: points of %d features and of %d", len(a.Features), len(b.Features))
	}
	a.N += b.N
	for i, v := range b.Features {
		a.Features[i] += v
	}
	return a, nil
}
