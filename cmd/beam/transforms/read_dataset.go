package transforms

import (
	"context"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/internal/parallel"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[readDatasetFn]())
}

// A Dataset is one that data.Open knows, on a disk that all workers have under one path.
type Dataset struct {
	Path   string
	Scenes int    // in the place of Path, the number of embedded scenes
	Split  string // see data.OpenOptions, as the rest
	Fold   int

	MaxPixels        int
	ApplyOrientation bool
	Truncated        bool
}

// Open opens it.
func (d Dataset) Open(ctx context.Context) (data.Dataset, error) {
	if d.Path == "" && d.Scenes > 0 && d.Scenes <= scenes.HeldOut {
		return scenes.New(0, d.Scenes), nil
	}
	return data.Open(ctx, d.Path, data.OpenOptions{Split: d.Split, Fold: d.Fold, MaxPixels: d.MaxPixels, ApplyOrientation: d.ApplyOrientation, Truncated: d.Truncated})
}

// datasets are those that this process has opened: a folder of a million images is listed
// once.
var datasets shared[data.Dataset]

// ReadDataset reads the pictures of a data set, a PCollection<Picture>, in the ranges that
// [Ranges] has cut it into, each of which is a shard. Samples that cannot be read are in
// failed, a PCollection<Failure>.
func ReadDataset(s beam.Scope, d Dataset, ranges []Range) (pictures, failed beam.PCollection) {
	s = s.Scope("glimpse.ReadDataset")
	return beam.ParDo2(s, &readDatasetFn{Dataset: d}, beam.Reshuffle(s, beam.CreateList(s, ranges)))
}

type readDatasetFn struct {
	Dataset Dataset
}

// ahead is how many samples are read at once, on all cores.
const ahead = 64

// ProcessElement reads a range.
func (f *readDatasetFn) ProcessElement(ctx context.Context, r Range, emit func(Picture), fail func(Failure)) error {
	ds, _, err := datasets.get(f.Dataset, func() (data.Dataset, error) { return f.Dataset.Open(ctx) })
	if err != nil {
		return err
	}
	samples, errs := make([]data.Sample, ahead), make([]error, ahead)
	for first := r.First; first < r.First+r.Count; first += ahead {
		n := min(ahead, r.First+r.Count-first)
		err := parallel.ForContext(ctx, n, 1, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				samples[i], errs[i] = ds.Sample(ctx, first+i)
			}
		})
		if err != nil {
			return err
		}
		for i, sample := range samples[:n] {
			if errs[i] != nil {
				failures.Inc(ctx, 1)
				fail(Failure{r.Shard, first + i, sample.Name, errs[i].Error()})
				continue
			}
			im := sample.Image
			emitPicture(ctx, emit, Picture{Shard: r.Shard, Index: first + i, Name: sample.Name, Label: sample.Label, Content: im.Pix, Width: im.Width, Height: im.Height})
		}
	}
	return nil
}

// emitPicture counts a picture and hands it on.
func emitPicture(ctx context.Context, emit func(Picture), p Picture) {
	picturesRead.Inc(ctx, 1)
	bytesRead.Inc(ctx, int64(len(p.Content)))
	pictureBytes.Update(ctx, int64(len(p.Content)))
	emit(p)
}
