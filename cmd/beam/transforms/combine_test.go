package transforms

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/parquet-go/parquet-go"
	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/pca"
	"github.com/glimpse-go/glimpse/tsne"
)

// rows reads the Parquet shards of a folder, in order.
func rows(t *testing.T, dir string) []Row {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "points-*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(paths)
	var all []Row
	for _, path := range paths {
		r, err := parquet.ReadFile[Row](path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r...)
	}
	return all
}

func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Accuracy, confusions, PCA, class means and t-SNE are those of one process, for any number
// of shards in any order; so are predictions and coordinates in the Parquet files.
func TestCombined(t *testing.T) {
	r := cifar(t)
	x := r.x()
	wantPCA, err := pca.Fit(t.Context(), x, pca.Options{Components: 4})
	if err != nil {
		t.Fatal(err)
	}
	scores, err := wantPCA.Transform(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	correct, confusion := 0, make([][]int64, r.k)
	means, counts := make([][]float64, r.k), make([]int, r.k)
	for c := range confusion {
		confusion[c], means[c] = make([]int64, r.k), make([]float64, r.d)
	}
	predicted := make([]int, images)
	for i, s := range r.samples {
		predicted[i] = nn.Argmax(r.logits[i*r.k : (i+1)*r.k])
		confusion[s.Label][predicted[i]]++
		if predicted[i] == s.Label {
			correct++
		}
		counts[s.Label]++
		for j := range r.d {
			means[s.Label][j] += x.At(i, j)
		}
	}
	opt := TSNE{Perplexity: 10, Iterations: 250}
	var layouts [][]Row
	for _, shards := range []int{1, 7, 100} {
		dir := t.TempDir()
		err := run(t, func(s beam.Scope) {
			pictures, _ := ReadDataset(s, r.dataset, ranges(t, shards))
			points, _ := Features(s, r.network, pictures)
			WriteAccuracy(s, filepath.Join(dir, "accuracy.json"), []string{"a", "b"}, Accuracy(s, points))
			WriteMeans(s, filepath.Join(dir, "means.json"), ClassMeans(s, points))
			fitted := FitPCA(s, pca.Options{Components: 4}, points)
			WriteModel(s, filepath.Join(dir, "pca.json"), fitted)
			layout := FitTSNE(s, opt, Sample(s, 60, 3, points))
			WriteParquet(s, dir, shards, ParquetOptions{Features: true}, Place(s, opt, layout, Project(s, fitted, points)))
		})
		if err != nil {
			t.Fatal(err)
		}
		var report Report
		readJSON(t, filepath.Join(dir, "accuracy.json"), &report)
		if report.Images != images || report.Labelled != images || report.Correct != int64(correct) || report.Accuracy != float64(correct)/images || !slices.EqualFunc(report.Confusion, confusion, slices.Equal) {
			t.Errorf("%d shards: %+v, want %d correct, %v", shards, report, correct, confusion)
		}
		var got []ClassMean
		readJSON(t, filepath.Join(dir, "means.json"), &got)
		for c, m := range got {
			for j, v := range m.Mean {
				if want := means[c][j] / float64(counts[c]); m.Label != c || m.Points != counts[c] || math.Abs(v-want) > 1e-12*(1+math.Abs(want)) {
					t.Fatalf("%d shards: class %d, feature %d: %v, want %v", shards, c, j, v, want)
				}
			}
		}
		if len(got) != r.k {
			t.Errorf("%d shards: %d class means", shards, len(got))
		}
		model, err := pca.Load(t.Context(), filepath.Join(dir, "pca.json"))
		if err != nil {
			t.Fatal(err)
		}
		var apart mat.Dense
		apart.Sub(model.Components, wantPCA.Components)
		off := mat.Max(&apart) - mat.Min(&apart)
		for i, v := range model.ExplainedVariance {
			off = max(off, math.Abs(v/wantPCA.ExplainedVariance[i]-1))
		}
		t.Logf("%d shards: components within %.2g", shards, off)
		if off > 1e-9 {
			t.Errorf("%d shards: the PCA is off by %g", shards, off)
		}
		all := rows(t, dir)
		if len(all) != images {
			t.Fatalf("%d shards: %d rows", shards, len(all))
		}
		for i, row := range all {
			if row.Name != r.samples[i].Name || row.Index != int64(i) || row.Label == nil || *row.Label != int32(r.samples[i].Label) || *row.Predicted != int32(predicted[i]) {
				t.Fatalf("%d shards: row %d: %+v", shards, i, row)
			}
			if !slices.Equal(row.Features, r.features[i*r.d:(i+1)*r.d]) {
				t.Fatalf("%d shards: row %d: other features", shards, i)
			}
			if p := row.Probabilities[predicted[i]]; len(row.Probabilities) != r.k || p != slices.Max(row.Probabilities) || p < 0.1 || p > 1 {
				t.Fatalf("%d shards: row %d: probabilities %v", shards, i, row.Probabilities)
			}
			for j, v := range row.PCA {
				if math.Abs(v-scores.At(i, j)) > 1e-9*(1+math.Abs(scores.At(i, j))) || len(row.PCA) != 4 {
					t.Fatalf("%d shards: row %d: PCA %v, want %v", shards, i, row.PCA, scores.RawRowView(i))
				}
			}
		}
		layouts = append(layouts, all)
	}
	// The sample does not depend on the shards, so neither does a bit of the layout; and it
	// is what one process makes of the same points.
	sample := chosen(r, 60, 3)
	layout, err := tsne.Fit(t.Context(), sample, opt.options())
	if err != nil {
		t.Fatal(err)
	}
	places, err := layout.Transform(t.Context(), x, tsne.TransformOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, all := range layouts {
		for i, row := range all {
			if !slices.Equal(row.TSNE, places.RawRowView(i)) {
				t.Fatalf("point %d is at %v, want %v", i, row.TSNE, places.RawRowView(i))
			}
		}
	}
}

// chosen are the features of the points whose hashes are the smallest.
func chosen(r *reference, n int, seed uint64) *mat.Dense {
	order := make([]int, images)
	for i := range order {
		order[i] = i
	}
	f := sampleFn{Seed: seed}
	chance := func(i int) uint64 { return f.chance(Point{Name: r.samples[i].Name}) }
	slices.SortFunc(order, func(a, b int) int {
		if chance(a) < chance(b) {
			return -1
		}
		return 1
	})
	x := r.x()
	out := mat.NewDense(n, r.d, nil)
	for i, at := range order[:n] {
		out.SetRow(i, x.RawRowView(at))
	}
	return out
}

// Over many seeds each point is taken as often as any other.
func TestSampleIsUniform(t *testing.T) {
	const points, n, seeds = 20, 5, 4000
	taken := make([]int, points)
	for seed := range uint64(seeds) {
		f := &sampleFn{N: n, Seed: seed}
		var a, b Points
		for i := range points {
			p := Point{Index: i, Name: string(rune('a' + i))}
			if i%3 == 0 {
				a = f.AddInput(a, p)
			} else {
				b = f.AddInput(b, p)
			}
		}
		s := f.MergeAccumulators(a, b)
		if len(s.Of) != n {
			t.Fatalf("%d points", len(s.Of))
		}
		for _, p := range s.Of {
			taken[p.Index]++
		}
	}
	// Chi-squared of 19 degrees of freedom (drawn without replacement it is smaller); 0.1%
	// is beyond 43.8.
	chi, want := 0.0, float64(n*seeds)/points
	for _, k := range taken {
		chi += (float64(k) - want) * (float64(k) - want) / want
	}
	if chi > 43.8 {
		t.Errorf("chi-squared %.1f: taken %v", chi, taken)
	}
}

// Confusions of different sizes add up, and labels without number stay out.
func TestConfusion(t *testing.T) {
	f := &confusionFn{}
	var a, b Confusion
	for _, p := range []Point{{Label: 0, Predicted: 1}, {Label: 1, Predicted: 1}, {Label: -1, Predicted: 0}} {
		a = f.AddInput(a, p)
	}
	for _, p := range []Point{{Label: 2, Predicted: 0}, {Label: 1, Predicted: -1}, {Label: maxClasses, Predicted: maxClasses}} {
		b = f.AddInput(b, p)
	}
	for _, c := range []Confusion{f.MergeAccumulators(a, b), f.MergeAccumulators(b, a)} {
		if c.Images != 6 || c.Labelled != 4 || c.Correct != 2 || c.Classes != 3 || !slices.Equal(c.Counts, []int64{0, 1, 0, 0, 1, 0, 1, 0, 0}) {
			t.Errorf("%+v", c)
		}
	}
}
