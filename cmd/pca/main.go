// Command pca projects the features of images on their principal components.
// See -h.
package main

import (
	"context"
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
	"github.com/glimpse-go/glimpse/pca"
	"github.com/glimpse-go/glimpse/render"
)

func main() { cli.Main("pca", run) }

// options are the flags of the program.
type options struct {
	cli.FeatureFlags
	cli.PlotFlags
	page cli.PageFlags
	pca.Options
	components string
	scree      string
	model      string
}

// parse reads the command line.
func parse(args []string, stdout io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("pca", flag.ContinueOnError)
	o.FeatureFlags.AddFlags(flags, 1000)
	o.PlotFlags.AddFlags(flags, "pca")
	o.page.AddFlags(flags, 64)
	o.page.AddTop(flags)
	flags.StringVar(&o.components, "components", "2", "`number` of components, a fraction of the variance as 0.95, or all")
	flags.BoolVar(&o.Whiten, "whiten", false, "scale the components to unit variance")
	flags.StringVar(&o.scree, "scree", "", "`file` of a plot of the variance that each component explains, .png or .svg")
	flags.StringVar(&o.model, "model", "", "`file` to keep the fitted model in")
	help := func(w io.Writer) {
		fmt.Fprint(w, `pca projects the features of a network on their principal components, as
scikit-learn's PCA does, and draws the first two.

  pca                                              the embedded scenes and their network
  pca -data cifar-10-batches-bin -save cifar.npy   CIFAR-10 with the embedded network for it
  pca -features cifar.npy -labels cifar_labels.npy -components 0.95 -scree scree.png
`)
		cli.PrintFlags(w, flags, "Images and network", cli.ImageFlagNames...)
		cli.PrintFlags(w, flags, "Features", cli.FeatureFlagNames...)
		cli.PrintFlags(w, flags, "PCA", "components", "whiten")
		cli.PrintFlags(w, flags, "Results", append([]string{"scree", "model"}, append(cli.PlotFlagNames, "version")...)...)
		cli.PrintFlags(w, flags, "A page to explore", append(cli.PageFlagNames, "top")...)
		fmt.Fprint(w, `
Exit status: 0, 1 after an error, 2 after an error in the command line, 130 after
Ctrl-C, 143 after SIGTERM.
`)
	}
	if err := cli.Parse(flags, args, help, stdout); err != nil {
		return nil, err
	}
	if err := o.Rest(flags); err != nil {
		return nil, err
	}
	if o.components != "all" {
		if k, err := strconv.Atoi(o.components); err == nil && k > 0 {
			o.Components = k
		} else if v, err := strconv.ParseFloat(o.components, 64); err == nil && v > 0 && v < 1 {
			o.Variance = v
		} else {
			return nil, cli.Usagef("-components %s: want a positive number, a fraction below 1, or all", o.components)
		}
	}
	if o.scree != "" {
		if err := cli.CheckFigureName(o.scree); err != nil {
			return nil, cli.Usagef("-scree: %v", err)
		}
	}
	if err := o.page.Check(); err != nil {
		return nil, err
	}
	return o, o.Check()
}

