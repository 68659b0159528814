// Command beam makes features, maps, PCA and t-SNE of images on Apache Beam: on this
// machine, or on as many as a runner has. See -h.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/s3" // beamx brings local disks and GCS
	"github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"

	"github.com/glimpse-go/glimpse/cmd/beam/transforms"
	"github.com/glimpse-go/glimpse/cmd/internal/cli"
)

func main() { cli.Main("beam", run) }

// run is the program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stdout)
	if err != nil {
		return err
	}
	beam.Init() // in a worker this does not return
	if err := o.check(); err != nil {
		return err
	}
	in, err := o.open(ctx, stderr)
	if err != nil {
		return err
	}
	if err := o.checkSizes(in); err != nil {
		return err
	}
	cli.Line(stdout, "input     %s", in)
	if in.network.Weights != "" {
		cli.Line(stdout, "network   %s: %s", in.networkName, in.about)
	}
	if o.dryRun {
		cli.Line(stdout, "output    %s: %s", o.output, o.estimate(in))
		return nil
	}
	if local(o.output) {
		if err := cli.CheckFolder(cli.File{Flag: "output", Path: o.output}); err != nil {
			return err
		}
	}
	if err := transforms.Clear(ctx, o.output, in.count, "accuracy.json"); err != nil {
		return err
	}
	p, s := beam.NewPipelineWithRoot()
	o.build(s, in)
	jobs, err := startPrism(ctx, o.log)
	if err != nil {
		return err
	}
	began := time.Now()
	stop := watch(stderr, jobs, in.images)
	result, err := beamx.RunWithMetrics(ctx, p)
	stop()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("the pipeline failed: %s", cause(err))
	}
	if n, err := transforms.Sweep(ctx, o.output); err != nil {
		return err
	} else if n > 0 {
		cli.Line(stdout, "swept     %d files that workers left", n)
	}
	return o.report(ctx, in, time.Since(began), counters(result), stdout, stderr)
}

// cause is the last part of an error of Beam, whose others are the plan that was at work.
func cause(err error) string {
	text := strings.TrimSpace(err.Error())
	if at := strings.LastIndex(text, "failed:\n"); at >= 0 {
		text = text[at+len("failed:\n"):]
	}
	return text
}

// report says what was made.
func (o *options) report(ctx context.Context, in *input, took time.Duration, counts map[string]int64, stdout, stderr io.Writer) error {
	b, err := transforms.ReadFile(ctx, in.path("accuracy.json"), 1<<30)
	if err != nil {
		return fmt.Errorf("nothing could be read, see %s: %w", in.path("failures-*.jsonl"), err)
	}
	var r transforms.Report
	if err := json.Unmarshal(b, &r); err != nil {
		return fmt.Errorf("%s: %w", in.path("accuracy.json"), err)
	}
	if r.Images == 0 {
		return fmt.Errorf("none of the images can be read, see %s", in.path("failures-*.jsonl"))
	}
	cli.Line(stdout, "done      %d points, %.1f s, %.0f/s", r.Images, took.Seconds(), float64(r.Images)/took.Seconds())
	if r.Labelled > 0 {
		cli.Line(stdout, "accuracy  %d of %d = %.2f%%", r.Correct, r.Labelled, 100*r.Accuracy)
	}
	var names []string
	for name := range counts {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, counts[name])
	}
	cli.Line(stdout, "metrics   %s", strings.Join(names, ", "))
	cli.Line(stdout, "output    %s", o.output)
	failed, err := transforms.ReadFailures(ctx, o.output, in.count)
	if n := len(failed); n > 0 {
		cli.Line(stderr, "failed    %d, which %s lists, the first %s: %s", n, in.path("failures-*.jsonl"), failed[0].Name, failed[0].Error)
	}
	return err
}

// build makes the pipeline.
func (o *options) build(s beam.Scope, in *input) {
	var points beam.PCollection
	if in.network.Weights == "" {
		points = transforms.ReadFeatures(s, in.shards)
	} else {
		pictures, unread := in.read(s)
		var unmade beam.PCollection
		points, unmade = transforms.Features(s, in.network, pictures)
		if o.writes("maps") || o.writes("overlays") {
			// Which pictures fail is known from their features.
			maps, _ := transforms.Maps(s, in.network, transforms.MapOptions{Method: o.method, Layer: o.layer, Overlays: o.writes("overlays")}, pictures)
			transforms.WriteMaps(s, o.output, in.count, maps)
		}
		transforms.WriteFailures(s, o.output, in.count, beam.Flatten(s, unread, unmade))
	}
	transforms.WriteAccuracy(s, in.path("accuracy.json"), in.classes, transforms.Accuracy(s, points))
	if o.writes("npy") {
		transforms.WriteNPY(s, o.output, in.count, points)
	}
	if o.writes("means") {
		transforms.WriteMeans(s, in.path("class_means.json"), transforms.ClassMeans(s, points))
	}
	at := points
	if o.components > 0 {
		fitted := transforms.FitPCA(s, o.pca(), points)
		transforms.WriteModel(s, in.path("pca.json"), fitted)
		at = transforms.Project(s, fitted, at)
	}
	if o.sample > 0 {
		layout := transforms.FitTSNE(s, o.tsne, transforms.Sample(s, o.sample, uint64(o.tsne.Seed), points))
		at = transforms.Place(s, o.tsne, layout, at)
	}
	if o.writes("parquet") {
		transforms.WriteParquet(s, o.output, in.count, transforms.ParquetOptions{Features: o.columns}, at)
	}
}

// local tells whether a path is one of this machine.
func local(path string) bool { return !strings.Contains(path, "://") }

// absolute is a path that workers in other folders find too.
func absolute(path string) (string, error) {
	if path == "" || !local(path) {
		return path, nil
	}
	return filepath.Abs(path)
}
