package transforms

import (
	"context"
	"fmt"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/tsne"
)

func init() {
	beam.RegisterCoder(reflect.TypeFor[Layout](), encodeLayout, decodeLayout)
	beam.RegisterDoFn(reflect.TypeFor[fitTSNEFn]())
	beam.RegisterDoFn(reflect.TypeFor[placeFn]())
}

// A Layout is a t-SNE of some points: their features, n x d, and places, n x c, row by row.
type Layout struct {
	N           int
	Features    []float32
	Coordinates []float64
}

func encodeLayout(l Layout) []byte {
	e := make(encoder, 0, 4*len(l.Features)+8*len(l.Coordinates)+40)
	e.number(l.N)
	e.float32s(l.Features)
	e.float64s(l.Coordinates)
	return e
}

func decodeLayout(b []byte) (Layout, error) {
	d := decoder{left: b}
	l := Layout{d.number(), d.float32s(), d.float64s()}
	return l, d.end()
}

// result makes of the layout what places other points.
func (l Layout) result(opt tsne.Options) (*tsne.Result, error) {
	if l.N < 1 || len(l.Features)%l.N != 0 || len(l.Coordinates)%l.N != 0 || len(l.Features) == 0 || len(l.Coordinates) == 0 {
		return nil, fmt.Errorf("transforms: a layout of %d points with %d features and %d coordinates", l.N, len(l.Features), len(l.Coordinates))
	}
	x := make([]float64, len(l.Features))
	for i, v := range l.Features {
		x[i] = float64(v)
	}
	return tsne.Restore(mat.NewDense(l.N, len(x)/l.N, x), mat.NewDense(l.N, len(l.Coordinates)/l.N, l.Coordinates), opt)
}

// TSNE says how a layout is made: the tsne.Options of the same names, whose defaults hold.
type TSNE struct {
	Components   int
	Perplexity   float64
	Metric       tsne.Metric
	Iterations   int
	LearningRate float64
	Seed         uint32
}

func (t TSNE) options() tsne.Options {
	return tsne.Options{Components: t.Components, Perplexity: t.Perplexity, Metric: t.Metric, Iterations: t.Iterations, LearningRate: t.LearningRate, Seed: t.Seed}
}

// FitTSNE lays out the points of a [Sample], in their order, on one worker: a
// PCollection<Layout> of one element. It is an error of the run when there are not more of
// them than the perplexity.
func FitTSNE(s beam.Scope, opt TSNE, sample beam.PCollection) beam.PCollection {
	return beam.ParDo(s.Scope("glimpse.FitTSNE"), &fitTSNEFn{TSNE: opt}, sample)
}

type fitTSNEFn struct {
	TSNE TSNE
}

// ProcessElement fits.
func (f *fitTSNEFn) ProcessElement(ctx context.Context, sample Points, emit func(Layout)) error {
	x, err := matrix(sample.Of)
	if err != nil {
		return err
	}
	r, err := tsne.Fit(ctx, x, f.TSNE.options())
	if err != nil {
		return err
	}
	l := Layout{N: len(sample.Of)}
	for i, p := range sample.Of {
		l.Features = append(l.Features, p.Features...)
		l.Coordinates = append(l.Coordinates, r.Layout.RawRowView(i)...)
	}
	emit(l)
	return nil
}

// Place gives all points, those of the sample too, their places in a layout, as Point.TSNE,
// by tsne.Result.Transform: a point's place depends on the layout and on the point alone.
func Place(s beam.Scope, opt TSNE, layout, points beam.PCollection) beam.PCollection {
	s = s.Scope("glimpse.Place")
	return beam.ParDo(s, &placeFn{TSNE: opt}, packed(s, packFn{}, points), beam.SideInput{Input: layout})
}

type placeFn struct {
	TSNE   TSNE
	result *tsne.Result
}

// StartBundle reads the layout.
func (f *placeFn) StartBundle(_ context.Context, l Layout, _ func(Point)) error {
	var err error
	f.result, err = l.result(f.TSNE.options())
	return err
}

// ProcessElement places points.
func (f *placeFn) ProcessElement(ctx context.Context, _ int, points Points, _ Layout, emit func(Point)) error {
	return points.place(func(x *mat.Dense) (*mat.Dense, error) { return f.result.Transform(ctx, x, tsne.TransformOptions{}) },
		func(p Point, at []float64) {
			p.TSNE = at
			emit(p)
		})
}
