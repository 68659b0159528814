package live_test

import (
	"encoding/json"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/cmd/internal/live"
	"github.com/glimpse-go/glimpse/cmd/internal/live/answer"
	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn/pretrained"
	"github.com/glimpse-go/glimpse/pca"
	"github.com/glimpse-go/glimpse/tsne"
)

// cases is what testdata/live.test.mjs compares the program's answers with.
type cases struct {
	Classes []string
	Spread  float64 // of the t-SNE
	Images  []nodeCase
}

type nodeCase struct {
	RGBA, Input         []byte
	Width, Height       int
	Class               int
	Probabilities       []float64
	Logits              []float32
	MapWidth, MapHeight int
	Values, Values2     []float32 // of the predicted class, and of class 2
	Levels              []byte
	Places              map[string][]float64
	Neighbours          []int
}

// node returns the path of a Node that can run the test, or skips the test.
func node(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds a program for WebAssembly")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go command here to build with")
	}
	path, err := exec.LookPath("node")
	if err != nil {
		t.Skip("there is no node command here to run WebAssembly with")
	}
	out, err := exec.Command(path, "--version").Output()
	if err != nil {
		t.Skipf("node --version: %v", err)
	}
	major, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(string(out)), "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < 20 {
		t.Skipf("node is %s, the test needs 20", strings.TrimSpace(string(out)))
	}
	return path
}

// The program answers under Node as the library does natively, and the page's side of it
// shows what goes wrong. The numbers of the library are PyTorch's, by other tests.
func TestNode(t *testing.T) {
	nodePath := node(t)
	sd, err := pretrained.Scenes()
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(sd, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var pictures []image.Image
	for i := range 40 {
		pictures = append(pictures, scenes.Draw(uint64(i)).Image)
	}
	x, err := m.Features(t.Context(), pictures...)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pca.Fit(t.Context(), x, pca.Options{Components: 2})
	if err != nil {
		t.Fatal(err)
	}
	o := tsne.Options{Perplexity: 8, Iterations: 400}
	r, err := tsne.Fit(t.Context(), x, o)
	if err != nil {
		t.Fatal(err)
	}
	space := &answer.Space{Features: x, Layouts: []answer.Layout{{Name: "t-SNE", At: r.Layout, TSNE: &o}, {Name: "PCA", PCA: p}}}

	dir := t.TempDir()
	flags := live.Flags{Live: true}
	blocks, err := flags.Blocks(t.Context(), sd, model.Options{}, space, func(words string) { t.Log(words) })
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range blocks {
		write(t, filepath.Join(dir, "blocks", "live-"+name), data)
		t.Logf("live-%s: %d bytes", name, len(data))
	}
	write(t, filepath.Join(dir, "package.json"), []byte(`{"type": "module"}`))
	for to, from := range map[string]string{
		"page/live.js": "render/explorer/page/src/live.js", "page/worker.js": "render/explorer/page/src/worker.js",
		"live.test.mjs": "cmd/internal/live/testdata/live.test.mjs",
	} {
		content, err := os.ReadFile(golden.Path(t, "..", "..", filepath.FromSlash(from)))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, filepath.FromSlash(to)), content)
	}
	c := cases{Classes: m.Classes(), Spread: mat.Max(r.Layout) - mat.Min(r.Layout)}
	for _, im := range images() {
		c.Images = append(c.Images, native(t, m, p, r, x, im))
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "cases.json"), text)

	run := exec.CommandContext(t.Context(), nodePath, "--test", "--test-reporter=spec", "live.test.mjs")
	run.Dir = dir
	out, err := run.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// images are scenes, and one that is neither square nor of the network's size, nor opaque.
func images() []*image.NRGBA {
	var out []*image.NRGBA
	for i := 100; i < 108; i++ {
		s := scenes.Draw(uint64(i)).Image
		im := image.NewNRGBA(image.Rect(0, 0, scenes.Size, scenes.Size))
		for p := range scenes.Size * scenes.Size {
			copy(im.Pix[4*p:], s.Pix[3*p:3*p+3])
			im.Pix[4*p+3] = 255
		}
		out = append(out, im)
	}
	odd := image.NewNRGBA(image.Rect(0, 0, 211, 130))
	for i := range odd.Pix {
		odd.Pix[i] = uint8(i * i >> 7)
	}
	return append(out, odd)
}

// native is what the library says of an image.
func native(t *testing.T, m *model.Model, p *pca.Model, r *tsne.Result, x *mat.Dense, im *image.NRGBA) nodeCase {
	t.Helper()
	e, err := m.Explain(t.Context(), im, cam.Predicted)
	if err != nil {
		t.Fatal(err)
	}
	other, err := m.Explain(t.Context(), im, 2)
	if err != nil {
		t.Fatal(err)
	}
	row, err := m.Features(t.Context(), im)
	if err != nil {
		t.Fatal(err)
	}
	byPCA, err := p.Transform(t.Context(), row)
	if err != nil {
		t.Fatal(err)
	}
	byTSNE, err := r.Transform(t.Context(), row, tsne.TransformOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c := nodeCase{
		RGBA: im.Pix, Input: e.Input.Pix, Width: im.Rect.Dx(), Height: im.Rect.Dy(), Class: e.Map.Class, Logits: e.Logits,
		MapWidth: e.Map.Width, MapHeight: e.Map.Height, Values: e.Map.Values, Values2: other.Map.Values, Levels: e.Map.Bytes(),
		Places:     map[string][]float64{"PCA": byPCA.RawRowView(0), "t-SNE": byTSNE.RawRowView(0)},
		Neighbours: nearest(x, row.RawRowView(0), answer.MaxNeighbours),
	}
	if c.Probabilities, err = model.Probabilities(e.Logits); err != nil {
		t.Fatal(err)
	}
	return c
}

// nearest are the rows of x that are nearest to a point, nearest first.
func nearest(x *mat.Dense, to []float64, k int) []int {
	n, _ := x.Dims()
	d2 := make([]float64, n)
	for i := range n {
		for j, v := range x.RawRowView(i) {
			d2[i] += (v - to[j]) * (v - to[j])
		}
	}
	var out []int
	used := make([]bool, n)
	for range k {
		best := -1
		for i := range n {
			if !used[i] && (best < 0 || d2[i] < d2[best]) {
				best = i
			}
		}
		used[best] = true
		out = append(out, best)
	}
	return out
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}
