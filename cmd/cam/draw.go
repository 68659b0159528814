package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/internal/visible"
	"github.com/glimpse-go/glimpse/render"
)

// draw makes the figure and the other files.
func (s *session) draw(ctx context.Context) error {
	count := min(s.count, s.Data.Len()-s.start)
	for flag, dir := range map[string]string{"maps": s.maps, "each": s.each} {
		if dir == "" {
			continue
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("-%s: %w", flag, err)
		}
	}
	var cells []render.Cell
	page := s.newPage()
	for b, err := range s.Batches(ctx, data.BatchOptions{Start: s.start, Count: count, Size: s.batch}) {
		if err != nil {
			return err
		}
		explained, err := s.explainBatch(ctx, b)
		if err != nil {
			return s.blame(ctx, b, err)
		}
		maps, logits := explained.maps, explained.logits
		outputs := logits.Shape[1]
		for i, sample := range b.Samples {
			var p []float64 // none without classes
			if !s.Model.Headless() {
				if p, err = model.Probabilities(logits.Data[i*outputs : (i+1)*outputs]); err != nil {
					return fmt.Errorf("%s: %w", sample.Name, err)
				}
			}
			im, err := s.Model.Transform().Image(sample.Image)
			if err != nil {
				return err
			}
			row, err := s.row(im, maps[i], p, sample.Label)
			if err != nil {
				return err
			}
			cells = append(cells, row...)
			page.add(sample, im, append(maps[i], explained.further[i]...), p)
			s.report.Images = append(s.report.Images, s.describe(b.Index[i], sample, maps[i], p, im))
			if err := s.saveImage(ctx, b.Index[i], maps[i], row); err != nil {
				return err
			}
		}
	}
	figure, err := render.Grid(ctx, cells, s.grid(s.perRow()*s.columnsEach()))
	if err != nil {
		return err
	}
	texts := []string{s.caption()}
	for _, c := range cells {
		texts = append(texts, c.Title)
	}
	s.Warn(s.stderr, s.out, texts...)
	if err := render.SavePNG(ctx, s.out, figure); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	read := len(s.report.Images)
	what := s.kind()
	if read < count {
		what += fmt.Sprintf(", less %d that cannot be read", count-read)
	}
	s.line("figure", "%s: images %d to %d of %s", s.out, s.start, s.start+count-1, what)
	if s.maps != "" {
		s.line("maps", "%s: %d .npy files", s.maps, read*s.mapsEach())
	}
	if s.each != "" {
		s.line("each", "%s: %d .png files", s.each, read)
	}
	if err := page.write(ctx); err != nil {
		return err
	}
	return s.writeJSON(ctx)
}

// mapsEach is the number of maps of an image.
func (s *session) mapsEach() int {
	_, classes := s.Model.Network().Widths()
	return len(s.ways) * max(1, min(s.top, classes))
}

// perRow is the number of images in a row of the figure.
func (s *session) perRow() int {
	switch {
	case s.cols > 0:
		return s.cols
	case s.mapsEach() == 1:
		return 10
	}
	return 1
}

// columnsEach is how many columns an image takes.
func (s *session) columnsEach() int {
	if n := s.mapsEach(); n > 1 {
		return 1 + n
	}
	return 1
}

func (s *session) grid(cols int) render.GridOptions {
	return render.GridOptions{Cols: cols, Alpha: &s.alpha, Colormap: s.cmap, Originals: s.pairs && s.mapsEach() == 1, Caption: s.caption(), Fonts: s.Fonts.Fonts()}
}

