package transforms

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/pca"
)

func init() {
	beam.RegisterCoder(reflect.TypeFor[Moments](), encodeMoments, decodeMoments)
	beam.RegisterType(reflect.TypeFor[Fitted]())
	beam.RegisterType(reflect.TypeFor[momentsFn]())
	beam.RegisterDoFn(reflect.TypeFor[fitPCAFn]())
	beam.RegisterDoFn(reflect.TypeFor[projectFn]())
}

// Moments are what PCA needs to know of points: how many there are, their mean and their
// scatter matrix, and some points that are not in these yet.
type Moments struct {
	sum     pca.Incremental
	waiting []float64 // rows of d
	d       int
}

// add takes in a point.
func (m *Moments) add(ctx context.Context, features []float32) error {
	if m.d == 0 {
		m.d = len(features)
	}
	if len(features) != m.d || m.d == 0 {
		return fmt.Errorf("transforms: a point of %d features after those of %d", len(features), m.d)
	}
	for _, v := range features {
		m.waiting = append(m.waiting, float64(v))
	}
	if len(m.waiting) < rowsAtOnce*m.d {
		return nil
	}
	return m.flush(ctx)
}

// flush adds what waits.
func (m *Moments) flush(ctx context.Context) error {
	if len(m.waiting) == 0 {
		return nil
	}
	err := m.sum.Add(ctx, mat.NewDense(len(m.waiting)/m.d, m.d, m.waiting))
	m.waiting = m.waiting[:0]
	return err
}

func encodeMoments(m Moments) ([]byte, error) {
	if err := m.flush(context.Background()); err != nil {
		return nil, err
	}
	return m.sum.MarshalBinary()
}

func decodeMoments(b []byte) (Moments, error) {
	var m Moments
	return m, m.sum.UnmarshalBinary(b)
}

// Fitted is a PCA, as pca.Model.Write writes it.
type Fitted struct{ Model []byte }

// FitPCA fits a PCA to the features of points: a PCollection<Fitted> of one element. What
// travels between workers are [pca.Incremental]s of 4 d^2 bytes; the result is that of one
// pca.Fit on all points up to the rounding of sums, whose order is the runner's.
func FitPCA(s beam.Scope, opt pca.Options, points beam.PCollection) beam.PCollection {
	s = s.Scope("glimpse.FitPCA")
	return beam.ParDo(s, &fitPCAFn{Options: opt}, beam.Combine(s, &momentsFn{}, points))
}

type momentsFn struct{}

// CreateAccumulator is of no points.
func (*momentsFn) CreateAccumulator() Moments { return Moments{} }

// AddInput adds a point.
func (*momentsFn) AddInput(ctx context.Context, m Moments, p Point) (Moments, error) {
	return m, m.add(ctx, p.Features)
}

// MergeAccumulators joins two sets of points.
func (*momentsFn) MergeAccumulators(ctx context.Context, a, b Moments) (Moments, error) {
	if err := a.flush(ctx); err != nil {
		return a, err
	}
	if err := b.flush(ctx); err != nil {
		return a, err
	}
	return a, a.sum.Merge(&b.sum)
}

type fitPCAFn struct {
	Options pca.Options
}

// ProcessElement fits.
func (f *fitPCAFn) ProcessElement(ctx context.Context, m Moments, emit func(Fitted)) error {
	if err := m.flush(ctx); err != nil {
		return err
	}
	model, err := m.sum.Fit(ctx, f.Options)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := model.Write(&b); err != nil {
		return err
	}
	emit(Fitted{b.Bytes()})
	return nil
}

// Project gives points their coordinates along the components of a PCA, as Point.PCA.
func Project(s beam.Scope, fitted, points beam.PCollection) beam.PCollection {
	s = s.Scope("glimpse.Project")
	return beam.ParDo(s, &projectFn{}, packed(s, packFn{}, points), beam.SideInput{Input: fitted})
}

type projectFn struct {
	model *pca.Model
}

// StartBundle reads the model.
func (f *projectFn) StartBundle(_ context.Context, fitted Fitted, _ func(Point)) error {
	var err error
	f.model, err = pca.Read(newReader(fitted.Model))
	return err
}

// ProcessElement projects points.
func (f *projectFn) ProcessElement(ctx context.Context, _ int, points Points, _ Fitted, emit func(Point)) error {
	return points.place(func(x *mat.Dense) (*mat.Dense, error) { return f.model.Transform(ctx, x) },
		func(p Point, at []float64) {
			p.PCA = at
			emit(p)
		})
}

// place hands each point its row of what f makes of the features of all.
func (p Points) place(f func(x *mat.Dense) (*mat.Dense, error), hand func(p Point, at []float64)) error {
	x, err := matrix(p.Of)
	if err != nil {
		return err
	}
	y, err := f(x)
	if err != nil {
		return err
	}
	for i, q := range p.Of {
		hand(q, slices.Clone(y.RawRowView(i)))
	}
	return nil
}

// matrix has the features of points, of which there must be some, as rows.
func matrix(points []Point) (*mat.Dense, error) {
	if len(points) == 0 {
		return nil, errors.New("transforms: no points")
	}
	d := len(points[0].Features)
	x := make([]float64, 0, len(points)*d)
	for _, p := range points {
		if len(p.Features) != d || d == 0 {
			return nil, fmt.Errorf("transforms: %s: %d features, others have %d", p.Name, len(p.Features), d)
		}
		for _, v := range p.Features {
			x = append(x, float64(v))
		}
	}
	return mat.NewDense(len(points), d, x), nil
}
