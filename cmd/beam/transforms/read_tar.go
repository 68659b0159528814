package transforms

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[readTarFn]())
}

// Tar says how tar shards are read. The zero value is strict.
type Tar struct {
	// SkipBad makes a shard that cannot be read on a failure of its own, so that the
	// run goes on with the pictures before; without it that is an error of the run.
	SkipBad bool
}

// ReadTar reads tar files in WebDataset's layout, each of which is a shard: consecutive
// members of one name up to its first dot are a sample, of which the image (NAME.jpg,
// .jpeg, .png, .webp, .gif, .bmp, .tif, .tiff, .ppm, .pgm or .pbm) and the class number
// (NAME.cls, as a text) are read. They become a PCollection<Picture>, named SHARD/NAME,
// whose index is that of the sample in its shard. Samples without an image, or with a class
// that is no number, are in failed, a PCollection<Failure>.
func ReadTar(s beam.Scope, shards []Shard, opt Tar) (pictures, failed beam.PCollection) {
	s = s.Scope("glimpse.ReadTar")
	return beam.ParDo2(s, &readTarFn{Tar: opt}, beam.Reshuffle(s, beam.CreateList(s, shards)))
}

// imageExtensions are the members of a sample that are its image.
var imageExtensions = []string{"jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "ppm", "pgm", "pbm"}

type readTarFn struct {
	Tar Tar
}

// ProcessElement reads a shard.
func (f *readTarFn) ProcessElement(ctx context.Context, s Shard, emit func(Picture), fail func(Failure)) error {
	err := readTar(ctx, s, func(p Picture, err error) {
		if err != nil {
			failures.Inc(ctx, 1)
			fail(Failure{p.Shard, p.Index, p.Name, err.Error()})
			return
		}
		emitPicture(ctx, emit, p)
	})
	if err != nil && f.Tar.SkipBad && ctx.Err() == nil {
		failures.Inc(ctx, 1)
		fail(Failure{s.Shard, -1, s.Path, err.Error()})
		return nil
	}
	return err
}

// readTar calls f for each sample of a shard, with an error where it is none.
func readTar(ctx context.Context, s Shard, f func(Picture, error)) error {
	file, err := openFile(ctx, s.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	r := tar.NewReader(file)
	sample := Picture{Shard: s.Shard, Index: -1}
	var bad error
	end := func() {
		if sample.Index < 0 {
			return
		}
		if bad == nil && sample.Content == nil {
			bad = errors.New("a sample without an image")
		}
		f(sample, bad)
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		head, err := r.Next()
		if err == io.EOF {
			end()
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.Path, err)
		}
		if head.Typeflag != tar.TypeReg {
			continue
		}
		name, ext := splitMember(head.Name)
		if full := s.Path + "/" + name; full != sample.Name {
			end()
			sample = Picture{Shard: s.Shard, Index: sample.Index + 1, Name: full, Label: -1}
			bad = nil
		}
		isImage := slices.Contains(imageExtensions, ext)
		switch {
		case !isImage && ext != "cls":
			continue // a caption, say
		case isImage && head.Size > maxImageFile, !isImage && head.Size > 64:
			bad = fmt.Errorf("%s: %d bytes", head.Name, head.Size)
			continue
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", s.Path, head.Name, err)
		}
		if isImage {
			sample.Content = content
			continue
		}
		if sample.Label, err = strconv.Atoi(strings.TrimSpace(string(content))); err != nil || sample.Label < 0 {
			bad = fmt.Errorf("%s: class %.20q, want a number from 0 on", head.Name, content)
		}
	}
}

// splitMember cuts a member's name at the first dot of its last part.
func splitMember(name string) (key, ext string) {
	name = strings.TrimPrefix(name, "./")
	at := strings.LastIndexByte(name, '/') + 1
	dot := strings.IndexByte(name[at:], '.')
	if dot < 0 {
		return name, ""
	}
	return name[:at+dot], strings.ToLower(name[at+dot+1:])
}
