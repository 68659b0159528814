package transforms

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[writeAccuracyFn]())
	beam.RegisterDoFn(reflect.TypeFor[writeModelFn]())
	beam.RegisterDoFn(reflect.TypeFor[writeMeansFn]())
}

// A Report is what WriteAccuracy writes.
type Report struct {
	Images    int64     `json:"images"`
	Labelled  int64     `json:"labelled"`
	Correct   int64     `json:"correct"`
	Accuracy  float64   `json:"accuracy"` // of those labelled, 0 without
	Classes   []string  `json:"classes,omitempty"`
	Confusion [][]int64 `json:"confusion,omitempty"` // a row for each label, a column for each prediction
}

// WriteAccuracy writes what [Accuracy] has counted as JSON. The names of classes, by number,
// are written beside.
func WriteAccuracy(s beam.Scope, path string, classes []string, confusion beam.PCollection) {
	beam.ParDo0(s.Scope("glimpse.WriteAccuracy"), &writeAccuracyFn{Path: path, Classes: classes}, confusion)
}

type writeAccuracyFn struct {
	Path    string
	Classes []string
}

// ProcessElement writes the file.
func (f *writeAccuracyFn) ProcessElement(ctx context.Context, c Confusion) error {
	r := Report{Images: c.Images, Labelled: c.Labelled, Correct: c.Correct, Classes: f.Classes}
	if c.Labelled > 0 {
		r.Accuracy = float64(c.Correct) / float64(c.Labelled)
	}
	for i := range c.Classes {
		r.Confusion = append(r.Confusion, c.Counts[i*c.Classes:(i+1)*c.Classes])
	}
	return writeJSON(ctx, f.Path, r)
}

// WriteModel writes the PCA of [FitPCA], which pca.Load reads.
func WriteModel(s beam.Scope, path string, fitted beam.PCollection) {
	beam.ParDo0(s.Scope("glimpse.WriteModel"), &writeModelFn{Path: path}, fitted)
}

type writeModelFn struct{ Path string }

// ProcessElement writes the file.
func (f *writeModelFn) ProcessElement(ctx context.Context, fitted Fitted) error {
	return writeWhole(ctx, f.Path, func(w io.Writer) error {
		_, err := w.Write(fitted.Model)
		return err
	})
}

// WriteMeans writes the means of [ClassMeans] as a JSON list of [ClassMean]s, by label.
func WriteMeans(s beam.Scope, path string, means beam.PCollection) {
	s = s.Scope("glimpse.WriteMeans")
	beam.ParDo0(s, &writeMeansFn{Path: path}, beam.GroupByKey(s, beam.AddFixedKey(s, means)))
}

type writeMeansFn struct{ Path string }

// ProcessElement writes the file.
func (f *writeMeansFn) ProcessElement(ctx context.Context, _ int, next func(*ClassMean) bool) error {
	means := []ClassMean{}
	var m ClassMean
	for next(&m) {
		means = append(means, m)
	}
	slices.SortFunc(means, func(a, b ClassMean) int { return cmp.Compare(a.Label, b.Label) })
	return writeJSON(ctx, f.Path, means)
}

func writeJSON(ctx context.Context, path string, v any) error {
	return writeWhole(ctx, path, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	})
}
