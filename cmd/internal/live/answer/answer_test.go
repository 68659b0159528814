package answer_test

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/cmd/internal/live/answer"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/nn/arch"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
	"github.com/glimpse-go/glimpse/nn/pretrained"
	"github.com/glimpse-go/glimpse/pca"
	"github.com/glimpse-go/glimpse/tsne"
)

func network(t testing.TB) *checkpoint.StateDict {
	t.Helper()
	sd, err := pretrained.Scenes()
	if err != nil {
		t.Fatal(err)
	}
	return sd
}

func quiet(string) {}

// rgba is a scene as a canvas gives it.
func rgba(i int) []byte {
	var out []byte
	pix := scenes.Draw(uint64(i)).Image.Pix
	for p := 0; p < len(pix); p += 3 {
		out = append(out, pix[p], pix[p+1], pix[p+2], 255)
	}
	return out
}

// A packed network gives the model's very numbers where its weights are in half precision
// already, with whatever options the model was made with.
func TestAnswersAreTheModels(t *testing.T) {
	const high = 70 // so that it matters whether the picture is left as it is
	sd := network(t)
	names := []string{"a,b", "</script>", "c", "d", "e", "f", "g", "h", "i", "j"}
	for _, opt := range []model.Options{
		{},
		{Size: 128, Classes: names, Layer: "layer4"},
		{Size: model.AsIs, Mean: []float32{0.4, 0.5, 0.6}, Std: []float32{0.25}},
		{Mean: []float32{}, Std: []float32{}}, // 0 and 1, not the metadata's
		{Resize: 80, Crop: 64},
		{Resize: model.AsIs, Crop: 48},
		{Resize: 80, Crop: model.AsIs},
		{Network: arch.Options{"eps": "0.01"}},
		{Method: cam.GradCAMPlusPlus{}, Layer: "layer3"},
	} {
		m, err := model.New(sd, opt)
		if err != nil {
			t.Fatal(err)
		}
		packed, err := answer.PackNetwork(sd, opt)
		if err != nil {
			t.Fatal(err)
		}
		s, err := answer.Load(t.Context(), packed, nil, quiet)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(s.Classes(), m.Classes()) {
			t.Errorf("classes %q, want %q", s.Classes(), m.Classes())
		}
		for _, class := range []int{cam.Predicted, 3} {
			want, err := m.Explain(t.Context(), &data.Image{Width: scenes.Size, Height: high, Pix: scenes.Draw(5).Image.Pix[:3*scenes.Size*high]}, class)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Explain(t.Context(), rgba(5)[:4*scenes.Size*high], scenes.Size, high, class)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Logits, want.Logits) || !slices.Equal(got.Predictions, want.Predictions) || !slices.Equal(got.Features, want.Features) {
				t.Errorf("%+v: other numbers than the model's", opt)
			}
			if !slices.Equal(got.Map.Values, want.Map.Values) || got.Map.Class != want.Map.Class || got.Map.Width != want.Map.Width {
				t.Errorf("%+v: another map than the model's", opt)
			}
			if !bytes.Equal(got.Pixels, want.Input.Pix) || got.Width != want.Input.Width || got.Height != want.Input.Height {
				t.Errorf("%+v: another input than the model's", opt)
			}
			levels := want.Map.Bytes() // of cam, as the notebook draws it
			if opt.Method != nil {
				levels = want.Map.Rectified().Bytes()
			}
			if !bytes.Equal(got.Levels, levels) {
				t.Errorf("%+v: other levels than are drawn", opt)
			}
		}
	}
}

// laidOut is a space of n scenes with a layout of each kind.
func laidOut(t *testing.T, s *answer.Session, n int) (*answer.Space, *pca.Model, *tsne.Result, tsne.Options) {
	t.Helper()
	var x *mat.Dense
	for i := range n {
		a, err := s.Explain(t.Context(), rgba(i), scenes.Size, scenes.Size, cam.Predicted)
		if err != nil {
			t.Fatal(err)
		}
		if x == nil {
			x = mat.NewDense(n, len(a.Features), nil)
		}
		for j, v := range a.Features {
			x.Set(i, j, float64(v))
		}
	}
	p, err := pca.Fit(t.Context(), x, pca.Options{Components: 3, Whiten: true})
	if err != nil {
		t.Fatal(err)
	}
	o := tsne.Options{Perplexity: 8, Iterations: 400, DegreesOfFreedom: 0.8}
	r, err := tsne.Fit(t.Context(), x, o)
	if err != nil {
		t.Fatal(err)
	}
	return &answer.Space{Features: x, Layouts: []answer.Layout{
		{Name: "t-SNE", At: r.Layout, TSNE: &o},
		{Name: "PCA", PCA: p},
		{Name: "given", At: r.Layout},
	}}, p, r, o
}

