package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/tsne"
)

// options are the flags of the program.
type options struct {
	cli.FeatureFlags
	cli.PlotFlags
	page cli.PageFlags
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
	o.page.AddFlags(flags, 64)
	o.page.AddTop(flags)
	flags.IntVar(&o.Components, "components", 2, "`number` of dimensions of the layout, 1 to 3")
	flags.StringVar(&o.perplex, "perplexity", "30", "effective `number` of neighbours; several, as 30,300, are averaged")
	flags.Float64Var(&o.EarlyExaggeration, "early-exaggeration", 12, "`factor` on the affinities in the first phase")
	flags.IntVar(&o.EarlyIterations, "early-iterations", 250, "`number` of iterations of the first phase")
	flags.Float64Var(&o.LateExaggeration, "late-exaggeration", 1, "`factor` on the affinities in the second phase")
	flags.Float64Var(&o.LearningRate, "learning-rate", 0, "step `size` (default automatic)")
	flags.IntVar(&o.Iterations, "iterations", 0, "`number` of iterations in all, 0 for none: the start is drawn (default 1000; openTSNE 750)")
	flags.Float64Var(&o.Angle, "angle", 0.5, "Barnes-Hut's `angle`, 0 to 1: smaller is slower and more exact")
	flags.StringVar(&o.method, "method", "auto", "`name` of the way to the gradient: exact, barnes-hut, fft (up to 2 dimensions), or auto by the number of points")
	flags.StringVar(&o.search, "neighbours", "auto", "`name` of the neighbour search: exact, approximate, or auto by the number of points")
	flags.StringVar(&o.metric, "metric", "euclidean", "`name` of the distance: euclidean or cosine")
	flags.StringVar(&o.init, "init", "pca", "`name` of the start: pca or random")
	flags.StringVar(&o.schedule, "schedule", "sklearn", "`name` of the optimiser's schedule: sklearn or openTSNE")
	flags.UintVar(&o.seed, "seed", 0, "`number` of the random start, as NumPy's RandomState takes it")
	flags.Float64Var(&o.DegreesOfFreedom, "dof", 0, "`degrees` of freedom of the layout's kernel, as the schedule's program counts them (default 1; sklearn in 3 dimensions 2)")
	flags.BoolVar(&o.quality, "quality", true, "measure how well the layout keeps neighbourhoods; -quality=false does not")
	flags.StringVar(&o.layout, "layout", "", "draw and measure the layout in this `file` (as -features), of whatever program, instead of making one")
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
		cli.PrintFlags(w, flags, "A page to explore", append(cli.PageFlagNames, "top")...)
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
	if err := o.checkZeros(flags); err != nil {
		return nil, err
	}
	if o.seed > 1<<32-1 {
		return nil, cli.Usagef("-seed %d: want at most %d", o.seed, uint32(1<<32-1))
	}
	for _, field := range strings.Split(o.perplex, ",") {
		p, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
		if err != nil || !(p > 0) {
			return nil, cli.Usagef("-perplexity %s: want positive numbers", o.perplex)
		}
		o.Perplexities = append(o.Perplexities, p)
	}
	for _, c := range o.choices() {
		if err := c.check(); err != nil {
			return nil, err
		}
	}
	if o.method != "auto" {
		o.Method = tsne.Method(o.method)
	}
	if o.search != "auto" {
		o.NeighbourSearch = tsne.NeighbourSearch(o.search)
	}
	o.Metric, o.Init, o.Schedule, o.Seed = tsne.Metric(o.metric), tsne.Init(o.init), tsne.Schedule(o.schedule), uint32(o.seed)
	if !(o.Angle >= 0 && o.Angle <= 1) {
		return nil, cli.Usagef("-angle %v: want 0 to 1", o.Angle)
	}
	if o.Angle == 0 {
		o.Angle = -1 // the zero value means the default
	}
	// A number that the library takes as its default says something else here,
	// and one that it refuses it refuses after the features have been made.
	switch positive := func(v float64) bool { return v > 0 && !math.IsInf(v, 1) }; {
	case o.Components < 1 || o.Components > 3:
		return nil, cli.Usagef("-components %d: want 1 to 3", o.Components)
	case !positive(o.EarlyExaggeration) || o.EarlyExaggeration < 1:
		return nil, cli.Usagef("-early-exaggeration %v: want 1 or more", o.EarlyExaggeration)
	case !positive(o.LateExaggeration):
		return nil, cli.Usagef("-late-exaggeration %v: want a positive number", o.LateExaggeration)
	case o.LearningRate != 0 && !positive(o.LearningRate):
		return nil, cli.Usagef("-learning-rate %v: want a positive number", o.LearningRate)
	case o.DegreesOfFreedom != 0 && !positive(o.DegreesOfFreedom):
		return nil, cli.Usagef("-dof %v: want a positive number", o.DegreesOfFreedom)
	case o.Method == tsne.FFT && o.Components == 3:
		return nil, cli.Usagef("-method fft -components 3: it is for 1 or 2 components, want barnes-hut")
	}
	if o.layout != "" && o.File == "" {
		return nil, cli.Usagef("-layout needs the -features that it was made from")
	}
	if err := o.page.Check(); err != nil {
		return nil, err
	}
	return o, o.Check()
}

