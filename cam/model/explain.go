package model

import (
	"context"
	"fmt"
	"image"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/render"
)

// An Explanation is what a network made of a picture, and where it found it.
type Explanation struct {
	// Predictions are all classes by falling probability; none of a headless network.
	Predictions []Prediction
	// Map is the map of Map.Class, by the model's method.
	Map *cam.Map
	// Input is the picture as the network saw it: scaled and cut, not normalised.
	Input *data.Image
	// Logits are the network's outputs, one a class, and Features what goes into its
	// last layer.
	Logits, Features []float32

	rectified bool // whether Overlay leaves out what speaks against the class
}

// Explain maps where a network finds the evidence for a class, or for the one
// that it predicts where class is [cam.Predicted], by the method of the options. It
// returns an error when the picture is nil or empty, there is no such class, the
// network gives a number that is not finite, or ctx is done.
func (m *Model) Explain(ctx context.Context, picture image.Image, class int) (*Explanation, error) {
	if m.headless && (class != cam.Predicted || cam.NeedsClass(m.method)) {
		return nil, fmt.Errorf("%w; the methods eigencam, kpcacam and fem need none", errHeadless)
	}
	im, err := data.FromImage(ctx, picture)
	if err != nil {
		return nil, err
	}
	x, err := m.input(ctx, []image.Image{im})
	if err != nil {
		return nil, err
	}
	r, err := m.method.Explain(ctx, cam.Question{Net: m.net, Input: x, Layer: m.layer, Classes: []int{class}})
	if err != nil {
		return nil, err
	}
	e := &Explanation{Map: r.Maps[0], Logits: r.Logits.Data, Features: r.Features.Data, rectified: m.method != cam.Method(cam.CAM{})}
	if e.Predictions, err = m.predictions(r.Logits.Data); err != nil {
		return nil, err
	}
	e.Input, err = m.transform.Image(im)
	return e, err
}

// OverlayOptions say how a map is drawn. The zero value is the programs' way: jet
// at an opacity of 0.4.
type OverlayOptions struct {
	Colormap *render.Colormap // nil: render.Jet
	Alpha    *float64         // opacity of the map, 0 to 1; nil: render.DefaultAlpha
	Color    bool             // over the input in its colours instead of in gray
}

// Overlay draws the map over the input in gray, or in its colours: of an Explanation that
// [Model.Explain] made by another method than [cam.CAM] what is above 0, see
// [cam.Map.Rectified]. It returns an error when Alpha is not in [0, 1].
func (e *Explanation) Overlay(opt OverlayOptions) (*image.RGBA, error) {
	shown := e.Map
	if e.rectified {
		shown = shown.Rectified()
	}
	heat, err := Heat(shown, e.Input.Width, e.Input.Height)
	if err != nil {
		return nil, err
	}
	alpha := render.DefaultAlpha
	if opt.Alpha != nil {
		alpha = *opt.Alpha
	}
	if opt.Color {
		return render.OverlayColor(e.Input, heat, opt.Colormap, alpha)
	}
	gray, err := render.GrayOf(e.Input)
	if err != nil {
		return nil, err
	}
	return render.Overlay(gray, heat, opt.Colormap, alpha)
}

// Heat brings a map to a size as the notebook does: normalised, cut to bytes, then
// resized bilinearly as OpenCV does. It returns width x height bytes, row-major,
// or an error when a side is not positive or too large.
func Heat(m *cam.Map, width, height int) ([]uint8, error) {
	return render.Resize(m.Bytes(), m.Width, m.Height, width, height)
}