// New images come to lie where the layouts themselves place their features: by PCA to the
// last digits, by t-SNE as near as half precision lets neighbours be told apart.
func TestPlaces(t *testing.T) {
	packed, err := answer.PackNetwork(network(t), model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := answer.Load(t.Context(), packed, nil, quiet)
	if err != nil {
		t.Fatal(err)
	}
	const n = 60
	space, p, r, _ := laidOut(t, s, n)
	laid, err := answer.PackSpace(space)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = answer.Load(t.Context(), packed, laid, quiet); err != nil {
		t.Fatal(err)
	}
	spread := mat.Max(r.Layout) - mat.Min(r.Layout)
	for i := n; i < n+10; i++ {
		a, err := s.Explain(t.Context(), rgba(i), scenes.Size, scenes.Size, cam.Predicted)
		if err != nil {
			t.Fatal(err)
		}
		row := mat.NewDense(1, len(a.Features), nil)
		for j, v := range a.Features {
			row.Set(0, j, float64(v))
		}
		byTSNE, err := r.Transform(t.Context(), row, tsne.TransformOptions{})
		if err != nil {
			t.Fatal(err)
		}
		byPCA, err := p.Transform(t.Context(), row)
		if err != nil {
			t.Fatal(err)
		}
		mean, err := r.Transform(t.Context(), row, tsne.TransformOptions{Iterations: -1})
		if err != nil {
			t.Fatal(err)
		}
		for k, c := range []struct {
			name  string
			want  *mat.Dense
			bound float64
		}{{"t-SNE", byTSNE, 1e-2 * spread}, {"PCA", byPCA, 1e-12}, {"given", mean, 1e-2 * spread}} {
			at := a.Places[k]
			if at.Layout != c.name || len(at.At) != c.want.RawMatrix().Cols {
				t.Fatalf("place %d is %+v", k, at)
			}
			for j, v := range at.At {
				if d := math.Abs(v - c.want.At(0, j)); !(d <= c.bound) {
					t.Errorf("image %d, %s: %v away from %v", i, c.name, d, c.want.RawRowView(0))
				}
			}
		}
	}
	// An image of the layout is its own nearest neighbour, and others come by distance.
	a, err := s.Explain(t.Context(), rgba(7), scenes.Size, scenes.Size, cam.Predicted)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Neighbours) != answer.MaxNeighbours || a.Neighbours[0] != 7 {
		t.Fatalf("neighbours %v of image 7", a.Neighbours)
	}
	last := -1.0
	for _, j := range a.Neighbours {
		d := 0.0
		for c, v := range a.Features {
			d += math.Pow(float64(v)-space.Features.At(j, c), 2)
		}
		if d < last*(1-1e-3) {
			t.Errorf("neighbours %v do not come by distance", a.Neighbours)
		}
		last = d
	}
}