// checkZeros returns an error for numbers that are not to be given, and brings 0, where
// it means none, to the library's -1: its 0 is a field that is not set.
func (o *options) checkZeros(flags *flag.FlagSet) (err error) {
	flags.Visit(func(f *flag.Flag) {
		switch {
		case err != nil:
		case f.Name == "iterations" && o.Iterations < 0, f.Name == "early-iterations" && o.EarlyIterations < 0:
			err = cli.Usagef("-%s %s: want 0 or more", f.Name, f.Value)
		case f.Name == "iterations" && o.Iterations == 0:
			o.Iterations = -1
		case f.Name == "early-iterations" && o.EarlyIterations == 0:
			o.EarlyIterations = -1
		case f.Name == "learning-rate" && o.LearningRate == 0, f.Name == "dof" && o.DegreesOfFreedom == 0:
			err = cli.Usagef("-%s 0: want a positive number, or no flag for the default", f.Name)
		}
	})
	return err
}

// choices are the flags that take a name, and the names.
func (o *options) choices() []choice {
	return []choice{
		{"method", o.method, []string{"auto", string(tsne.Exact), string(tsne.BarnesHut), string(tsne.FFT)}},
		{"neighbours", o.search, []string{"auto", string(tsne.SearchExact), string(tsne.SearchApproximate)}},
		{"metric", o.metric, []string{string(tsne.Euclidean), string(tsne.Cosine)}},
		{"init", o.init, []string{string(tsne.InitPCA), string(tsne.InitRandom)}},
		{"schedule", o.schedule, []string{string(tsne.SklearnSchedule), string(tsne.OpenTSNESchedule)}},
	}
}

// choice is a flag that takes one of some names.
type choice struct {
	flag, name string
	names      []string
}

func (c choice) check() error {
	if slices.Contains(c.names, c.name) {
		return nil
	}
	last := len(c.names) - 1
	return cli.Usagef("-%s %q: want %s or %s", c.flag, c.name, strings.Join(c.names[:last], ", "), c.names[last])
}

// named puts a flag in the place of the option that an error is about.
func named(err error) error {
	var o *tsne.OptionError
	if !errors.As(err, &o) || cli.FlagOf(o.Option) == "" {
		return err
	}
	text := fmt.Sprintf("%s %s: want %s", cli.FlagOf(o.Option), o.Shown(), o.Want)
	return cli.Usagef("%s", strings.Replace(strings.TrimPrefix(err.Error(), "tsne: "), o.Error(), text, 1))
}
