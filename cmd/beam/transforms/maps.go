package transforms

import (
	"bytes"
	"context"
	"image/png"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/nn"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[mapsFn]())
}

// MapOptions say how pictures are explained. The zero value is the programs' way.
type MapOptions struct {
	// Method is a name of cam.Methods. Default: cam where the network ends in global
	// average pooling and one linear layer, else gradcam, or eigencam without a last layer.
	Method string
	// Layer is the module whose output is mapped. Default: for cam that of the programs,
	// cam.DefaultLayer; for others cam.LastMaps.
	Layer string
	// Overlays asks for Map.Overlay: the map of the predicted class over the picture as the
	// network saw it, as model.Explanation.Overlay draws it; the parts below 0 of all
	// methods but cam are not shown.
	Overlays bool
}

// Maps explains the predicted class of pictures, a PCollection<Picture>: maps are a
// PCollection<Map>, failed those of [Features]. It runs the network by itself.
func Maps(s beam.Scope, n Network, opt MapOptions, pictures beam.PCollection) (maps, failed beam.PCollection) {
	return beam.ParDo2(s.Scope("glimpse.Maps"), &mapsFn{Network: n, Options: opt}, pictures)
}

type mapsFn struct {
	Network Network
	Options MapOptions

	batch  batch
	method cam.Method
	layer  string
}

// StartBundle loads the network, unless this process has it.
func (f *mapsFn) StartBundle(ctx context.Context, _ func(Map), _ func(Failure)) error {
	m, err := f.Network.load(ctx)
	if err != nil {
		return err
	}
	f.batch = batch{network: f.Network, model: m}
	f.method, f.layer, err = f.Options.choose(m)
	return err
}

// choose follows the options.
func (o MapOptions) choose(m *model.Model) (method cam.Method, layer string, err error) {
	method = m.Method() // the model's default is the programs'
	if o.Method != "" {
		if method, err = cam.MethodByName(o.Method); err != nil {
			return nil, "", err
		}
	}
	layer = o.Layer
	if layer == "" && method == cam.Method(cam.CAM{}) {
		layer = cam.DefaultLayer(m.Network())
	}
	if method == cam.Method(cam.CAM{}) {
		_, err = cam.New(m.Network(), layer)
	}
	return method, layer, err
}

// Check returns an error where a network has no such maps.
func (o MapOptions) Check(ctx context.Context, n Network) error {
	m, err := n.load(ctx)
	if err != nil {
		return err
	}
	_, _, err = o.choose(m)
	return err
}

// ProcessElement takes a picture in.
func (f *mapsFn) ProcessElement(ctx context.Context, p Picture, emit func(Map), fail func(Failure)) error {
	if !f.batch.add(p) {
		return nil
	}
	return f.run(ctx, emit, fail)
}

// FinishBundle explains what is left.
func (f *mapsFn) FinishBundle(ctx context.Context, emit func(Map), fail func(Failure)) error {
	return f.run(ctx, emit, fail)
}

func (f *mapsFn) run(ctx context.Context, emit func(Map), fail func(Failure)) error {
	return f.batch.run(ctx, func(x *nn.Tensor, of []input) error {
		r, err := f.method.Explain(ctx, cam.Question{Net: f.batch.model.Network(), Input: x, Layer: f.layer})
		if err != nil {
			return err
		}
		for i, in := range of {
			m := r.Maps[i]
			if !finite(m.Values) {
				in.fail(ctx, errNotFinite, fail)
				continue
			}
			out := Map{Shard: in.Shard, Index: in.Index, Name: in.Name, Class: m.Class, Width: m.Width, Height: m.Height, Values: m.Values}
			if f.Options.Overlays {
				if out.Overlay, err = f.overlay(in, m); err != nil {
					return err
				}
			}
			mapsDone.Inc(ctx, 1)
			emit(out)
		}
		return nil
	}, fail)
}

// overlay draws a map over the picture.
func (f *mapsFn) overlay(in input, m *cam.Map) ([]byte, error) {
	seen, err := f.batch.model.Transform().Image(in.image)
	if err != nil {
		return nil, err
	}
	if f.method != cam.Method(cam.CAM{}) {
		m = m.Rectified()
	}
	im, err := (&model.Explanation{Map: m, Input: seen}).Overlay(model.OverlayOptions{})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = png.Encode(&b, im)
	return b.Bytes(), err
}
