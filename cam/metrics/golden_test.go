package metrics

import (
	"context"
	"fmt"
	"image"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/arch"
)

// The images, maps and network of testdata/export/metrics.py.
const (
	images, channels, height, width = 3, 3, 64, 48
	mapHeight, mapWidth             = 6, 5
)

var classes = []int{1, 3, 0}

func coarse(name string, class int) *cam.Map {
	return &cam.Map{Class: class, Width: mapWidth, Height: mapHeight, Values: golden.Uniform(name, mapWidth*mapHeight, 1)}
}

// batch is the golden's, on the compiled network.
func batch(t testing.TB, f *golden.File) Batch {
	t.Helper()
	a := golden.Open(t, "arch/resnet18")
	opt, err := arch.ParseOptions(a.Metadata("options"))
	if err != nil {
		t.Fatal(err)
	}
	g, err := arch.Build(a.StateDict(), opt)
	if err != nil {
		t.Fatal(err)
	}
	scale, err := strconv.ParseFloat(f.Metadata("resnet18 head"), 32)
	if err != nil {
		t.Fatal(err)
	}
	for i := range g.Head().Weight.Data {
		g.Head().Weight.Data[i] *= float32(scale)
	}
	for i := range g.Head().Bias {
		g.Head().Bias[i] *= float32(scale)
	}
	net, err := nn.Compile(g)
	if err != nil {
		t.Fatal(err)
	}
	x, err := nn.NewTensor(images, channels, height, width)
	if err != nil {
		t.Fatal(err)
	}
	b := Batch{Net: net, Input: x}
	for i := range images {
		copy(x.Data[i*channels*height*width:], golden.Uniform(fmt.Sprint("image ", i), channels*height*width, 1))
		b.Maps = append(b.Maps, coarse(fmt.Sprint("map ", i), classes[i]))
	}
	return b
}

// near compares with a golden, to an absolute limit: scores are probabilities.
func near(t *testing.T, f *golden.File, name string, got []float64, limit float64) {
	t.Helper()
	want := f.Float32(name)
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", name, len(got), len(want))
	}
	worst := 0.0
	for i, v := range got {
		worst = max(worst, math.Abs(v-float64(want[i])))
	}
	t.Logf("%s: %.2g", name, worst)
	if !(worst <= limit) {
		t.Errorf("%s: differs by %.2g, want %.2g: %v, want %v", name, worst, limit, got[:min(len(got), 5)], want[:min(len(want), 5)])
	}
}

func floats(values []float32) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}

func TestConfidenceAgainstPeers(t *testing.T) {
	f := golden.Open(t, "metrics.safetensors")
	c, err := Confidences(t.Context(), batch(t, f))
	if err != nil {
		t.Fatal(err)
	}
	var whole, shown, drop []float64
	for _, c := range c {
		whole, shown, drop = append(whole, c.Whole), append(shown, c.Shown), append(drop, c.Drop())
		if (c.Increase() == 1) != (c.Shown > c.Whole) || c.Increase() == 1 && c.Drop() != 0 {
			t.Errorf("%+v: increase %v, drop %v", c, c.Increase(), c.Drop())
		}
	}
	near(t, f, "confidence.whole", whole, 1e-5)
	near(t, f, "confidence.shown", shown, 1e-5)
	near(t, f, "confidence.drop", drop, 2e-5)
}

