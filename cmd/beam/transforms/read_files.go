package transforms

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[listFilesFn]())
	beam.RegisterDoFn(reflect.TypeFor[readFilesFn]())
}

// Files are image files whose class is the name of their folder.
type Files struct {
	Pattern string   // as gs://bucket/train/*/*.jpg, on any of Beam's file systems
	Classes []string // by number; a file in another folder has no label
	Shards  int
}

// ListFiles looks up which files a pattern stands for: how many, and their classes, which
// are the names of their folders in alphabetical order.
func ListFiles(ctx context.Context, pattern string) (n int, classes []string, err error) {
	names, err := list(ctx, pattern)
	for _, name := range names {
		classes = append(classes, folder(name))
	}
	slices.Sort(classes)
	return len(names), slices.Compact(classes), err
}

// ReadFiles reads image files, by name in f.Shards ranges: a PCollection<Picture>. Their
// index is the place among all files. One worker lists them and so holds all names; of more
// than some million files, put them in tar shards ([ReadTar]), which are also read faster.
// Files that cannot be read are in failed, a PCollection<Failure>.
func ReadFiles(s beam.Scope, f Files) (pictures, failed beam.PCollection) {
	s = s.Scope("glimpse.ReadFiles")
	listed := beam.ParDo(s, &listFilesFn{Files: f}, beam.Create(s, Range{}))
	return beam.ParDo2(s, &readFilesFn{}, beam.Reshuffle(s, listed))
}

// imageFile is one of the files.
type imageFile struct {
	Shard, Index int
	Path         string
	Label        int
}

type listFilesFn struct {
	Files Files
}

// ProcessElement lists all files.
func (f *listFilesFn) ProcessElement(ctx context.Context, _ Range, emit func(imageFile)) error {
	names, err := list(ctx, f.Files.Pattern)
	if err != nil {
		return err
	}
	ranges, err := Ranges(len(names), f.Files.Shards)
	if err != nil {
		return fmt.Errorf("%s: %w", f.Files.Pattern, err)
	}
	for _, r := range ranges {
		for i := r.First; i < r.First+r.Count; i++ {
			emit(imageFile{r.Shard, i, names[i], slices.Index(f.Files.Classes, folder(names[i]))})
		}
	}
	return nil
}

type readFilesFn struct{}

// maxImageFile is the longest image file that is read, data.DecodeOptions' default.
const maxImageFile = 1 << 28

// ProcessElement reads a file; it is decoded where the network runs.
func (*readFilesFn) ProcessElement(ctx context.Context, f imageFile, emit func(Picture), fail func(Failure)) error {
	b, err := ReadFile(ctx, f.Path, maxImageFile)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		failures.Inc(ctx, 1)
		fail(Failure{f.Shard, f.Index, f.Path, err.Error()})
		return nil
	}
	emitPicture(ctx, emit, Picture{Shard: f.Shard, Index: f.Index, Name: f.Path, Label: f.Label, Content: b})
	return nil
}
