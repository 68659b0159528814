// Command tsne lays out the features of images by t-SNE. See -h.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/tsne"
	"github.com/glimpse-go/glimpse/tsne/quality"
)

func main() { cli.Main("tsne", run) }

// options are the flags of the program.
type options struct {
	cli.FeatureFlags
	cli.PlotFlags
	tsne.Options
	seed     uint
	method   string
	search   string
	metric   string
	init     string
	schedule string
	perplex  string
	quality  bool
	layout   string

	onProgress func() // called as the optimisation moves on, unless nil
}

// parse reads the command line.
func parse(args []string, stdout io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("tsne", flag.ContinueOnError)
	o.FeatureFlags.AddFlags(flags, 1000)
	o.PlotFlags.AddFlags(flags, "tsne")
	flags.IntVar(&o.Components, "components", 2, "`number` of dimensions of the layout, 1 to 3")
	flags.StringVar(&o.perplex, "perplexity", "30", "effective `number` of neighbours; several, as 30,300, are averaged")
	flags.Float64Var(&o.EarlyExaggeration, "early-exaggeration", 12, "`factor` on the affinities in the first phase")
	flags.IntVar(&o.EarlyIterations, "early-iterations", 250, "`number` of iterations of the first phase")
	flags.Float64Var(&o.LateExaggeration, "late-exaggeration", 1, "`factor` on the affinities in the second phase")
	flags.Float64Var(&o.LearningRate, "learning-rate", 0, "step `size` (default automatic)")
	flags.IntVar(&o.Iterations, "iterations", 0, "`number` of iterations in all (default 1000; openTSNE 750)")
	flags.Float64Var(&o.Angle, "angle", 0.5, "Barnes-Hut's `angle`: smaller is slower and more exact")
	flags.StringVar(&o.method, "method", "auto", "`name`: exact, barnes-hut, fft (up to 2 dimensions), or auto by the number of points")
	flags.StringVar(&o.search, "neighbours", "auto", "`name` of the neighbour search: exact, approximate, or auto by the number of points")
	flags.StringVar(&o.metric, "metric", "euclidean", "`name` of the distance: euclidean or cosine")
	flags.StringVar(&o.init, "init", "pca", "`name` of the start: pca or random")
	flags.StringVar(&o.schedule, "schedule", "sklearn", "`name` of the optimiser's schedule: sklearn or openTSNE")
	flags.UintVar(&o.seed, "seed", 0, "`number` of the random start, as NumPy's RandomState takes it")
	flags.Float64Var(&o.DegreesOfFreedom, "dof", 0, "degrees of `freedom` of the layout's kernel (default 1 up to 2 dimensions, 2 in 3)")
	flags.BoolVar(&o.quality, "quality", true, "measure how well the layout keeps neighbourhoods")
	flags.StringVar(&o.layout, "layout", "", "draw and measure the layout in this .npy `file`, of whatever program, instead of making one")
	help := func(w io.Writer) {
		fmt.Fprint(w, `tsne draws how the feature space of a network is laid out: every image a point,
images that the network finds alike close together (t-SNE, van der Maaten and
Hinton 2008), with scikit-learn's defaults.

  tsne                                              the embedded scenes and their network
  tsne -data cifar-10-batches-bin -save cifar.npy   CIFAR-10 with the embedded network for it
  tsne -features cifar.npy -labels cifar_labels.npy -perplexity 50
`)
		cli.PrintFlags(w, flags, "Images and network", cli.ImageFlagNames...)
		cli.PrintFlags(w, flags, "Features", cli.FeatureFlagNames...)
		cli.PrintFlags(w, flags, "t-SNE", "perplexity", "components", "method", "angle", "neighbours", "metric", "init", "seed", "schedule",
			"iterations", "learning-rate", "early-exaggeration", "early-iterations", "late-exaggeration", "dof")
		cli.PrintFlags(w, flags, "Results", append([]string{"quality", "layout"}, append(cli.PlotFlagNames, "version")...)...)
		fmt.Fprint(w, `
Ctrl-C during the optimisation writes the layout reached so far; a second one ends
the program at once. Exit status: 0, 1 after an error, 2 after an error in the
command line, 130 after Ctrl-C, 143 after SIGTERM.
`)
	}
	if err := cli.Parse(flags, args, help, stdout); err != nil {
		return nil, err
	}
	if err := o.Rest(flags); err != nil {
		return nil, err
	}
	if o.seed > 1<<32-1 {
		return nil, cli.Usagef("-seed %d: want at most %d", o.seed, uint32(1<<32-1))
	}
	for _, name := range []struct {
		flag, value string
		want        []string
	}{
		{"method", o.method, []string{"auto", string(tsne.Exact), string(tsne.BarnesHut), string(tsne.FFT)}},
		{"neighbours", o.search, []string{"auto", string(tsne.SearchExact), string(tsne.SearchApproximate)}},
		{"metric", o.metric, []string{string(tsne.Euclidean), string(tsne.Cosine)}},
		{"init", o.init, []string{string(tsne.InitPCA), string(tsne.InitRandom)}},
		{"schedule", o.schedule, []string{string(tsne.SklearnSchedule), string(tsne.OpenTSNESchedule)}},
	} {
		if !slices.Contains(name.want, name.value) {
			return nil, cli.Usagef("-%s %q: want %s", name.flag, name.value, strings.Join(name.want, ", "))
		}
	}
	if o.Components > 2 && o.method == string(tsne.FFT) {
		return nil, cli.Usagef("-method fft is for 1 or 2 components, not -components %d: want barnes-hut, exact or auto", o.Components)
	}
	for _, field := range strings.Split(o.perplex, ",") {
		p, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
		if err != nil || !(p > 0) || math.IsInf(p, 1) {
			return nil, cli.Usagef("-perplexity %q: want a positive number, or several with commas between", o.perplex)
		}
		o.Perplexities = append(o.Perplexities, p)
	}
	if o.method != "auto" {
		o.Method = tsne.Method(o.method)
	}
	if o.search != "auto" {
		o.NeighbourSearch = tsne.NeighbourSearch(o.search)
	}
	o.Metric, o.Init, o.Schedule, o.Seed = tsne.Metric(o.metric), tsne.Init(o.init), tsne.Schedule(o.schedule), uint32(o.seed)
	if o.Angle < 0 {
		return nil, cli.Usagef("-angle %v: want 0 to 1", o.Angle)
	}
	if o.Angle == 0 {
		o.Angle = -1 // the zero value means the default
	}
	if o.EarlyIterations < 0 {
		return nil, cli.Usagef("-early-iterations %d: want 0 or more", o.EarlyIterations)
	}
	if o.EarlyIterations == 0 {
		o.EarlyIterations = -1
	}
	// A number that the library takes as its default says something else here,
	// and one that it refuses it refuses after the features have been made.
	switch positive := func(v float64) bool { return v > 0 && !math.IsInf(v, 1) }; {
	case o.Components < 1 || o.Components > 3:
		return nil, cli.Usagef("-components %d: want 1 to 3", o.Components)
	case o.Iterations < 0:
		return nil, cli.Usagef("-iterations %d: want a positive number", o.Iterations)
	case !positive(o.EarlyExaggeration) || o.EarlyExaggeration < 1:
		return nil, cli.Usagef("-early-exaggeration %v: want 1 or more", o.EarlyExaggeration)
	case !positive(o.LateExaggeration):
		return nil, cli.Usagef("-late-exaggeration %v: want a positive number", o.LateExaggeration)
	case o.LearningRate != 0 && !positive(o.LearningRate):
		return nil, cli.Usagef("-learning-rate %v: want a positive number", o.LearningRate)
	case o.DegreesOfFreedom != 0 && !positive(o.DegreesOfFreedom):
		return nil, cli.Usagef("-dof %v: want a positive number", o.DegreesOfFreedom)
	case !(o.Angle <= 1):
		return nil, cli.Usagef("-angle %v: want 0 to 1", o.Angle)
	}
	if o.layout != "" && o.File == "" {
		return nil, cli.Usagef("-layout needs the -features that it was made from")
	}
	return o, o.Check()
}