func TestCurvesAgainstFormula(t *testing.T) {
	f := golden.Open(t, "metrics.safetensors")
	b := batch(t, f)
	for name, measure := range map[string]func(context.Context, Batch, CurveOptions) ([]Curve, error){"deletion": Deletion, "insertion": Insertion} {
		curves, err := measure(t.Context(), b, CurveOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var scores, areas []float64
		for _, c := range curves {
			scores, areas = append(scores, c.Scores...), append(areas, c.Area())
		}
		near(t, f, name+".scores", scores, 1e-5)
		near(t, f, name+".area", areas, 1e-5)
	}
	near(t, f, "blurred", floats(Blurred(golden.Uniform("image 0", channels*height*width, 1), channels, height, width)), 1e-6)
}

// ROAD's linear system, over blobs and over speckles, against SciPy's direct solution.
func TestImputeAgainstPeers(t *testing.T) {
	f := golden.Open(t, "metrics.safetensors")
	im := golden.Uniform("image 0", channels*height*width, 1)
	for name, values := range map[string][]float32{
		"blob":    coarse("map 0", 1).Scaled(width, height).Values,
		"speckle": golden.Uniform("speckle", height*width, 1),
	} {
		for _, keep := range percentiles(t, f) {
			got, err := Impute(t.Context(), im, below(values, keep), channels, height, width)
			if err != nil {
				t.Fatal(err)
			}
			var some []float64
			for c := range channels {
				for y := 0; y < height; y += 3 {
					for x := 0; x < width; x += 2 {
						some = append(some, float64(got[(c*height+y)*width+x]))
					}
				}
			}
			near(t, f, fmt.Sprintf("impute.%s.%v", name, keep), some, 1e-6)
		}
	}
}

func percentiles(t *testing.T, f *golden.File) (out []float64) {
	for _, text := range strings.Fields(f.Metadata("percentiles")) {
		p, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

func TestROADAgainstPeers(t *testing.T) {
	f := golden.Open(t, "metrics.safetensors")
	noise := func(s int, out []float32) { copy(out, golden.Uniform(fmt.Sprint("road ", s), len(out), 1)) }
	removals, err := ROAD(t.Context(), batch(t, f), ROADOptions{Percentiles: percentiles(t, f), Noise: noise})
	if err != nil {
		t.Fatal(err)
	}
	var most, least []float64
	for _, r := range removals {
		most, least = append(most, r.Most...), append(least, r.Least...)
		if got, want := r.Combined(), (Mean(r.Least)-Mean(r.Most))/2; got != want {
			t.Errorf("combined %v, want %v", got, want)
		}
	}
	near(t, f, "road.most", most, 1e-5)
	near(t, f, "road.least", least, 1e-5)
}

// answers is a method that says what it is told to.
type answers []*cam.Map

func (answers) Name() string  { return "answers" }
func (answers) About() string { return "" }
func (a answers) Explain(context.Context, cam.Question) (*cam.Result, error) {
	return &cam.Result{Maps: a}, nil
}

func TestCoherencyAgainstNumPy(t *testing.T) {
	f := golden.Open(t, "metrics.safetensors")
	b := batch(t, f)
	var again answers
	for i := range images {
		again = append(again, coarse(fmt.Sprint("map ", images+i), classes[i]))
	}
	coherency, err := Coherency(t.Context(), again, cam.Question{Net: b.Net, Input: b.Input}, b.Maps)
	if err != nil {
		t.Fatal(err)
	}
	drops, err := Confidences(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	var complexity, adcc []float64
	for i, m := range b.Maps {
		complexity = append(complexity, Complexity(m, width, height))
		adcc = append(adcc, ADCC(coherency[i], complexity[i], drops[i].Drop()))
	}
	near(t, f, "complexity", complexity, 1e-6)
	near(t, f, "coherency", coherency, 1e-6)
	near(t, f, "adcc", adcc, 1e-5)
	var spearman []float64
	mixed, ties := golden.Uniform("rank 0", 500, 1), golden.Uniform("ties", 500, 1)
	other := golden.Uniform("rank 1", 500, 1)
	for i := range mixed {
		mixed[i] += other[i] / 2
		ties[i] = float32(math.RoundToEven(float64(ties[i] * 5)))
	}
	for _, pair := range [][2][]float32{{mixed, other}, {ties, golden.Uniform("rank 0", 500, 1)}} {
		c, err := RankCorrelation(pair[0], pair[1])
		if err != nil {
			t.Fatal(err)
		}
		spearman = append(spearman, c)
	}
	near(t, f, "spearman", spearman, 1e-6)
}

func TestLocalisationAgainstOpenCV(t *testing.T) {
	f := golden.Open(t, "metrics.safetensors")
	var hits, energies, ious, boxious []float64
	var all [][]float64
	box := f.Float32("boxes")
	for i := range images {
		m := coarse(fmt.Sprint("map ", i), classes[i])
		mask := make([]bool, width*height)
		for p, v := range coarse(fmt.Sprint("object ", i), 0).Scaled(width, height).Values {
			mask[p] = v > 0.4
		}
		hit, err := Pointing(m, mask, width, height)
		if err != nil {
			t.Fatal(err)
		}
		hits = append(hits, map[bool]float64{true: 1}[hit])
		energy, err := Energy(m, mask, width, height)
		if err != nil {
			t.Fatal(err)
		}
		iou, err := BestIoU(m, mask, width, height)
		if err != nil {
			t.Fatal(err)
		}
		energies, ious = append(energies, energy), append(ious, iou)
		var boxes []image.Rectangle
		for k := range 2 {
			b := box[(i*2+k)*4:]
			boxes = append(boxes, image.Rect(int(b[0]), int(b[1]), int(b[2]), int(b[3])))
		}
		if around, err := BoxOf(mask, width, height); err != nil || around != boxes[0] {
			t.Errorf("box %v (%v), want %v", around, err, boxes[0])
		}
		best, err := BoxIoU(m, boxes, width, height)
		if err != nil {
			t.Fatal(err)
		}
		boxious, all = append(boxious, best...), append(all, best)
	}
	near(t, f, "pointing", hits, 0)
	near(t, f, "energy", energies, 1e-6)
	near(t, f, "iou", ious, 1e-6)
	near(t, f, "boxiou", boxious, 1e-6)
	near(t, f, "maxboxaccv2", []float64{MaxBoxAccV2(all)}, 1e-6)
}

// below tells which values are below their percentile.
func below(values []float32, q float64) []bool {
	threshold := percentile(sorted(values), q)
	out := make([]bool, len(values))
	for p, v := range values {
		out[p] = float64(v) < threshold
	}
	return out
}
