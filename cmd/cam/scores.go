package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"strconv"

	"github.com/glimpse-go/glimpse/cam/metrics"
	"github.com/glimpse-go/glimpse/internal/visible"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/render"
)

// evaluation is the table of -evaluate.
type evaluation struct {
	Images int     `json:"images"`
	Rows   []score `json:"rows"`
}

// score is a row: means over the images.
type score struct {
	Way       string             `json:"way"`
	Layer     string             `json:"layer,omitempty"`
	Scores    map[string]float64 `json:"scores"`     // by column
	Redrawn   map[string]float64 `json:"redrawn"`    // rank correlation, by the module after which weights are other ones
	PerSecond float64            `json:"per_second"` // images explained a second
}

// column is a measure of the table.
type column struct {
	name   string
	better int // 1: high, -1: low
	about  string
}

// columns are all measures; the last ones need objects.
var columns = []column{
	{"drop", -1, "share of the probability lost where only what the map shows is left"},
	{"increase", 1, "share of images whose probability is higher then"},
	{"deletion", -1, "area under the probability as pixels go, most relevant first"},
	{"insertion", 1, "area under the probability as they come onto the blurred image"},
	{"road", 1, "half of what the least relevant pixels leave more of the probability than the most relevant, filled in from around"},
	{"complexity", -1, "mean of the map"},
	{"coherency", 1, "likeness of the map to that of what it shows"},
	{"adcc", 1, "harmonic mean of coherency, and what complexity and drop leave"},
	{"redrawn", -1, "rank correlation with the map of the same network with weights drawn at random; near 0 for a method that explains the network"},
	{"pointing", 1, "share of maps that peak inside the object"},
	{"energy", 1, "share of the map inside the object"},
	{"iou", 1, "best intersection over union with the object, over thresholds"},
	{"boxes", 1, "share of boxes found (MaxBoxAccV2)"},
}

// withObjects is the first column that needs objects.
const withObjects = 9

// score is the row.
func (t *tallied) score(way *variant) score {
	r := score{Way: way.name, Layer: way.layer, Scores: map[string]float64{}, Redrawn: t.redrawn, PerSecond: float64(t.images) / t.took.Seconds()}
	for i, c := range columns {
		switch {
		case c.name == "redrawn":
			r.Scores[c.name] = t.redrawn[nn.InputName]
		case i < withObjects:
			r.Scores[c.name] = t.sums[c.name] / float64(t.images)
		case t.objects > 0 && c.name == "boxes":
			r.Scores[c.name] = metrics.MaxBoxAccV2(t.boxes)
		case t.objects > 0:
			r.Scores[c.name] = t.sums[c.name] / float64(t.objects)
		}
	}
	return r
}

// writeEvaluation prints, draws and writes the table.
func (s *session) writeEvaluation(ctx context.Context, e *evaluation) error {
	used := columns
	if _, ok := e.Rows[0].Scores["pointing"]; !ok {
		used = columns[:withObjects]
	}
	head := []string{"way"}
	var names []string
	for _, c := range used {
		head = append(head, c.name)
		names = append(names, c.name+map[int]string{1: " ↑", -1: " ↓"}[c.better])
	}
	names, head = append(names, "images/s"), append(head, "images_per_second")
	table := [][]string{head}
	wide := 0
	for _, r := range e.Rows {
		wide = max(wide, len(visible.Text(r.Way)))
	}
	w := s.findings()
	fmt.Fprintf(w, "\n%-*s", wide, "")
	for _, name := range names {
		fmt.Fprintf(w, " %12s", name)
	}
	fmt.Fprintln(w)
	rows := make([]render.TableRow, len(e.Rows))
	for i, r := range e.Rows {
		fmt.Fprintf(w, "%-*s", wide, visible.Text(r.Way))
		rows[i].Name = r.Way
		record := []string{r.Way}
		for _, c := range used {
			v := r.Scores[c.name]
			fmt.Fprintf(w, " %12.3f", v)
			rows[i].Cells = append(rows[i].Cells, render.TableCell{Text: fmt.Sprintf("%.3f", v), Shade: e.shade(c, v)})
			record = append(record, strconv.FormatFloat(v, 'g', 6, 64))
		}
		fmt.Fprintf(w, " %12s\n", rate(r.PerSecond))
		rows[i].Cells = append(rows[i].Cells, render.TableCell{Text: rate(r.PerSecond), Shade: math.NaN()})
		table = append(table, append(record, strconv.FormatFloat(r.PerSecond, 'g', 4, 64)))
	}
	fmt.Fprintln(w)
	for _, c := range used {
		fmt.Fprintf(w, "%-11s %s\n", c.name, c.about)
	}
	fmt.Fprintln(w)
	title := fmt.Sprintf("How good are the maps? %d images of %s", e.Images, visible.Text(s.DataName))
	texts := []string{title}
	for _, r := range rows {
		texts = append(texts, r.Name)
	}
	s.Warn(s.stderr, s.out, texts...)
	figure, err := render.Table(ctx, names, rows, render.TableOptions{
		Title:   title,
		Fonts:   s.Fonts.Fonts(),
		Caption: "Yellow is better, column by column. (random) and (centre) are maps that see neither image nor network.",
	})
	if err != nil {
		return err
	}
	if err := render.SavePNG(ctx, s.out, figure); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	s.line("figure", "%s", s.out)
	if s.csv != "" {
		var text bytes.Buffer
		csv := csv.NewWriter(&text)
		if err := csv.WriteAll(table); err != nil {
			return fmt.Errorf("-csv: %w", err)
		}
		if err := s.write(ctx, "csv", s.csv, text.Bytes()); err != nil {
			return err
		}
	}
	return s.writeJSON(ctx)
}

// rate is a number with three digits or more.
func rate(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// shade is 1 for the best value of a column and 0 for the worst; a correlation is best at 0.
func (e *evaluation) shade(c column, v float64) float64 {
	good := func(v float64) float64 {
		if c.name == "redrawn" {
			return math.Abs(v)
		}
		return v
	}
	v = good(v)
	low, high := math.Inf(1), math.Inf(-1)
	for _, r := range e.Rows {
		low, high = min(low, good(r.Scores[c.name])), max(high, good(r.Scores[c.name]))
	}
	if low == high {
		return 0.5
	}
	share := (v - low) / (high - low)
	if c.better < 0 {
		share = 1 - share
	}
	return share
}
