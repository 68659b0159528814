package cli

import (
	"context"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/render/explorer"
)

// Explained is what a page shows of each image beside its place.
type Explained struct {
	Classes       []string
	Names         []string
	Probabilities [][]float64
	Images        []*data.Image // as the network saw them, at most -thumb pixels a side; or nil
	Maps          []explorer.Method

	opened *Opened // the network, for -live; nil for features from a file
}

// explainer runs batches through a network and keeps what a page shows of them: in the
// same pass the map of the predicted class, and in another, of mistakes alone, that of the
// true one. The method is cam where that is exact, else Grad-CAM.
type explainer struct {
	m      *model.Model
	flags  *PageFlags
	method cam.Method
	layer  string
	out    *Explained
}

func newExplainer(m *model.Model, flags *PageFlags, out *Explained) *explainer {
	e := &explainer{m: m, flags: flags, out: out}
	out.Classes = m.Classes()
	net := m.Network()
	if m.Headless() { // there is no class to explain
		return e
	}
	if _, err := m.Mapper(); err == nil {
		e.method, e.layer = cam.CAM{}, cam.DefaultLayer(net)
	} else if e.layer = cam.LastMaps(net); e.layer != "" {
		e.method = cam.GradCAM{}
	}
	if e.method != nil {
		out.Maps = []explorer.Method{{Name: e.method.Name()}}
	}
	return e
}

// run returns the features of a batch.
func (e *explainer) run(ctx context.Context, b *data.Batch) (*nn.Tensor, error) {
	x := &nn.Tensor{Shape: b.Shape, Data: b.Pixels}
	r := &cam.Result{}
	if e.method == nil {
		plain, err := e.m.Network().Run(ctx, x)
		if err != nil {
			return nil, err
		}
		r.Logits, r.Features = plain.Logits, plain.Features
	} else {
		var err error
		if r, err = e.method.Explain(ctx, cam.Question{Net: e.m.Network(), Input: x, Layer: e.layer}); err != nil {
			return nil, err
		}
	}
	outputs := len(e.out.Classes)
	var wrong []int // images whose label is another class
	for i, s := range b.Samples {
		if !e.m.Headless() {
			p, err := model.Probabilities(r.Logits.Data[i*outputs : (i+1)*outputs])
			if err != nil {
				return nil, err
			}
			e.out.Probabilities = append(e.out.Probabilities, p)
		}
		e.out.Names = append(e.out.Names, s.Name)
		if s.Label >= 0 && s.Label < outputs && r.Maps != nil && s.Label != r.Maps[i].Class {
			wrong = append(wrong, i)
		}
		if err := e.keepImage(s); err != nil {
			return nil, err
		}
	}
	return r.Features, e.keepMaps(ctx, b, r.Maps, wrong)
}

// keepImage keeps an image as the network saw it.
func (e *explainer) keepImage(s data.Sample) error {
	if !e.flags.wantsImages() {
		return nil
	}
	im, err := e.m.Transform().Image(s.Image)
	if err == nil {
		im, err = shrink(im, e.flags.Thumb)
	}
	e.out.Images = append(e.out.Images, im)
	return err
}

// keepMaps keeps the maps of a batch, and makes those of the true class of what is wrong.
func (e *explainer) keepMaps(ctx context.Context, b *data.Batch, maps []*cam.Map, wrong []int) error {
	if maps == nil {
		return nil
	}
	kept := make([][]explorer.Map, len(maps))
	for i, m := range maps {
		kept[i] = []explorer.Map{e.levels(m)}
	}
	if len(wrong) > 0 {
		size := len(b.Pixels) / len(b.Samples)
		x := &nn.Tensor{Shape: append([]int{len(wrong)}, b.Shape[1:]...)}
		var labels []int
		for _, i := range wrong {
			x.Data = append(x.Data, b.Pixels[i*size:(i+1)*size]...)
			labels = append(labels, b.Samples[i].Label)
		}
		r, err := e.method.Explain(ctx, cam.Question{Net: e.m.Network(), Input: x, Layer: e.layer, Classes: labels})
		if err != nil {
			return err
		}
		for k, i := range wrong {
			kept[i] = append(kept[i], e.levels(r.Maps[k]))
		}
	}
	e.out.Maps[0].Maps = append(e.out.Maps[0].Maps, kept...)
	return nil
}

// levels is a map as the programs draw it: of all methods but cam, what is below 0 is not
// shown.
func (e *explainer) levels(m *cam.Map) explorer.Map {
	if e.method != cam.Method(cam.CAM{}) {
		m = m.Rectified()
	}
	return PageMap(m)
}

// PageMap is a map as a page takes it.
func PageMap(m *cam.Map) explorer.Map {
	return explorer.Map{Class: m.Class, Width: m.Width, Height: m.Height, Levels: m.Bytes()}
}