// row is an image's part of the figure: its map, titled by the class; or the image, and
// each of its maps titled by what it shows.
func (s *session) row(im *data.Image, maps []drawn, p []float64, label int) ([]render.Cell, error) {
	wrong := label >= 0 && p != nil && likeliest(p) != label
	name := func(class int, always bool) string {
		if p == nil {
			return ""
		}
		title := s.names[class]
		if always || s.Data.Classes() == nil {
			title = fmt.Sprintf("%s %.0f%%", title, 100*p[class])
		}
		return title
	}
	if len(maps) == 1 {
		cell, err := s.cell(im, maps[0].m)
		cell.Title, cell.Wrong = name(maps[0].m.Class, s.each != ""), wrong
		return []render.Cell{cell}, err
	}
	first := render.Cell{Base: im, Wrong: wrong}
	if p != nil {
		first.Title = name(likeliest(p), true)
	}
	cells := []render.Cell{first}
	for _, d := range maps {
		cell, err := s.cell(im, d.m)
		if err != nil {
			return nil, err
		}
		switch {
		case s.top == 0:
			cell.Title = d.way.name
		case len(s.ways) == 1:
			cell.Title = name(d.m.Class, true)
		default:
			cell.Title = d.way.name + ": " + s.names[d.m.Class]
		}
		cells = append(cells, cell)
	}
	return cells, nil
}

// cell is an image under its heat map. Of all methods but cam, whose maps the notebook
// draws as they are, what is below 0 is not shown.
func (s *session) cell(im *data.Image, m *cam.Map) (render.Cell, error) {
	heat, err := model.Heat(s.shown(m), im.Width, im.Height)
	return render.Cell{Base: im, Heat: heat, Color: s.overlay == "color"}, err
}

// shown is the part of a map that is drawn.
func (s *session) shown(m *cam.Map) *cam.Map {
	if len(s.ways) > 1 || s.ways[0].method != cam.Method(cam.CAM{}) {
		m = m.Rectified()
	}
	return m
}

// likeliest is the predicted class.
func likeliest(p []float64) int { return slices.Index(p, slices.Max(p)) }

// saveImage follows -maps and -each for one image.
func (s *session) saveImage(ctx context.Context, index int, maps []drawn, row []render.Cell) error {
	if s.maps != "" {
		for _, d := range maps {
			name := fmt.Sprintf("cam_%05d", index)
			if len(s.ways) > 1 {
				name += "_" + strings.NewReplacer(" ", "_", "*", "x").Replace(d.way.name)
			}
			if s.top > 0 {
				name += fmt.Sprintf("_class%d", d.m.Class)
			}
			if err := npy.Save(ctx, filepath.Join(s.maps, name+".npy"), []int{d.m.Height, d.m.Width}, d.m.Values); err != nil {
				return fmt.Errorf("-maps: %w", err)
			}
		}
	}
	if s.each == "" {
		return nil
	}
	opt := s.grid(len(row))
	opt.CellSize = min(max(320, row[0].Base.Bounds().Dx(), row[0].Base.Bounds().Dy()), 1024)
	picture, err := render.Grid(ctx, row, opt)
	if err != nil {
		return err
	}
	if err := render.SavePNG(ctx, filepath.Join(s.each, fmt.Sprintf("cam_%05d.png", index)), picture); err != nil {
		return fmt.Errorf("-each: %w", err)
	}
	return nil
}

// kind is what the maps are: "class activation maps over layer4", "maps by 3 methods".
func (s *session) kind() string {
	if len(s.ways) > 1 {
		return fmt.Sprintf("maps in %d ways", len(s.ways))
	}
	way, kind := s.ways[0], ""
	if kind = way.method.Name() + " maps"; way.method.Name() == "cam" {
		kind = "class activation maps"
	}
	if way.layer != "" {
		kind += " over " + way.layer
	}
	return kind
}

// caption says what the figure shows.
func (s *session) caption() string {
	class := "the predicted class"
	switch {
	case s.Model.Headless():
		class = "no class"
	case s.class != cam.Predicted:
		class = visible.Text(s.names[s.class])
	case s.top > 0:
		class = fmt.Sprintf("the %d likeliest classes", s.top)
	}
	kind := s.kind()
	text := fmt.Sprintf("%s%s, %s", strings.ToUpper(kind[:1]), kind[1:], class)
	if s.options.target != "logit" {
		text += ", " + s.options.target
	}
	if s.Data.Classes() != nil && !s.Model.Headless() {
		text += "; red: predicted wrong"
	}
	return text
}
