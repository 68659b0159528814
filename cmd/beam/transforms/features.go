package transforms

import (
	"context"
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glimpse-go/glimpse/nn"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[featuresFn]())
}

// Features runs pictures, a PCollection<Picture>, through a network. Points are a
// PCollection<Point> with features, logits and the predicted class; failed, a
// PCollection<Failure>, are the pictures that are no image, or of which the network makes
// numbers that are not finite. A network that cannot be loaded is an error of the run.
func Features(s beam.Scope, n Network, pictures beam.PCollection) (points, failed beam.PCollection) {
	return beam.ParDo2(s.Scope("glimpse.Features"), &featuresFn{Network: n}, pictures)
}

// featuresFn gathers the pictures of a bundle into batches. What it emits of them does not
// depend on which pictures a batch has.
type featuresFn struct {
	Network Network
	batch   batch
}

// StartBundle loads the network, unless this process has it.
func (f *featuresFn) StartBundle(ctx context.Context, _ func(Point), _ func(Failure)) error {
	m, err := f.Network.load(ctx)
	f.batch = batch{network: f.Network, model: m}
	return err
}

// ProcessElement takes a picture in.
func (f *featuresFn) ProcessElement(ctx context.Context, p Picture, emit func(Point), fail func(Failure)) error {
	if !f.batch.add(p) {
		return nil
	}
	return f.run(ctx, emit, fail)
}

// FinishBundle runs what is left.
func (f *featuresFn) FinishBundle(ctx context.Context, emit func(Point), fail func(Failure)) error {
	return f.run(ctx, emit, fail)
}

func (f *featuresFn) run(ctx context.Context, emit func(Point), fail func(Failure)) error {
	return f.batch.run(ctx, func(x *nn.Tensor, of []input) error {
		r, err := f.batch.model.Network().Run(ctx, x)
		if err != nil {
			return err
		}
		d := r.Features.Shape[1]
		for i, in := range of {
			p := Point{Shard: in.Shard, Index: in.Index, Name: in.Name, Label: in.Label, Predicted: -1,
				Features: slices.Clone(r.Features.Data[i*d : (i+1)*d])}
			if !f.batch.model.Headless() {
				k := r.Logits.Shape[1]
				p.Logits = slices.Clone(r.Logits.Data[i*k : (i+1)*k])
				p.Predicted = nn.Argmax(p.Logits)
			}
			if !finite(p.Features) || !finite(p.Logits) {
				in.fail(ctx, errNotFinite, fail)
				continue
			}
			picturesDone.Inc(ctx, 1)
			emit(p)
		}
		return nil
	}, fail)
}
