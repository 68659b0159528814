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

// explainer runs batches through a network and keeps what a page shows of them: the maps of
// the likeliest classes, and in another pass, of mistakes alone, that of the true one where
// it is not among them. The method is cam where that is exact, and maps all in one pass;
// else Grad-CAM.
type explainer struct {
	m      *model.Model
	flags  *PageFlags
	method cam.Method
	mapper *cam.Mapper // of cam
	layer  string
	n      int // how many images there are
	top    int // how many classes
	out    *Explained
}

// newExplainer makes one for n images.
func newExplainer(m *model.Model, flags *PageFlags, n int, out *Explained) *explainer {
	e := &explainer{m: m, flags: flags, out: out, n: n, top: max(1, flags.Top)}
	out.Classes = m.Classes()
	net := m.Network()
	if m.Headless() { // there is no class to explain
		return e
	}
	if mapper, err := m.Mapper(); err == nil {
		e.method, e.mapper, e.layer = cam.CAM{}, mapper, mapper.Layer()
		if flags.Top == 0 {
			e.top = FreeClasses
		}
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
	r, maps, err := e.likeliest(ctx, &nn.Tensor{Shape: b.Shape, Data: b.Pixels})
	if err != nil {
		return nil, err
	}
	outputs := len(e.out.Classes)
	for i, s := range b.Samples {
		if !e.m.Headless() {
			p, err := model.Probabilities(r.Logits.Data[i*outputs : (i+1)*outputs])
			if err != nil {
				return nil, err
			}
			e.out.Probabilities = append(e.out.Probabilities, p)
		}
		e.out.Names = append(e.out.Names, s.Name)
		if err := e.keepImage(s); err != nil {
			return nil, err
		}
	}
	return r.Features, e.keepMaps(ctx, b, maps)
}

// likeliest runs a batch and maps the likeliest classes of each image, rank by rank.
func (e *explainer) likeliest(ctx context.Context, x *nn.Tensor) (*cam.Result, [][]*cam.Map, error) {
	of := func(logits *nn.Tensor) [][]int { return Likeliest(logits, e.top) }
	switch {
	case e.method == nil:
		plain, err := e.m.Network().Run(ctx, x)
		if err != nil {
			return nil, nil, err
		}
		return &cam.Result{Logits: plain.Logits, Features: plain.Features}, nil, nil
	case e.mapper != nil:
		r, maps, err := e.mapper.Several(ctx, x, of)
		if err == nil && e.flags.Top == 0 {
			fit := freeLevels / (e.n * maps[0][0].Width * maps[0][0].Height)
			maps = maps[:min(len(maps), max(fit, fewestFree))]
		}
		return r, maps, err
	}
	q := cam.Question{Net: e.m.Network(), Input: x, Layer: e.layer}
	r, err := e.method.Explain(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	maps := [][]*cam.Map{r.Maps}
	for _, q.Classes = range of(r.Logits)[1:] {
		further, err := e.method.Explain(ctx, q)
		if err != nil {
			return nil, nil, err
		}
		maps = append(maps, further.Maps)
	}
	return r, maps, nil
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

// keepMaps keeps the maps of a batch, rank by rank, and makes those of the true classes that
// are not among them.
func (e *explainer) keepMaps(ctx context.Context, b *data.Batch, maps [][]*cam.Map) error {
	if maps == nil {
		return nil
	}
	kept := make([][]explorer.Map, len(b.Samples))
	missing := &nn.Tensor{Shape: append([]int{0}, b.Shape[1:]...)}
	var of, labels []int
	size := len(b.Pixels) / len(b.Samples)
	for i, s := range b.Samples {
		has := s.Label < 0 || s.Label >= len(e.out.Classes)
		for _, rank := range maps {
			kept[i] = append(kept[i], e.levels(rank[i]))
			has = has || rank[i].Class == s.Label
		}
		if !has {
			of, labels = append(of, i), append(labels, s.Label)
			missing.Data = append(missing.Data, b.Pixels[i*size:(i+1)*size]...)
		}
	}
	if missing.Shape[0] = len(of); len(of) > 0 {
		r, err := e.method.Explain(ctx, cam.Question{Net: e.m.Network(), Input: missing, Layer: e.layer, Classes: labels})
		if err != nil {
			return err
		}
		for k, i := range of {
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
