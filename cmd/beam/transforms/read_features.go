package transforms

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"

	"github.com/glimpse-go/glimpse/cmd/internal/npy"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[readFeaturesFn]())
}

// ReadFeatures reads features from .npy files, n x d each, one of which is a shard: what
// [WriteNPY] has written, or anything else with as many columns. Labels are those of
// FILE_labels.npy beside FILE.npy, n integers, where there is such a file. They become a
// PCollection<Point> of the given features, rounded to float32, named FILE.npy/ROW, whose
// index is the row. A file that is something else is an error of the run. Each is held in
// memory, twice for a moment.
func ReadFeatures(s beam.Scope, shards []Shard) beam.PCollection {
	s = s.Scope("glimpse.ReadFeatures")
	return beam.ParDo(s, &readFeaturesFn{}, beam.Reshuffle(s, beam.CreateList(s, shards)))
}

type readFeaturesFn struct{}

// maxFeatureFile is the longest file of features that is read.
const maxFeatureFile = 16 << 30

// ProcessElement reads a file.
func (*readFeaturesFn) ProcessElement(ctx context.Context, s Shard, emit func(Point)) error {
	x, err := readArray(ctx, s.Path)
	if err != nil {
		return err
	}
	if len(x.Shape) != 2 || x.IsText() || x.Shape[1] == 0 {
		return fmt.Errorf("%s: an array of shape %v, want n x d numbers", s.Path, x.Shape)
	}
	n, d := x.Shape[0], x.Shape[1]
	labels, err := readLabels(ctx, labelsPath(s.Path), n)
	if err != nil {
		return err
	}
	values := x.Float64s()
	for i := range n {
		p := Point{Shard: s.Shard, Index: i, Name: fmt.Sprintf("%s/%d", s.Path, i), Label: -1, Predicted: -1, Features: make([]float32, d)}
		for j, v := range values[i*d : (i+1)*d] {
			p.Features[j] = float32(v)
		}
		if !finite(p.Features) {
			return fmt.Errorf("%s: row %d: a number that is not finite", s.Path, i)
		}
		if labels != nil {
			p.Label = int(labels[i])
		}
		bytesRead.Inc(ctx, int64(4*d))
		emit(p)
	}
	return nil
}

// readLabels reads the class numbers of n rows, or nil where there is no such file.
func readLabels(ctx context.Context, path string, n int) ([]int64, error) {
	fs, err := filesystem.New(ctx, path)
	if err != nil {
		return nil, err
	}
	defer fs.Close()
	if names, err := fs.List(ctx, path); err != nil || len(names) == 0 {
		return nil, err
	}
	a, err := readArray(ctx, path)
	if err != nil {
		return nil, err
	}
	labels, err := a.Int64s()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(a.Shape) != 1 || len(labels) != n {
		return nil, fmt.Errorf("%s: labels of shape %v for %d rows", path, a.Shape, n)
	}
	for i, l := range labels {
		if l < -1 || l > 1<<30 {
			return nil, fmt.Errorf("%s: label %d is %d", path, i, l)
		}
	}
	return labels, nil
}

func readArray(ctx context.Context, path string) (*npy.Array, error) {
	b, err := ReadFile(ctx, path, maxFeatureFile)
	if err != nil {
		return nil, err
	}
	a, err := npy.Read(newReader(b), int64(len(b)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

// labelsPath is where the labels beside a file of features are, as the other programs
// write them.
func labelsPath(path string) string { return strings.TrimSuffix(path, ".npy") + "_labels.npy" }
