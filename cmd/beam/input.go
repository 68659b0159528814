package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glimpse-go/glimpse/cmd/beam/transforms"
	"github.com/glimpse-go/glimpse/data"
)

// input is what a pipeline reads.
type input struct {
	name    string // for people
	images  int    // 0: not known
	bytes   int64  // 0: not known
	count   int    // of shards
	shards  []transforms.Shard
	classes []string
	output  string
	read    func(s beam.Scope) (pictures, failed beam.PCollection)

	network            transforms.Network // no Weights: features are read
	networkName, about string
	width              int // of features, 0: not known
}

func (in *input) String() string {
	text := in.name
	if in.images > 0 {
		text += fmt.Sprintf(", %d images", in.images)
	}
	text += fmt.Sprintf(" in %d shards", in.count)
	if in.bytes > 0 {
		text += fmt.Sprintf(", %.1f MB", float64(in.bytes)/1e6)
	}
	return text
}

// path is a file of the output.
func (in *input) path(name string) string { return strings.TrimSuffix(in.output, "/") + "/" + name }

// open looks at the input, loads the network and checks that they fit, so that errors come
// before the work.
func (o *options) open(ctx context.Context, stderr io.Writer) (in *input, err error) {
	in = &input{}
	if o.output, err = absolute(o.output); err != nil {
		return nil, err
	}
	in.output = o.output
	switch {
	case o.features != "":
		in.name = o.features
		return in, o.openShards(ctx, in, o.features)
	case o.tar != "":
		in.name = o.tar
		if err := o.openShards(ctx, in, o.tar); err != nil {
			return nil, err
		}
		in.read = func(s beam.Scope) (beam.PCollection, beam.PCollection) {
			return transforms.ReadTar(s, in.shards, transforms.Tar{SkipBad: o.SkipBad})
		}
		return in, o.openNetwork(ctx, in, stderr, named(nil))
	case o.files != "":
		in.name = o.files
		pattern, err := absolute(o.files)
		if err != nil {
			return nil, err
		}
		if in.images, in.classes, err = transforms.ListFiles(ctx, pattern); err != nil {
			return nil, fmt.Errorf("-files: %w", err)
		}
		in.count = min(o.shards, in.images)
		files := transforms.Files{Pattern: pattern, Classes: in.classes, Shards: o.shards}
		in.read = func(s beam.Scope) (beam.PCollection, beam.PCollection) { return transforms.ReadFiles(s, files) }
		return in, o.openNetwork(ctx, in, stderr, named(in.classes))
	}
	return in, o.openDataset(ctx, in, stderr)
}

// openShards lists the files of a pattern.
func (o *options) openShards(ctx context.Context, in *input, pattern string) error {
	pattern, err := absolute(pattern)
	if err != nil {
		return err
	}
	if in.shards, err = transforms.Shards(ctx, pattern); err != nil {
		return err
	}
	if o.features != "" { // labels lie beside them
		kept := in.shards[:0]
		for _, s := range in.shards {
			if !strings.HasSuffix(s.Path, "_labels.npy") {
				kept = append(kept, transforms.Shard{Shard: len(kept), Path: s.Path})
			}
		}
		if in.shards = kept; len(kept) == 0 {
			return fmt.Errorf("%s: labels alone", pattern)
		}
	}
	in.count = len(in.shards)
	in.bytes, err = transforms.Size(ctx, in.shards)
	return err
}

// openDataset opens what -data names, or the embedded scenes.
func (o *options) openDataset(ctx context.Context, in *input, stderr io.Writer) error {
	var err error
	if o.Data, err = absolute(o.Data); err != nil {
		return err
	}
	ds := transforms.Dataset{Path: o.Data, Split: o.Split, Fold: o.Fold, MaxPixels: o.MaxPixels, ApplyOrientation: o.Orient, Truncated: o.Truncated}
	if o.Data == "" {
		ds.Scenes = o.Scenes
	}
	opened, err := o.OpenData(ctx)
	if err != nil {
		return err
	}
	defer opened.Close()
	in.name, in.images, in.classes = opened.DataName, opened.Data.Len(), opened.Data.Classes()
	ranges, err := transforms.Ranges(in.images, o.shards)
	if err != nil {
		return err
	}
	in.count = len(ranges)
	in.read = func(s beam.Scope) (beam.PCollection, beam.PCollection) { return transforms.ReadDataset(s, ds, ranges) }
	return o.openNetwork(ctx, in, stderr, opened.Data)
}

// openNetwork loads the network as the other programs do; workers make it by the options
// that come of that.
func (o *options) openNetwork(ctx context.Context, in *input, stderr io.Writer, ds data.Dataset) error {
	source := o.Source
	if source.Data == "" && (o.tar != "" || o.files != "") {
		source.Images = []string{in.name} // no embedded scenes
	}
	weights := o.Weights
	if weights != "" && !local(weights) {
		copied, err := fetch(ctx, weights)
		if err != nil {
			return fmt.Errorf("-weights: %w", err)
		}
		defer os.Remove(copied)
		source.Weights = copied
	}
	opened, err := source.OpenNetwork(ctx, ds, in.name)
	if err != nil {
		return err
	}
	opened.ReportNotes(stderr)
	switch {
	case weights != "":
		in.networkName = weights
		if weights, err = absolute(weights); err != nil {
			return err
		}
	case source.Data == "" && len(source.Images) == 0:
		weights, in.networkName = transforms.Scenes, opened.NetworkName
	default:
		weights, in.networkName = transforms.CIFAR10, opened.NetworkName
	}
	in.network = transforms.Network{Weights: weights, Key: o.Key, MaxMemory: int64(o.MaxMemory) * 1e6, Options: opened.Options(),
		MaxPixels: o.MaxPixels, ApplyOrientation: o.Orient, Truncated: o.Truncated, Batch: o.batch}
	in.about = opened.Model.String()
	in.width, _ = opened.Model.Network().Widths()
	if !opened.Model.Headless() {
		in.classes = opened.Model.Classes()
	}
	if o.writes("maps") || o.writes("overlays") {
		return transforms.MapOptions{Method: o.method, Layer: o.layer}.Check(ctx, in.network)
	}
	return nil
}

// fetch copies a file from another file system.
func fetch(ctx context.Context, path string) (string, error) {
	b, err := transforms.ReadFile(ctx, path, 16<<30)
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp("", "glimpse-*"+filepath.Ext(path))
	if err != nil {
		return "", err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
	}
	return f.Name(), err
}

// named stands for a data set of which only the names of the classes are known here.
type named []string

func (named) Len() int            { return 0 }
func (n named) Classes() []string { return n }
func (named) Close() error        { return nil }

// Sample is not there.
func (named) Sample(context.Context, int) (data.Sample, error) {
	return data.Sample{}, errors.New("read by the pipeline")
}

// estimate says how much would be written.
func (o *options) estimate(in *input) string {
	text := fmt.Sprintf("%d shards of %s", in.count, o.write)
	if in.images == 0 || in.width == 0 {
		return text
	}
	point := 100 + 4*len(in.classes) + 8*o.components // a name, numbers, probabilities, coordinates
	if o.sample > 0 {
		point += 16
	}
	if o.columns {
		point += 4 * in.width
	}
	total := 0
	if o.writes("parquet") {
		total += point * in.images
	}
	if o.writes("npy") {
		total += (4*in.width + 8) * in.images
	}
	text += fmt.Sprintf(", about %.1f MB", float64(total)/1e6)
	if o.writes("maps") || o.writes("overlays") {
		text += " and the maps"
	}
	return text
}