// run is the program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stdout)
	if err != nil {
		return err
	}
	inputs := append(o.Inputs(), cli.File{Flag: "layout", Path: o.layout})
	outputs := append(o.FeatureFlags.Outputs(), o.PlotFlags.Outputs()...)
	if o.layout != "" { // its coordinates are not written again
		outputs = append(o.FeatureFlags.Outputs(), cli.File{Flag: "out", Path: o.Out})
	}
	if err := cli.CheckFiles(inputs, outputs); err != nil {
		return err
	}
	f, err := o.Get(ctx, o.Thumbnails, stderr)
	if err != nil {
		return err
	}
	n, d := f.X.Dims()
	cli.Line(stdout, "features  %d x %d: %s", n, d, f.Source)
	if o.layout != "" {
		return o.measure(ctx, stdout, f)
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
	if err := o.draw(writing, f, result.Layout, title); err != nil {
		return err
	}
	cli.Line(stdout, "figure    %s", o.Written())
	if stopped != nil {
		fmt.Fprintf(stdout, "stopped   this is the layout after %d iterations\n", result.Iterations)
		return stopped
	}
	if !o.quality {
		return nil
	}
	return printQuality(ctx, stdout, f, result.Layout)
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
		bar.Describe(fmt.Sprintf("t-SNE  KL %.3f", p.KL))
		bar.Add(p.Iteration - done)
		done = p.Iteration
		if o.onProgress != nil {
			o.onProgress()
		}
		return true
	}
	result, err := tsne.Fit(ctx, f.X, o.Options)
	if bar != nil {
		bar.Done()
	}
	if result != nil {
		fmt.Fprintf(stdout, "t-SNE     %d iterations by %s, %s neighbours, KL divergence %.4f, %.1f s; ended by %s\n",
			result.Iterations, result.Method, result.NeighbourSearch, result.KL, time.Since(began).Seconds(), reason(result.Stop))
	}
	return result, err
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
func (o *options) draw(ctx context.Context, f *cli.Features, layout mat.Matrix, title string) error {
	if _, d := layout.Dims(); d == 1 {
		return o.Figure(ctx, f, layout, title, "t-SNE 1", "row")
	}
	return o.Figure(ctx, f, layout, title, "t-SNE 1", "t-SNE 2")
}