// run is the program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stdout)
	if err != nil {
		return err
	}
	outputs := append(o.FeatureFlags.Outputs(), o.PlotFlags.Outputs()...)
	outputs = append(outputs, cli.File{Flag: "scree", Path: o.scree}, cli.File{Flag: "model", Path: o.model})
	outputs = append(outputs, o.page.Outputs()...)
	if err := cli.CheckFiles(append(append(o.FeatureFlags.Inputs(), o.Fonts.Inputs()...), o.page.Inputs()...), outputs); err != nil {
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
	if o.Components > min(n, d) {
		return cli.Usagef("-components %d: %d points of %d features have at most %d", o.Components, n, d, min(n, d))
	}
	began := time.Now()
	model, err := pca.Fit(ctx, f.X, o.Options)
	if err != nil {
		return err
	}
	scores, err := model.Transform(ctx, f.X)
	if err != nil {
		return err
	}
	ratio := model.ExplainedVarianceRatio
	sum := 0.0
	for _, r := range ratio {
		sum += r
	}
	fmt.Fprintf(stdout, "pca       %d components explain %.2f%% of the variance, %.2f s\n", len(ratio), 100*sum, time.Since(began).Seconds())
	fmt.Fprintf(stdout, "explained_variance_ratio_ %s\n", list(ratio))
	if sum == 0 {
		fmt.Fprintf(stderr, "pca: warning: %s, so the figure shows nothing of them\n", sameness(f.X))
	}
	columns := make([]string, len(ratio))
	for i := range columns {
		columns[i] = "pc" + strconv.Itoa(i+1)
	}
	if err := o.Coordinates(ctx, f, scores, columns); err != nil {
		return err
	}
	label := func(i int) string {
		if i >= len(ratio) {
			return "row"
		}
		return fmt.Sprintf("component %d (%.1f%% of the variance)", i+1, 100*ratio[i])
	}
	if err := o.Figure(ctx, stderr, f, scores, fmt.Sprintf("PCA of %d points", n), label(0), label(1)); err != nil {
		return err
	}
	cli.Line(stdout, "figure    %s", o.Written())
	if o.page.Wanted() {
		layouts := []cli.PageLayout{{Name: "PCA", At: scores, PCA: model}}
		if len(ratio) > 3 {
			layouts = append(layouts, cli.PageLayout{Name: "PCA, components 3 and 4", At: mat.DenseCopyOf(scores.Slice(0, n, 2, 4))})
		}
		if err := o.page.WritePoints(ctx, stderr, f, fmt.Sprintf("PCA of %d points", n), o.Palette, layouts...); err != nil {
			return err
		}
		cli.Line(stdout, "page      %s", o.page.HTML)
	}
	if o.scree != "" {
		if err := o.drawScree(ctx, f, ratio); err != nil {
			return fmt.Errorf("-scree: %w", err)
		}
		cli.Line(stdout, "scree     %s", o.scree)
	}
	if o.model != "" {
		if err := model.Save(ctx, o.model); err != nil {
			return fmt.Errorf("-model: %w", err)
		}
		cli.Line(stdout, "model     %s", o.model)
	}
	return nil
}

// sameness says why points have no variance.
func sameness(x *mat.Dense) string {
	n, _ := x.Dims()
	for i := range n {
		if !slices.Equal(x.RawRowView(i), x.RawRowView(0)) {
			return fmt.Sprintf("the squares of the %d points' differences are too small for numbers (multiply the features by a constant)", n)
		}
	}
	return fmt.Sprintf("all %d rows are equal", n)
}

// drawScree draws the variance that the components explain, of at least the
// first twenty: what tells a user how many are worth having.
func (o *options) drawScree(ctx context.Context, f *cli.Features, ratio []float64) error {
	n, d := f.X.Dims()
	if shown := min(20, n, d); len(ratio) < shown {
		model, err := pca.Fit(ctx, f.X, pca.Options{Components: shown})
		if err != nil {
			return err
		}
		ratio = model.ExplainedVarianceRatio
	}
	palette, err := render.PaletteByName(o.Palette)
	if err != nil {
		return err
	}
	figure, err := render.Scree(ratio, render.ScreeOptions{Title: fmt.Sprintf("PCA of %d points", n), Palette: palette, Fonts: o.Fonts.Fonts()})
	if err != nil {
		return err
	}
	return figure.Save(ctx, o.scree)
}

// list writes numbers as NumPy prints an array, at most ten of them.
func list(x []float64) string {
	var fields []string
	for i, v := range x {
		if i == 10 {
			fields = append(fields, "...")
			break
		}
		if math.IsNaN(v) {
			fields = append(fields, "nan")
		} else {
			fields = append(fields, strconv.FormatFloat(v, 'f', 8, 64))
		}
	}
	return "[" + strings.Join(fields, " ") + "]"
}
