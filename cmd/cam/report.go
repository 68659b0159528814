package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/internal/atomicfile"
	"github.com/glimpse-go/glimpse/nn"
)

// report is what -json writes.
type report struct {
	Network    string         `json:"network"`
	Data       string         `json:"data"`
	Method     string         `json:"method"` // of the first map of each image
	Layer      string         `json:"layer,omitempty"`
	Target     string         `json:"target"`
	Accuracy   *accuracy      `json:"accuracy,omitempty"`
	Pointing   *pointingScore `json:"pointing_game,omitempty"`
	Evaluation *evaluation    `json:"evaluation,omitempty"`
	Images     []imageReport  `json:"images,omitempty"`
	Skipped    []cli.Skipped  `json:"skipped,omitempty"` // with -skip-bad
}

// imageReport is one image of the figure.
type imageReport struct {
	Index          int                `json:"index"`
	Name           string             `json:"name"`
	Label          *string            `json:"label,omitempty"`
	LabelIndex     *int               `json:"label_index,omitempty"`
	Predicted      string             `json:"predicted,omitempty"`
	PredictedIndex *int               `json:"predicted_index,omitempty"` // names may be those of several classes
	Correct        *bool              `json:"correct,omitempty"`
	Probabilities  []model.Prediction `json:"probabilities,omitempty"` // in the order of the classes; none without a last layer
	Mapped         string             `json:"mapped_class,omitempty"`  // of the first map
	MappedIndex    *int               `json:"mapped_index,omitempty"`
	Peak           peak               `json:"peak"`
	Maps           []mapReport        `json:"maps,omitempty"` // where there are several
}

// mapReport is one of several maps of an image.
type mapReport struct {
	Method string `json:"method"`
	Layer  string `json:"layer,omitempty"`
	Class  string `json:"class,omitempty"`
	Index  *int   `json:"class_index,omitempty"`
	Peak   peak   `json:"peak"`
}

// peak is the strongest point of a map, in pixels of the image that the
// network saw, with the map's value there.
type peak struct {
	X     float64 `json:"x"`
	Y     float64 `json:"y"`
	Value float64 `json:"value"`
}

func peakOf(m *cam.Map, im *data.Image) peak {
	x, y := m.Peak(im.Width, im.Height)
	return peak{x, y, float64(m.Values[max(nn.Argmax(m.Values), 0)])}
}

// describe is what the report says of an image and its maps.
func (s *session) describe(index int, sample data.Sample, maps []drawn, p []float64, im *data.Image) imageReport {
	classes := s.Model.Classes()
	r := imageReport{Index: index, Name: sample.Name, Peak: peakOf(maps[0].m, im)}
	if p == nil {
		if len(maps) > 1 {
			for _, d := range maps {
				r.Maps = append(r.Maps, mapReport{Method: d.way.method.Name(), Layer: d.way.layer, Peak: peakOf(d.m, im)})
			}
		}
		return r
	}
	predicted, mapped := likeliest(p), maps[0].m.Class
	r.Predicted, r.PredictedIndex = classes[predicted], &predicted
	r.Mapped, r.MappedIndex = classes[mapped], &mapped
	for i, v := range p {
		r.Probabilities = append(r.Probabilities, model.Prediction{Class: i, Name: classes[i], Probability: v})
	}
	if sample.Label >= 0 && sample.Label < len(classes) {
		label, correct := classes[sample.Label], likeliest(p) == sample.Label
		r.Label, r.LabelIndex, r.Correct = &label, &sample.Label, &correct
	}
	if len(maps) > 1 {
		for _, d := range maps {
			r.Maps = append(r.Maps, mapReport{d.way.method.Name(), d.way.layer, classes[d.m.Class], &d.m.Class, peakOf(d.m, im)})
		}
	}
	return r
}

// writeJSON follows -json.
func (s *session) writeJSON(ctx context.Context) error {
	if s.json == "" {
		return nil
	}
	first := s.ways[0]
	s.report.Skipped = s.Skipped
	s.report.Network, s.report.Data, s.report.Target = s.NetworkName, s.DataName, s.options.target
	if s.report.Evaluation == nil {
		s.report.Method, s.report.Layer = first.method.Name(), first.layer
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s.report); err != nil {
		return fmt.Errorf("-json: %s (a network that gives NaN or Inf has no probabilities)", strings.TrimPrefix(err.Error(), "json: "))
	}
	return s.write(ctx, "json", s.json, text.Bytes())
}

// write writes a file, or stdout for "-".
func (s *session) write(ctx context.Context, flag, path string, content []byte) error {
	if path == "-" {
		_, err := s.stdout.Write(content)
		return err
	}
	err := atomicfile.Write(ctx, path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
	if err != nil {
		return fmt.Errorf("-%s: %w", flag, err)
	}
	s.line(flag, "%s", path)
	return nil
}