// measure draws and measures a layout that is there already.
func (o *options) measure(ctx context.Context, stdout io.Writer, f *cli.Features) error {
	a, err := npy.Load(ctx, o.layout)
	if err != nil {
		return err
	}
	n, _ := f.X.Dims()
	if len(a.Shape) != 2 || a.Shape[0] != n || a.Shape[1] < 1 || a.Shape[1] > 3 {
		return fmt.Errorf("%s: shape %v, want %d points in 1 to 3 dimensions", o.layout, a.Shape, n)
	}
	layout := mat.NewDense(n, a.Shape[1], a.Float64s())
	if len(o.Perplexities) > 1 {
		return cli.Usagef("-layout is measured at one perplexity, not %s", o.perplex)
	}
	kl, err := quality.KLDivergence(ctx, f.X, layout, o.Perplexities[0])
	if err != nil {
		return err
	}
	cli.Line(stdout, "layout    %s: KL divergence %.6f", o.layout, kl)
	if err := printQuality(ctx, stdout, f, layout); err != nil {
		return err
	}
	if err := o.draw(ctx, f, layout, o.layout); err != nil {
		return err
	}
	cli.Line(stdout, "figure    %s", o.Out)
	return nil
}

// qualityPoints is the most points whose neighbours are all looked at, in time
// that grows with the square of their number. Of more, qualitySample are.
const (
	qualityPoints = 20000
	qualitySample = 2000
)

// quality prints how well a layout keeps the neighbourhoods of the features.
func printQuality(ctx context.Context, stdout io.Writer, f *cli.Features, layout mat.Matrix) error {
	n, _ := f.X.Dims()
	k := min(10, (n-1)/2)
	if k < 1 {
		return nil
	}
	began := time.Now()
	if n > qualityPoints {
		kept, err := sampled(ctx, f.X, layout, k, qualitySample)
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "quality   %.1f%% of the %d nearest neighbours kept, of %d points looked at (%.1f s)\n",
			100*kept, k, qualitySample, time.Since(began).Seconds())
		return nil
	}
	kept, err := quality.NeighbourPreservation(ctx, f.X, layout, k)
	if err != nil {
		return err
	}
	line := fmt.Sprintf("quality   %.1f%% of each point's %d nearest neighbours kept", 100*kept, k)
	if 2*k < n {
		trust, err := quality.Trustworthiness(ctx, f.X, layout, k)
		if err != nil {
			return err
		}
		line += fmt.Sprintf(", trustworthiness %.4f", trust)
	}
	fmt.Fprintf(stdout, "%s (%.1f s)\n", line, time.Since(began).Seconds())
	return nil
}

// sampled is the neighbour preservation of m points spread evenly over the
// rows.
func sampled(ctx context.Context, x, layout mat.Matrix, k, m int) (float64, error) {
	n, _ := x.Dims()
	points := make([]int, min(m, n))
	for i := range points {
		points[i] = i * n / len(points)
	}
	return quality.NeighbourPreservationOf(ctx, x, layout, k, points)
}
