package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"time"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/metrics"
	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/nn"
)

// sanityImages are those of the first batch that the network with other weights sees.
const sanityImages = 8

// evaluation measures all ways, and two maps that see neither image nor network beside
// them.
func (s *session) evaluation(ctx context.Context) error {
	count := min(s.count, s.Data.Len()-s.start)
	ways := append([]*variant{
		{"(random)", baseline{"random"}, ""}, {"(centre)", baseline{"centre"}, ""},
	}, s.ways...)
	bar := cli.NewProgress(s.stderr, count*len(ways), "evaluate", "maps")
	sums, stopped := s.measureWays(ctx, ways, count, bar)
	bar.Done()
	images := sums[0].images
	if stopped != nil && (images == 0 || !errors.Is(stopped, context.Canceled)) {
		return stopped
	}
	e := &evaluation{Images: images}
	for i, way := range ways {
		e.Rows = append(e.Rows, sums[i].score(way))
	}
	s.report.Evaluation = e
	// What may have taken hours is written also when ctx ends before the last image.
	if err := s.writeEvaluation(context.WithoutCancel(ctx), e); err != nil {
		return err
	}
	if stopped != nil {
		s.line("stopped", "these are the scores of the first %d images", images)
	}
	return stopped
}

// measureWays measures the ways on the images that can be read. After an error it returns what is
// known from the batches before.
func (s *session) measureWays(ctx context.Context, ways []*variant, count int, bar *cli.Progress) ([]*tallied, error) {
	sums := make([]*tallied, len(ways))
	for i := range sums {
		sums[i] = newTallied()
	}
	opt := data.BatchOptions{Start: s.start, Count: count, Size: s.batch, DropImages: s.masks == ""}
	for b, err := range s.Batches(ctx, opt) {
		if err != nil {
			return sums, err
		}
		found := make([]object, len(b.Samples))
		for i := range found {
			if s.objects == nil {
				break
			}
			if found[i], err = s.objects.at(ctx, b, i); err != nil {
				return sums, err
			}
		}
		batch := make([]*tallied, len(ways))
		for i, way := range ways {
			bar.Describe(way.name)
			if batch[i], err = s.score(ctx, way, b, found, sums[0].images == 0); err != nil {
				return sums, fmt.Errorf("%s: %w", way.name, s.blame(ctx, b, err))
			}
			bar.Add(len(b.Samples))
		}
		for i, t := range batch {
			sums[i].join(t)
		}
	}
	return sums, nil
}

// tallied is what is known of a way so far.
type tallied struct {
	images, objects int
	sums            map[string]float64
	redrawn         map[string]float64
	boxes           [][]float64
	took            time.Duration
}

func newTallied() *tallied {
	return &tallied{sums: map[string]float64{}, redrawn: map[string]float64{}}
}

// join adds what is known of further images.
func (t *tallied) join(o *tallied) {
	t.images += o.images
	t.objects += o.objects
	t.took += o.took
	t.boxes = append(t.boxes, o.boxes...)
	for column, v := range o.sums {
		t.sums[column] += v
	}
	for module, v := range o.redrawn {
		t.redrawn[module] = v
	}
}

// score measures one way on one batch; redrawn tells whether to compare its maps with those
// of networks with other weights.
func (s *session) score(ctx context.Context, way *variant, b *data.Batch, found []object, redrawn bool) (*tallied, error) {
	n := len(b.Samples)
	t := newTallied()
	t.images = n
	q := s.question(b, s.of(n))
	began := time.Now()
	r, err := way.explain(ctx, q)
	if err != nil {
		return nil, err
	}
	t.took = time.Since(began)
	batch := metrics.Batch{Net: q.Net, Input: q.Input, Maps: r.Maps}
	confidences, err := metrics.Confidences(ctx, batch)
	if err != nil {
		return nil, err
	}
	deletions, err := metrics.Deletion(ctx, batch, metrics.CurveOptions{})
	if err != nil {
		return nil, err
	}
	insertions, err := metrics.Insertion(ctx, batch, metrics.CurveOptions{})
	if err != nil {
		return nil, err
	}
	removals, err := metrics.ROAD(ctx, batch, metrics.ROADOptions{})
	if err != nil {
		return nil, err
	}
	coherencies, err := metrics.Coherency(ctx, wayMethod{way}, q, r.Maps)
	if err != nil {
		return nil, err
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
			return nil, err
		}
	}
	if redrawn {
		if err := s.redraw(ctx, way, t, q); err != nil {
			return nil, err
		}
	}
	return t, nil
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
