package cmd_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/pca"
	"github.com/glimpse-go/glimpse/render"
	"github.com/glimpse-go/glimpse/tsne"
)

// maps is the first half of NOTEBOOK.md: accuracy and class activation maps.
func maps(ctx context.Context, stl10, weights, figure string) (correct int, err error) {
	images, err := data.Open(ctx, stl10, data.OpenOptions{Split: "all"})
	if err != nil {
		return 0, err
	}
	defer images.Close()

	m, err := model.Load(ctx, weights, model.Options{Size: 128, Classes: images.Classes()})
	if err != nil {
		return 0, err
	}

	for batch, err := range data.Batches(ctx, images, data.BatchOptions{Size: 40, Transform: m.Transform()}) {
		if err != nil {
			return 0, err
		}
		r, err := m.Network().Run(ctx, &nn.Tensor{Shape: batch.Shape, Data: batch.Pixels})
		if err != nil {
			return 0, err
		}
		for i, s := range batch.Samples {
			logits, _ := r.Logits.Sample(i)
			if nn.Argmax(logits.Data) == s.Label {
				correct++
			}
		}
	}

	var cells []render.Cell
	for i := 10; i < 30; i++ {
		s, err := images.Sample(ctx, i)
		if err != nil {
			return 0, err
		}
		e, err := m.Explain(ctx, s.Image, cam.Predicted)
		if err != nil {
			return 0, err
		}
		heat, err := model.Heat(e.Map, e.Input.Width, e.Input.Height)
		if err != nil {
			return 0, err
		}
		cells = append(cells, render.Cell{
			Base: e.Input, Heat: heat,
			Title: m.Classes()[e.Map.Class], Wrong: e.Map.Class != s.Label,
		})
	}

	grid, err := render.Grid(ctx, cells, render.GridOptions{Cols: 10})
	if err != nil {
		return 0, err
	}
	return correct, render.SavePNG(ctx, figure, grid)
}

// layouts is the second half: features, t-SNE and PCA.
func layouts(ctx context.Context, cifar10, weights, figure string) (ratios []float64, err error) {
	test, err := data.Open(ctx, cifar10, data.OpenOptions{Split: "test"})
	if err != nil {
		return nil, err
	}
	defer test.Close()
	m, err := model.Load(ctx, weights, model.Options{Size: model.AsIs, Mean: []float32{0.5}, Std: []float32{0.5}})
	if err != nil {
		return nil, err
	}
	var pictures []image.Image
	var labels []int
	for i := range test.Len() {
		s, err := test.Sample(ctx, i)
		if err != nil {
			return nil, err
		}
		pictures, labels = append(pictures, s.Image), append(labels, s.Label)
	}
	features, err := m.Features(ctx, pictures...)
	if err != nil {
		return nil, err
	}

	layout, err := tsne.Fit(ctx, features, tsne.Options{Components: 2, Seed: 0})
	if err != nil {
		return nil, err
	}

	x, y := mat.Col(nil, 0, layout.Layout), mat.Col(nil, 1, layout.Layout)
	series, err := render.ByClass(x, y, labels, test.Classes())
	if err != nil {
		return nil, err
	}
	scatter, err := render.Scatter(series, render.ScatterOptions{Title: "t-SNE"})
	if err != nil {
		return nil, err
	}
	if err := scatter.Save(ctx, figure); err != nil {
		return nil, err
	}

	p, err := pca.Fit(ctx, features, pca.Options{Components: 2})
	if err != nil {
		return nil, err
	}
	return p.ExplainedVarianceRatio, nil
}

// The notebook's halves run, on scenes in class folders with the network that knows
// them.
func TestNotebookRuns(t *testing.T) {
	dir := t.TempDir()
	const count = 40
	for i := range count {
		s := scenes.Draw(uint64(i))
		class := filepath.Join(dir, "test", scenes.Classes()[s.Label])
		var b bytes.Buffer
		if err := errors.Join(os.MkdirAll(class, 0o755), png.Encode(&b, s.Image), os.WriteFile(filepath.Join(class, fmt.Sprintf("%02d.png", i)), b.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	weights := golden.Path(t, "..", "..", "nn", "pretrained", "scenes.safetensors")
	figure := filepath.Join(t.TempDir(), "cam.png")
	correct, err := maps(t.Context(), dir, weights, figure)
	if err != nil {
		t.Fatal(err)
	}
	if correct < count*9/10 {
		t.Errorf("%d of %d right", correct, count)
	}
	scatter := filepath.Join(t.TempDir(), "tsne.png")
	ratios, err := layouts(t.Context(), dir, weights, scatter)
	if err != nil {
		t.Fatal(err)
	}
	if len(ratios) != 2 || !(ratios[0] >= ratios[1] && ratios[1] > 0 && ratios[0]+ratios[1] < 1) {
		t.Errorf("explained variance ratios %v", ratios)
	}
	for _, path := range []string{figure, scatter} {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		config, err := png.DecodeConfig(f)
		f.Close()
		if err != nil || config.Width < 500 {
			t.Errorf("%s: %d pixels wide (%v)", path, config.Width, err)
		}
	}
}

// blocks returns the code blocks of a page in a language.
func blocks(page []byte, language string) []string {
	var out []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```").FindAllSubmatch(page, -1) {
		out = append(out, string(m[1]))
	}
	return out
}

// The page's Go is what TestNotebookRuns runs, but for the handling of errors, and
// its commands are ones that the programs take.
func TestNotebookPage(t *testing.T) {
	page, err := os.ReadFile("NOTEBOOK.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("notebook_test.go")
	if err != nil {
		t.Fatal(err)
	}
	bare := regexp.MustCompile(`(?m)^\s*if err != nil \{\s*\n\s*return .*\n\s*\}\n`).ReplaceAllString(string(source), "")
	plain := func(code string) string {
		var lines []string
		for line := range strings.Lines(code) {
			if line = strings.TrimSpace(line); line != "" {
				lines = append(lines, line)
			}
		}
		return strings.Join(lines, "\n")
	}
	code := blocks(page, "go")
	if len(code) < 8 {
		t.Errorf("%d blocks of Go", len(code))
	}
	for _, block := range code {
		if !strings.Contains(plain(bare), plain(block)) {
			t.Errorf("not in notebook_test.go:\n%s", block)
		}
	}
	commands := 0
	for _, block := range blocks(page, "sh") {
		for line := range strings.Lines(block) {
			fields := strings.Fields(line)
			if len(fields) < 3 || fields[0] != "go" || fields[1] != "run" {
				t.Errorf("not a command of ours: %s", line)
				continue
			}
			commands++
			// The data sets are not here: status 1. A flag that is wrong would be 2.
			c := command{program: filepath.Base(fields[2]), args: fields[3:], dir: t.TempDir()}
			o := c.run(t, nil)
			if o.status != 1 || !strings.Contains(o.stderr, "no such file") && !strings.Contains(o.stderr, "cannot find") {
				t.Errorf("%s: %v", strings.TrimSpace(line), o)
			}
		}
	}
	if commands < 3 {
		t.Errorf("%d commands", commands)
	}
}
