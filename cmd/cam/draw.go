package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/internal/atomicfile"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/render"
)

// report is what -json writes.
type report struct {
	Network  string         `json:"network"`
	Data     string         `json:"data"`
	Method   string         `json:"method"`
	Layer    string         `json:"layer"`
	Accuracy *accuracy      `json:"accuracy,omitempty"`
	Pointing *pointingScore `json:"pointing_game,omitempty"`
	Images   []imageReport  `json:"images"`
}

type accuracy struct {
	Correct int `json:"correct"`
	Images  int `json:"images"`
}

// imageReport is one image of the figure.
type imageReport struct {
	Index         int                `json:"index"`
	Name          string             `json:"name"`
	Label         *string            `json:"label,omitempty"`
	Predicted     string             `json:"predicted"`
	Correct       *bool              `json:"correct,omitempty"`
	Probabilities map[string]float64 `json:"probabilities"`
	Mapped        string             `json:"mapped_class"`
	Peak          peak               `json:"peak"`
}

// peak is the strongest point of a map, in pixels of the image that the
// network saw, with the map's value there in units of the logit.
type peak struct {
	X     float64 `json:"x"`
	Y     float64 `json:"y"`
	Value float64 `json:"value"`
}

// draw makes the figure and the other files.
func (s *session) draw(ctx context.Context, cmap *render.Colormap) error {
	count := min(s.count, s.Data.Len()-s.start)
	var cells []render.Cell
	opt := data.BatchOptions{Start: s.start, Count: count, Size: s.batch, Transform: s.Model.Transform()}
	if s.maps != "" {
		if err := os.MkdirAll(s.maps, 0o755); err != nil {
			return fmt.Errorf("-maps: %w", err)
		}
	}
	for b, err := range data.Batches(ctx, s.Data, opt) {
		if err != nil {
			return err
		}
		r, err := s.explain(ctx, b)
		if err != nil {
			return err
		}
		outputs := r.Logits.Shape[1]
		for i, sample := range b.Samples {
			m := r.Maps[i]
			p, err := model.Probabilities(r.Logits.Data[i*outputs : (i+1)*outputs])
			if err != nil {
				return fmt.Errorf("%s: %w", sample.Name, err)
			}
			im, err := s.Model.Transform().Image(sample.Image)
			if err != nil {
				return err
			}
			cell, err := s.cell(im, m, p, sample.Label)
			if err != nil {
				return err
			}
			cells = append(cells, cell)
			s.report.Images = append(s.report.Images, s.describe(b.Start+i, sample, m, p, im))
			if s.maps != "" {
				path := filepath.Join(s.maps, fmt.Sprintf("cam_%05d.npy", b.Start+i))
				if err := npy.Save(ctx, path, []int{m.Height, m.Width}, m.Values); err != nil {
					return fmt.Errorf("-maps: %w", err)
				}
			}
		}
	}
	figure, err := render.Grid(ctx, cells, render.GridOptions{Cols: s.cols, Alpha: &s.alpha, Colormap: cmap, Originals: s.pairs, Caption: s.caption()})
	if err != nil {
		return err
	}
	if err := render.SavePNG(ctx, s.out, figure); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	s.line("figure", "%s: images %d to %d of %s over %s", s.out, s.start, s.start+count-1, s.kind(), s.layer)
	if s.maps != "" {
		s.line("maps", "%s: %d .npy files", s.maps, count)
	}
	return s.writeJSON(ctx)
}

// cell is an image of the figure: gray under its heat map.
func (s *session) cell(im *data.Image, m *cam.Map, p []float64, label int) (render.Cell, error) {
	if s.method != (cam.CAM{}) {
		m = m.Rectified()
	}
	heat, err := model.Heat(m, im.Width, im.Height)
	if err != nil {
		return render.Cell{}, err
	}
	title := s.Model.Classes()[m.Class]
	if s.Data.Classes() == nil {
		title = fmt.Sprintf("%s %.0f%%", title, 100*p[m.Class])
	}
	return render.Cell{Base: im, Heat: heat, Title: title, Wrong: label >= 0 && likeliest(p) != label}, nil
}

// likeliest is the predicted class.
func likeliest(p []float64) int { return slices.Index(p, slices.Max(p)) }

func (s *session) describe(index int, sample data.Sample, m *cam.Map, p []float64, im *data.Image) imageReport {
	classes := s.Model.Classes()
	r := imageReport{
		Index:         index,
		Name:          sample.Name,
		Predicted:     classes[likeliest(p)],
		Mapped:        classes[m.Class],
		Probabilities: map[string]float64{},
	}
	for i, v := range p {
		r.Probabilities[classes[i]] = v
	}
	if sample.Label >= 0 && sample.Label < len(classes) {
		label, correct := classes[sample.Label], likeliest(p) == sample.Label
		r.Label, r.Correct = &label, &correct
	}
	r.Peak.X, r.Peak.Y = m.Peak(im.Width, im.Height)
	r.Peak.Value = float64(m.Values[max(nn.Argmax(m.Values), 0)])
	return r
}

func (s *session) writeJSON(ctx context.Context) error {
	if s.json == "" {
		return nil
	}
	s.report.Network, s.report.Data, s.report.Method, s.report.Layer = s.NetworkName, s.DataName, s.method.Name(), s.layer
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s.report); err != nil {
		return fmt.Errorf("-json: %s (a network that gives NaN or Inf has no probabilities)", strings.TrimPrefix(err.Error(), "json: "))
	}
	if s.json == "-" {
		_, err := s.stdout.Write(text.Bytes())
		return err
	}
	if err := atomicfile.Write(ctx, s.json, func(w io.Writer) error {
		_, err := text.WriteTo(w)
		return err
	}); err != nil {
		return fmt.Errorf("-json: %w", err)
	}
	s.line("json", "%s", s.json)
	return nil
}

// caption says what the figure shows.
func (s *session) caption() string {
	class := "the predicted class"
	if s.class != cam.Predicted {
		class = s.Model.Classes()[s.class]
	}
	kind := s.kind()
	text := fmt.Sprintf("%s%s of %s over %s", strings.ToUpper(kind[:1]), kind[1:], class, s.layer)
	if s.Data.Classes() != nil {
		text += "; red: predicted wrong"
	}
	return text
}
