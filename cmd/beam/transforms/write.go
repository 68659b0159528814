package transforms

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"

	"github.com/glimpse-go/glimpse/cmd/internal/npy"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[writeNPYFn]())
	beam.RegisterDoFn(reflect.TypeFor[writeMapsFn]())
	beam.RegisterDoFn(reflect.TypeFor[writeFailuresFn]())
	beam.RegisterFunction(countShard)
}

// A sink writes a file for each shard that has elements, in the order of their index, named
// as in features-00003-of-00100.npy. It is whole or absent; where a bundle is tried again it
// is written again, with the same bytes. A worker holds the elements of a shard in memory.
type sink struct {
	Dir    string
	Shards int
}

func (s sink) path(name string, shard int, ext string) string {
	return shardPath(s.Dir, name, shard, s.Shards, ext)
}

// writeShards has a sink's DoFn write each shard of elements that are keyed by it. The DoFn
// returns the shard's number, which goes to a stage of its own: what is counted there is
// counted when the file is known to be there, and Prism, which has a core wait in a loop for
// stages that have no output, does so for the counting alone.
func writeShards(s beam.Scope, write any, keyed beam.PCollection) {
	written := beam.ParDo(s, write, beam.GroupByKey(s, keyed))
	beam.ParDo0(s, countShard, beam.Reshuffle(s, written))
}

func countShard(ctx context.Context, _ int) { shardsWritten.Inc(ctx, 1) }

// collect reads all elements of a shard, in order, from what comes of it.
func collect[E, T any](next func(*E) bool, of func(E) []T, index func(T) int) []T {
	var all []T
	var e E
	for next(&e) {
		all = append(all, of(e)...)
	}
	slices.SortStableFunc(all, func(a, b T) int { return cmp.Compare(index(a), index(b)) })
	return all
}

// collectPoints is collect for points that were packed.
func collectPoints(next func(*Points) bool) []Point {
	return collect(next, func(p Points) []Point { return p.Of }, func(p Point) int { return p.Index })
}

// one is what comes alone.
func one[T any](v T) []T { return []T{v} }

// WriteNPY writes the features of points, n x d float32, and their labels beside them, n
// int64 in a file whose name ends in _labels.npy, as the other programs' -save does: for a
// data set the files, one after another, are what that writes.
func WriteNPY(s beam.Scope, dir string, shards int, points beam.PCollection) {
	s = s.Scope("glimpse.WriteNPY")
	writeShards(s, &writeNPYFn{Sink: sink{dir, shards}}, packed(s, packFn{ByShard: true, NoLogits: true}, points))
}

type writeNPYFn struct {
	Sink sink
}

// ProcessElement writes a shard.
func (f *writeNPYFn) ProcessElement(ctx context.Context, shard int, next func(*Points) bool) (int, error) {
	points := collectPoints(next)
	x, labels := make([]float32, 0, len(points)*len(points[0].Features)), make([]int64, len(points))
	for i, p := range points {
		if len(p.Features) != len(points[0].Features) {
			return shard, fmt.Errorf("transforms: %s: %d features, others of its shard have %d", p.Name, len(p.Features), len(points[0].Features))
		}
		x = append(x, p.Features...)
		labels[i] = int64(p.Label)
	}
	path := f.Sink.path("features", shard, ".npy")
	err := writeWhole(ctx, labelsPath(path), func(w io.Writer) error { return npy.Write(w, []int{len(points)}, labels) })
	if err != nil {
		return shard, err
	}
	return shard, writeWhole(ctx, path, func(w io.Writer) error {
		return npy.Write(w, []int{len(points), len(points[0].Features)}, x)
	})
}

// WriteMaps writes maps as tar files, in WebDataset's layout: of each picture cam_00017.npy,
// the bytes of cmd/cam's -maps, and cam_00017.png where there is an overlay. The number is
// Map.Index. A hundred million single files would be a burden to any file system.
func WriteMaps(s beam.Scope, dir string, shards int, maps beam.PCollection) {
	s = s.Scope("glimpse.WriteMaps")
	writeShards(s, &writeMapsFn{Sink: sink{dir, shards}}, beam.ParDo(s, mapShard, maps))
}

type writeMapsFn struct {
	Sink sink
}

// ProcessElement writes a shard.
func (f *writeMapsFn) ProcessElement(ctx context.Context, shard int, next func(*Map) bool) (int, error) {
	maps := collect(next, one, func(m Map) int { return m.Index })
	return shard, writeWhole(ctx, f.Sink.path("maps", shard, ".tar"), func(w io.Writer) error {
		t := tar.NewWriter(w)
		for _, m := range maps {
			var b bytes.Buffer
			if err := npy.Write(&b, []int{m.Height, m.Width}, m.Values); err != nil {
				return err
			}
			name := fmt.Sprintf("cam_%05d", m.Index)
			if err := member(t, name+".npy", b.Bytes()); err != nil {
				return err
			}
			if m.Overlay == nil {
				continue
			}
			if err := member(t, name+".png", m.Overlay); err != nil {
				return err
			}
		}
		return t.Close()
	})
}

// member adds a file to a tar, with the same bytes at any time.
func member(t *tar.Writer, name string, content []byte) error {
	err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: 0o644, ModTime: time.Unix(0, 0)})
	if err != nil {
		return err
	}
	_, err = t.Write(content)
	return err
}

// WriteFailures writes failures as lines of JSON, failures-00003-of-00100.jsonl: a file for
// each shard that has any.
func WriteFailures(s beam.Scope, dir string, shards int, failed beam.PCollection) {
	s = s.Scope("glimpse.WriteFailures")
	writeShards(s, &writeFailuresFn{Sink: sink{dir, shards}}, beam.ParDo(s, failureShard, failed))
}

type writeFailuresFn struct {
	Sink sink
}

// ProcessElement writes a shard.
func (f *writeFailuresFn) ProcessElement(ctx context.Context, shard int, next func(*Failure) bool) (int, error) {
	failed := collect(next, one, func(f Failure) int { return f.Index })
	return shard, writeWhole(ctx, f.Sink.path("failures", shard, ".jsonl"), func(w io.Writer) error {
		lines := json.NewEncoder(w)
		for _, f := range failed {
			if err := lines.Encode(f); err != nil {
				return err
			}
		}
		return nil
	})
}

// ReadFailures reads what [WriteFailures] has written of so many shards to a folder.
func ReadFailures(ctx context.Context, dir string, shards int) ([]Failure, error) {
	fs, err := filesystem.New(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer fs.Close()
	names, err := fs.List(ctx, join(dir, fmt.Sprintf("failures-*-of-%05d.jsonl", shards)))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var all []Failure
	for _, name := range names {
		b, err := ReadFile(ctx, name, 1<<30)
		if err != nil {
			return nil, err
		}
		for lines := json.NewDecoder(newReader(b)); ; {
			var f Failure
			err := lines.Decode(&f)
			if err == io.EOF {
				break
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			all = append(all, f)
		}
	}
	return all, nil
}
