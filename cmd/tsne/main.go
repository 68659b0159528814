// Command tsne lays out the features of images by t-SNE. See -h.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/cmd/internal/table"
	"github.com/glimpse-go/glimpse/internal/visible"
	"github.com/glimpse-go/glimpse/tsne"
)

func main() { cli.Main("tsne", run) }

// run is the program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stdout)
	if err != nil {
		return err
	}
	layout, _ := table.SplitName(o.layout)
	inputs := append(append(append(o.FeatureFlags.Inputs(), o.Fonts.Inputs()...), o.page.Inputs()...), cli.File{Flag: "layout", Path: layout})
	outputs := append(o.FeatureFlags.Outputs(), o.PlotFlags.Outputs()...)
	if o.layout != "" { // its coordinates are not written again
		outputs = append(o.FeatureFlags.Outputs(), cli.File{Flag: "out", Path: o.Out})
	}
	outputs = append(outputs, o.page.Outputs()...)
	if err := cli.CheckFiles(inputs, outputs); err != nil {
		return err
	}
	if err := o.Load(ctx); err != nil {
		return err
	}
	if err := o.page.Load(ctx); err != nil {
		return err
	}
	f, err := o.Get(ctx, o.Thumbnails, &o.page, stderr)
	if err != nil {
		return err
	}
	n, d := f.X.Dims()
	cli.Line(stdout, "features  %d x %d: %s", n, d, f.Source)
	if o.layout != "" {
		return o.measure(ctx, stdout, stderr, f)
	}
	return o.lay(ctx, stdout, stderr, f)
}

// lay makes a layout, draws and measures it. When ctx ends during the
// optimisation it draws what was reached, and returns ctx's error.
func (o *options) lay(ctx context.Context, stdout, stderr io.Writer, f *cli.Features) error {
	n, _ := f.X.Dims()
	result, stopped := o.fit(ctx, stdout, stderr, f)
	if result == nil || stopped != nil && !errors.Is(stopped, context.Canceled) {
		return stopped
	}
	// What may have taken hours is written also when ctx ends at the last moment.
	writing := context.WithoutCancel(ctx)
	if err := o.Coordinates(writing, f, result.Layout, []string{"x", "y", "z"}[:o.Components]); err != nil {
		return err
	}
	title := fmt.Sprintf("t-SNE of %d points, perplexity %s", n, o.perplex)
	if stopped != nil {
		title = fmt.Sprintf("t-SNE of %d points after %d iterations", n, result.Iterations)
	}
	if err := o.draw(writing, stderr, f, result.Layout, title); err != nil {
		return err
	}
	cli.Line(stdout, "figure    %s", o.Written())
	if err := o.writePage(writing, stdout, stderr, f, cli.PageLayout{Name: "t-SNE", At: result.Layout, TSNE: &o.Options}, title); err != nil {
		return err
	}
	if stopped != nil {
		fmt.Fprintf(stdout, "stopped   this is the layout after %d iterations\n", result.Iterations)
		return stopped
	}
	if result.Coincident {
		fmt.Fprintf(stderr, "tsne: warning: nothing tells the %d points apart (%s), so the layout shows chance and nothing of them\n", n, o.sameness())
		return nil
	}
	if !o.quality {
		return nil
	}
	return o.printQuality(ctx, stdout, f, result.Layout)
}

// sameness says what makes points coincident.
func (o *options) sameness() string {
	if o.Metric == tsne.Cosine {
		return "all rows have one direction, or are zero"
	}
	return "all rows are equal"
}

// decimals writes a number with so many digits, and 0 for what rounds to it.
func decimals(v float64, digits int) string {
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Trim(s, "-0.") == "" {
		return strings.TrimPrefix(s, "-")
	}
	return s
}