// Where half precision loses nothing, t-SNE's options are all that a place depends on.
func TestPlacesByOptions(t *testing.T) {
	packed, err := answer.PackNetwork(network(t), model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const n = 250 // above 200 an angle counts
	x, at := mat.NewDense(n, 128, nil), mat.NewDense(n, 2, nil)
	for i := range n {
		for j := range 128 {
			x.Set(i, j, float64(i*i*(j+3)%97)/64) // a half has 11 bits
		}
		at.SetRow(i, []float64{float64(i % 16), float64(i / 16)})
	}
	options := []tsne.Options{{}, {DegreesOfFreedom: 0.3}, {Metric: tsne.Cosine}, {Angle: 1}, {Method: tsne.Exact}}
	space := &answer.Space{Features: x}
	for i := range options {
		space.Layouts = append(space.Layouts, answer.Layout{At: at, TSNE: &options[i]})
	}
	laid, err := answer.PackSpace(space)
	if err != nil {
		t.Fatal(err)
	}
	s, err := answer.Load(t.Context(), packed, laid, quiet)
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Explain(t.Context(), rgba(1), scenes.Size, scenes.Size, cam.Predicted)
	if err != nil {
		t.Fatal(err)
	}
	row := mat.NewDense(1, 128, nil)
	for j, v := range a.Features {
		row.Set(0, j, float64(v))
	}
	for i, o := range options {
		r, err := tsne.Restore(x, at, o)
		if err != nil {
			t.Fatal(err)
		}
		want, err := r.Transform(t.Context(), row, tsne.TransformOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for j, v := range a.Places[i].At {
			if d := math.Abs(v - want.At(0, j)); !(d <= 1e-6) {
				t.Errorf("%+v: %v away from %v", o, d, want.RawRowView(0))
			}
		}
	}
}

// Features of any magnitude keep the precision that a half has.
func TestScaleOfFeatures(t *testing.T) {
	sd := network(t)
	packed, err := answer.PackNetwork(sd, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, magnitude := range []float64{1e-30, 1, 1e30} {
		x := mat.NewDense(5, 128, nil)
		for i := range 5 {
			x.Set(i, i, magnitude*float64(i+1))
		}
		laid, err := answer.PackSpace(&answer.Space{Features: x, Layouts: []answer.Layout{{Name: "l", At: mat.NewDense(5, 2, nil)}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := answer.Load(t.Context(), packed, laid, quiet); err != nil {
			t.Errorf("features of %v: %v", magnitude, err)
		}
		if bytes.Contains(laid, []byte("inf")) {
			t.Error("infinite features")
		}
	}
}

func TestErrors(t *testing.T) {
	sd := network(t)
	packed, err := answer.PackNetwork(sd, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := answer.Load(t.Context(), packed, nil, quiet)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		bytes, w, h, class int
		want               string
	}{
		{0, 0, 5, -1, "0 x 5 pixels"}, {4, -1, -1, -1, "-1 x -1"}, {15, 2, 2, -1, "want 16"}, {16, 2, 2, 10, "class 10"}, {16, 2, 2, -2, "class -2"},
		{16, math.MaxInt32, math.MaxInt32, -1, "want 1 to"},
	} {
		if _, err := s.Explain(t.Context(), make([]byte, c.bytes), c.w, c.h, c.class); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q in it", err, c.want)
		}
	}
	if _, err := answer.Load(t.Context(), []byte("no network"), nil, quiet); err == nil {
		t.Error("no network is read")
	}
	var plain bytes.Buffer
	if err := checkpoint.WriteSafetensors(&plain, sd); err != nil {
		t.Fatal(err)
	}
	if _, err := answer.Load(t.Context(), plain.Bytes(), nil, quiet); err == nil || !strings.Contains(err.Error(), "glimpse.live") {
		t.Errorf("a network without settings: %v", err)
	}
	if _, err := answer.PackNetwork(sd, model.Options{Method: cam.Smoothed{Base: cam.GradCAM{}}}); err == nil {
		t.Error("a method without a name of its own is packed")
	}
	nan := mat.NewDense(2, 128, nil)
	nan.Set(1, 3, math.NaN())
	for want, space := range map[string]*answer.Space{
		"row 1, column 3":  {Features: nan},
		"3 places for 2":   {Features: mat.NewDense(2, 128, nil), Layouts: []answer.Layout{{At: mat.NewDense(3, 2, nil)}}},
		"neither places":   {Layouts: []answer.Layout{{Name: "x"}}},
		"1 places for 0":   {Layouts: []answer.Layout{{At: mat.NewDense(1, 2, nil)}}},
		"column 1 is +Inf": {Features: mat.NewDense(1, 128, nil), Layouts: []answer.Layout{{At: mat.NewDense(1, 2, []float64{0, math.Inf(1)})}}},
	} {
		if _, err := answer.PackSpace(space); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	other, err := answer.PackSpace(&answer.Space{Features: mat.NewDense(2, 64, nil)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := answer.Load(t.Context(), packed, other, quiet); err == nil || !strings.Contains(err.Error(), "128") {
		t.Errorf("features of another network: %v", err)
	}
}

// A weight that half precision does not reach is an error, and not an infinity.
func TestOverflow(t *testing.T) {
	sd := &checkpoint.StateDict{Metadata: network(t).Metadata}
	for was := range network(t).All() {
		v, err := was.Float32()
		if err == nil {
			v = slices.Clone(v)
			if was.Name == "fc.bias" {
				v[2] = 70000
			}
			was, err = checkpoint.NewFloat32(was.Name, was.Shape, v)
		} else {
			err = nil // an integer
		}
		if err == nil {
			err = sd.Add(was)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := answer.PackNetwork(sd, model.Options{}); err == nil || !strings.Contains(err.Error(), "fc.bias") {
		t.Errorf("a weight of 70000: %v", err)
	}
}
