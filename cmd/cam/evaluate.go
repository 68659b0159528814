package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"image"
	"math"
	"strconv"
	"time"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/metrics"
	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/data"
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

// sanityImages are those of the first batch that the network with other weights sees.
const sanityImages = 8

// evaluation measures all ways, and two maps that see neither image nor network beside
// them.
func (s *session) evaluation(ctx context.Context) error {
	count := min(s.count, s.Data.Len()-s.start)
	ways := append([]*variant{
		{"(random)", baseline{"random"}, ""}, {"(centre)", baseline{"centre"}, ""},
	}, s.ways...)
	sums := make([]*tallied, len(ways))
	for i := range sums {
		sums[i] = &tallied{sums: map[string]float64{}, redrawn: map[string]float64{}}
	}
	bar := cli.NewProgress(s.stderr, count*len(ways), "evaluate", "maps")
	defer bar.Done()
	images := 0 // that can be read
	opt := data.BatchOptions{Start: s.start, Count: count, Size: s.batch, DropImages: s.masks == ""}
	for b, err := range s.Batches(ctx, opt) {
		if err != nil {
			return err
		}
		found := make([]object, len(b.Samples))
		for i := range found {
			if s.objects == nil {
				break
			}
			if found[i], err = s.objects.at(ctx, b, i); err != nil {
				return err
			}
		}
		for i, way := range ways {
			bar.Describe(way.name)
			if err := s.score(ctx, way, sums[i], b, found); err != nil {
				return fmt.Errorf("%s: %w", way.name, s.blame(ctx, b, err))
			}
			bar.Add(len(b.Samples))
		}
		images += len(b.Samples)
	}
	bar.Done()
	e := &evaluation{Images: images}
	for i, way := range ways {
		e.Rows = append(e.Rows, sums[i].score(way))
	}
	s.report.Evaluation = e
	return s.writeEvaluation(ctx, e)
}

// tallied is what is known of a way so far.
type tallied struct {
	images, objects int
	sums            map[string]float64
	redrawn         map[string]float64
	boxes           [][]float64
	took            time.Duration
}

// score measures one way on one batch.
func (s *session) score(ctx context.Context, way *variant, t *tallied, b *data.Batch, found []object) error {
	n := len(b.Samples)
	q := s.question(b, s.of(n))
	began := time.Now()
	r, err := way.explain(ctx, q)
	if err != nil {
		return err
	}
	t.took += time.Since(began)
	batch := metrics.Batch{Net: q.Net, Input: q.Input, Maps: r.Maps}
	confidences, err := metrics.Confidences(ctx, batch)
	if err != nil {
		return err
	}
	deletions, err := metrics.Deletion(ctx, batch, metrics.CurveOptions{})
	if err != nil {
		return err
	}
	insertions, err := metrics.Insertion(ctx, batch, metrics.CurveOptions{})
	if err != nil {
		return err
	}
	removals, err := metrics.ROAD(ctx, batch, metrics.ROADOptions{})
	if err != nil {
		return err
	}
	coherencies, err := metrics.Coherency(ctx, wayMethod{way}, q, r.Maps)
	if err != nil {
		return err
	}
	height, width := b.Shape[2], b.Shape[3]
	for i, m := range r.Maps {
		complexity, drop := metrics.Complexity(m, width, height), confidences[i].Drop()
		t.add("drop", drop)
		t.add("increase", confidences[i].Increase())
		t.add("deletion", deletions[i].Area())
		t.add("insertion", insertions[i].Area())
		t.add("road", removals[i].Combined())
		t.add("complexity", complexity)
		t.add("coherency", coherencies[i])
		t.add("adcc", metrics.ADCC(coherencies[i], complexity, drop))
		if err := t.locate(m, found[i]); err != nil {
			return err
		}
	}
	if t.images == 0 {
		if err := s.redraw(ctx, way, t, q); err != nil {
			return err
		}
	}
	t.images += n
	return nil
}

func (t *tallied) add(column string, v float64) { t.sums[column] += v }

// locate compares a map with the object, where one is known.
func (t *tallied) locate(m *cam.Map, o object) error {
	if o.area() == 0 {
		return nil
	}
	hit, err := metrics.Pointing(m, o.mask, o.width, o.height)
	if err != nil {
		return err
	}
	if hit {
		t.add("pointing", 1)
	}
	energy, err := metrics.Energy(m, o.mask, o.width, o.height)
	if err != nil {
		return err
	}
	iou, err := metrics.BestIoU(m, o.mask, o.width, o.height)
	if err != nil {
		return err
	}
	boxes, err := metrics.BoxIoU(m, o.boxes, o.width, o.height)
	if err != nil {
		return err
	}
	t.add("energy", energy)
	t.add("iou", iou)
	t.boxes = append(t.boxes, boxes)
	t.objects++
	return nil
}

// redraw compares the maps of some images with those of networks with other weights.
func (s *session) redraw(ctx context.Context, way *variant, t *tallied, q cam.Question) error {
	n := min(sanityImages, q.Input.Shape[0])
	q.Input = &nn.Tensor{Shape: append([]int{n}, q.Input.Shape[1:]...), Data: q.Input.Data[:n*(len(q.Input.Data)/q.Input.Shape[0])]}
	if q.Classes != nil {
		q.Classes = q.Classes[:n]
	}
	steps, err := metrics.Sanity(ctx, wayMethod{way}, q, 1)
	if err != nil {
		return err
	}
	for _, step := range steps {
		t.redrawn[step.After] = metrics.Mean(step.Alike)
	}
	return nil
}

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

// wayMethod is a way as a method, with its layer.
type wayMethod struct{ *variant }

func (w wayMethod) Name() string  { return w.name }
func (w wayMethod) About() string { return w.method.About() }
func (w wayMethod) Explain(ctx context.Context, q cam.Question) (*cam.Result, error) {
	return w.explain(ctx, q)
}

// baseline is a map that sees nothing: of random numbers, the same for every image, or
// largest at the centre.
type baseline struct{ name string }

func (b baseline) Name() string { return b.name }
func (baseline) About() string  { return "a map that sees nothing" }

// Explain returns maps of 7 x 7 numbers.
func (b baseline) Explain(ctx context.Context, q cam.Question) (*cam.Result, error) {
	r, err := q.Net.Run(ctx, q.Input)
	if err != nil {
		return nil, err
	}
	const side = 7
	out := &cam.Result{Logits: r.Logits, Features: r.Features}
	n, classes := r.Logits.Shape[0], r.Logits.Shape[1]
	random := make([]float32, side*side)
	cam.Normal(7)(0, random)
	for i := range n {
		m := &cam.Map{Class: nn.Argmax(r.Logits.Data[i*classes : (i+1)*classes]), Width: side, Height: side, Values: random}
		if q.Classes != nil && q.Classes[i] != cam.Predicted {
			m.Class = q.Classes[i]
		}
		if b.name == "centre" {
			m.Values = make([]float32, side*side)
			for p := range m.Values {
				at := image.Pt(p%side-side/2, p/side-side/2)
				m.Values[p] = float32(math.Exp(-float64(at.X*at.X+at.Y*at.Y) / 8))
			}
		}
		out.Maps = append(out.Maps, m)
	}
	return out, nil
}