// fit runs t-SNE under a progress bar. Once the optimisation has begun the
// result is there even when ctx ended.
func (o *options) fit(ctx context.Context, stdout, stderr io.Writer, f *cli.Features) (*tsne.Result, error) {
	began := time.Now()
	var bar *cli.Progress
	done := 0
	o.Progress = func(p tsne.Progress) bool {
		if bar == nil {
			bar = cli.NewProgress(stderr, p.Iterations, "t-SNE", "iterations")
		}
		bar.Describe("t-SNE  KL " + decimals(p.KL, 3))
		bar.Add(p.Iteration - done)
		done = p.Iteration
		if o.onProgress != nil {
			o.onProgress()
		}
		return true
	}
	var end func()
	o.Searching, end = cli.Steps(stderr, "neighbours", "points")
	result, err := tsne.Fit(ctx, f.X, o.Options)
	end()
	if bar != nil {
		bar.Done()
	}
	if result != nil {
		fmt.Fprintf(stdout, "t-SNE     %d iterations by %s, %s neighbours, KL divergence %s, %.1f s; ended by %s\n",
			result.Iterations, result.Method, result.NeighbourSearch, decimals(result.KL, 4), time.Since(began).Seconds(), reason(result.Stop))
	}
	return result, named(err)
}

// reason says why the optimisation ended, in numbers: there are no flags for what
// the package's options set.
func reason(stop tsne.StopReason) string {
	switch stop {
	case tsne.StopGradient:
		return "a gradient norm below 1e-7"
	case tsne.StopProgress:
		return "no progress for 300 iterations"
	}
	return string(stop)
}

// draw draws a layout of one to three dimensions, the third unseen.
func (o *options) draw(ctx context.Context, stderr io.Writer, f *cli.Features, layout mat.Matrix, title string) error {
	if _, d := layout.Dims(); d == 1 {
		return o.Figure(ctx, stderr, f, layout, title, "t-SNE 1", "row")
	}
	return o.Figure(ctx, stderr, f, layout, title, "t-SNE 1", "t-SNE 2")
}

// writePage follows -html: a page with the layout, and beside it the principal components.
func (o *options) writePage(ctx context.Context, stdout, stderr io.Writer, f *cli.Features, layout cli.PageLayout, title string) error {
	if !o.page.Wanted() {
		return nil
	}
	layouts := []cli.PageLayout{layout}
	if l, ok, err := cli.PCALayout(ctx, f); err != nil {
		return err
	} else if ok {
		layouts = append(layouts, l)
	}
	if err := o.page.WritePoints(ctx, stderr, f, title, o.Palette, layouts...); err != nil {
		return err
	}
	cli.Line(stdout, "page      %s", o.page.HTML)
	return nil
}

// measure draws and measures a layout that is there already.
func (o *options) measure(ctx context.Context, stdout, stderr io.Writer, f *cli.Features) error {
	places, err := table.LoadFeatures(ctx, o.layout)
	if err != nil {
		return err
	}
	n, _ := f.X.Dims()
	if places.N != n || places.D > 3 {
		return fmt.Errorf("%s: shape [%d %d], want %d points in 1 to 3 dimensions", o.layout, places.N, places.D, n)
	}
	layout := mat.NewDense(n, places.D, places.X)
	if len(o.Perplexities) > 1 {
		return cli.Usagef("-layout is measured at one perplexity, not %s", o.perplex)
	}
	p, err := tsne.NewAffinities(ctx, f.X, tsne.Options{Perplexities: o.Perplexities, Metric: o.Metric})
	if err != nil {
		return named(err)
	}
	kl, err := p.KLDivergence(ctx, layout)
	if err != nil {
		return named(err)
	}
	cli.Line(stdout, "layout    %s: KL divergence %s", o.layout, decimals(kl, 6))
	if err := o.printQuality(ctx, stdout, f, layout); err != nil {
		return err
	}
	if err := o.draw(ctx, stderr, f, layout, visible.Text(o.layout)); err != nil {
		return err
	}
	cli.Line(stdout, "figure    %s", o.Out)
	return o.writePage(ctx, stdout, stderr, f, cli.PageLayout{Name: filepath.Base(o.layout), At: layout}, o.layout)
}
