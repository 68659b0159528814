package transforms

import (
	"bytes"
	"context"
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

// rowsAtOnce is how many points are added up together: the work of one alone would be
// mostly that of reading the scatter matrix.
const rowsAtOnce = 256

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
	return beam.ParDo(s.Scope("glimpse.Project"), &projectFn{}, points, beam.SideInput{Input: fitted})
}

type projectFn struct {
	model  *pca.Model
	points gathered
}

// StartBundle reads the model.
func (f *projectFn) StartBundle(_ context.Context, fitted Fitted, _ func(Point)) error {
	f.points = nil
	var err error
	f.model, err = pca.Read(newReader(fitted.Model))
	return err
}

// ProcessElement takes a point in.
func (f *projectFn) ProcessElement(ctx context.Context, p Point, _ Fitted, emit func(Point)) error {
	if f.points = append(f.points, p); len(f.points) < rowsAtOnce {
		return nil
	}
	return f.run(ctx, emit)
}

// FinishBundle projects what is left.
func (f *projectFn) FinishBundle(ctx context.Context, _ Fitted, emit func(Point)) error {
	return f.run(ctx, emit)
}

func (f *projectFn) run(ctx context.Context, emit func(Point)) error {
	return f.points.place(func(x *mat.Dense) (*mat.Dense, error) { return f.model.Transform(ctx, x) },
		func(p Point, at []float64) {
			p.PCA = at
			emit(p)
		})
}

// gathered are points that are given coordinates together.
type gathered []Point

// place hands each point its row of what f makes of the features of all, and forgets them.
func (g *gathered) place(f func(x *mat.Dense) (*mat.Dense, error), hand func(p Point, at []float64)) error {
	points := *g
	if len(points) == 0 {
		return nil
	}
	*g = nil
	x, err := matrix(points)
	if err != nil {
		return err
	}
	y, err := f(x)
	if err != nil {
		return err
	}
	for i, p := range points {
		hand(p, slices.Clone(y.RawRowView(i)))
	}
	return nil
}

// matrix has the features of points as rows.
func matrix(points []Point) (*mat.Dense, error) {
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
