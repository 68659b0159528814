package cli

import (
	"context"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/cmd/internal/table"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/nn"
)

// Features is what the programs that draw feature spaces start from: points
// made from images by a network, or read from files.
type Features struct {
	X      *mat.Dense // n x d
	Index  []int      // of each point's image in the data set, where some were skipped; or nil
	Labels []int      // n class numbers, or nil; -1: none
	Names  []string   // of the classes, or nil
	Images []*data.Image
	Source string // for people

	Page Explained // what -html shows beside, where it was asked for
}

// index is the number of point i in the data set.
func (f *Features) index(i int) int {
	if f.Index == nil {
		return i
	}
	return f.Index[i]
}

// FeatureFlags are the flags that say where features come from and go to.
type FeatureFlags struct {
	Source
	Count      int
	Batch      int
	File       string
	LabelsFile string
	Save       string
}

// Groups of FeatureFlags' names, for PrintFlags.
var (
	ImageFlagNames   = append([]string{"count", "batch"}, SourceFlags...)
	FeatureFlagNames = []string{"features", "labels", "save"}
)

// AddFlags defines the flags. scenes is the default number of embedded scenes.
func (f *FeatureFlags) AddFlags(flags *flag.FlagSet, scenes int) {
	f.Source.AddFlags(flags, scenes)
	flags.IntVar(&f.Count, "count", 0, "take the first `number` of images or points (default all)")
	flags.IntVar(&f.Batch, "batch", 40, "`number` of images that go through the network at a time")
	flags.StringVar(&f.File, "features", "", "read n x d features from this `file` instead of images: .npy, .npz (FILE.npz:NAME when it holds several), .csv or .tsv")
	flags.StringVar(&f.LabelsFile, "labels", "", "with -features: n class numbers or names, or one-hot rows, in this `file`, as above (FILE.csv:COLUMN)")
	flags.StringVar(&f.Save, "save", "", "keep the features in this .npy `file` (float32), and the labels beside it in FILE_labels.npy")
}

// Get reads the features or makes them, and keeps them where -save says. With
// images it also keeps the pictures, at most 64 pixels a side; for a page, what that
// shows of each image.
func (f *FeatureFlags) Get(ctx context.Context, images bool, page *PageFlags, stderr io.Writer) (*Features, error) {
	switch {
	case f.Count < 0:
		return nil, Usagef("-count %d: want 0 or more", f.Count)
	case f.Batch < 1 || f.Batch > 4096:
		return nil, Usagef("-batch %d: want 1 to 4096", f.Batch)
	case f.File == "" && f.LabelsFile != "":
		return nil, Usagef("-labels needs -features")
	case f.File != "" && (f.Data != "" || f.Weights != "" || len(f.Images) > 0):
		return nil, Usagef("-features takes the place of -data, -image and -weights")
	case f.File != "" && images:
		return nil, Usagef("-thumbnails needs images, not -features")
	}
	var out *Features
	var err error
	if f.File != "" {
		out, err = f.read(ctx, stderr)
	} else {
		out, err = f.extract(ctx, images, page, stderr)
	}
	if err != nil {
		return nil, err
	}
	n, _ := out.X.Dims()
	return out, page.Fits(n)
}

// read reads features, and labels, from files.
func (f *FeatureFlags) read(ctx context.Context, stderr io.Writer) (*Features, error) {
	x, err := table.LoadFeatures(ctx, f.File)
	if err != nil {
		return nil, err
	}
	out := &Features{Source: f.File}
	if x.Note != "" {
		out.Source += " (" + x.Note + ")"
	}
	if f.LabelsFile != "" {
		labels, err := table.LoadLabels(ctx, f.LabelsFile, x.N)
		if err != nil {
			return nil, err
		}
		if err := f.nameClasses(labels, stderr); err != nil {
			return nil, err
		}
		out.Labels, out.Names = labels.Of, labels.Names
	}
	n := x.N
	if f.Count > 0 && f.Count < n {
		n = f.Count
		x.X = x.X[:n*x.D]
		out.Labels = out.Labels[:min(n, len(out.Labels))]
	}
	out.X = mat.NewDense(n, x.D, x.X)
	return out, f.keep(ctx, out)
}

// nameClasses gives labels the names of -classes: numbers are places in them, and names
// have to be among them. Without -classes numbers are their own names.
func (f *FeatureFlags) nameClasses(labels *table.Labels, stderr io.Writer) error {
	if f.Classes == "" {
		if labels.Names == nil {
			labels.Number()
		}
		return nil
	}
	names, note, err := classNames(f.Classes)
	if err != nil {
		return err
	}
	(&Opened{notes: []string{note}}).ReportNotes(stderr)
	first := map[string]int{}
	for i, name := range slices.Backward(names) {
		first[name] = i
	}
	place := make([]int, len(labels.Names)) // in the names of -classes
	for i, name := range labels.Names {
		var ok bool
		if place[i], ok = first[name]; !ok {
			return fmt.Errorf("-classes: no name %q among the %d, which is a label in %s", name, len(names), f.LabelsFile)
		}
	}
	for i, l := range labels.Of {
		if labels.Names != nil && l >= 0 {
			labels.Of[i] = place[l]
		} else if l >= len(names) {
			return fmt.Errorf("-classes: %s, and a label of %d in %s%s", plural(len(names), "name"), l, f.LabelsFile, noFile(f.Classes))
		}
	}
	labels.Names = names
	return nil
}

// extract runs images through the network.
func (f *FeatureFlags) extract(ctx context.Context, images bool, page *PageFlags, stderr io.Writer) (*Features, error) {
	o, err := f.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	o.ReportNotes(stderr)
	defer o.ReportSkipped(stderr)
	n := o.Data.Len()
	if f.Count > 0 {
		n = min(n, f.Count)
	}
	d, _ := o.Model.Network().Widths()
	x := make([]float64, 0, n*d)
	out := &Features{Names: o.Model.Classes()}
	if o.Model.Headless() {
		out.Names = o.Data.Classes()
	}
	began := time.Now()
	bar := NewProgress(stderr, n, "features", "images")
	defer bar.Done()
	run := plain(o.Model.Network())
	if page.Wanted() {
		run = newExplainer(o.Model, page, n, &out.Page).run
		out.Page.opened = o
	}
	for b, err := range o.Batches(ctx, data.BatchOptions{Count: n, Size: f.Batch, DropImages: !images && !page.wantsImages()}) {
		if err != nil {
			return nil, err
		}
		features, err := run(ctx, b)
		if err != nil {
			return nil, err
		}
		if err := CheckFinite(b, features, "feature"); err != nil {
			return nil, err
		}
		for _, v := range features.Data {
			x = append(x, float64(v))
		}
		for _, s := range b.Samples {
			out.Labels = append(out.Labels, s.Label)
			if images {
				im, err := shrink(s.Image, thumbnailSide)
				if err != nil {
					return nil, err
				}
				out.Images = append(out.Images, im)
			}
		}
		out.Index = append(out.Index, b.Index...)
		bar.Set(int64(b.Index[len(b.Index)-1] + 1))
	}
	bar.Done()
	if len(out.Index) == n {
		out.Index = nil
	}
	n = len(out.Labels)
	if !slices.ContainsFunc(out.Labels, func(l int) bool { return l >= 0 }) {
		out.Labels, out.Names = nil, nil
	}
	out.X = mat.NewDense(n, d, x)
	seconds := time.Since(began).Seconds()
	name := o.NetworkName
	if assumed := o.Model.Assumed(); f.Weights != "" && len(assumed) > 0 {
		name += " (assumed " + strings.Join(assumed, ", ") + ")"
	}
	if choices := o.Choices(); len(choices) > 0 {
		name += " (" + strings.Join(choices, "; ") + ")"
	}
	out.Source = fmt.Sprintf("%s through %s, %.1f s, %.0f images/s", o.DataName, name, seconds, float64(n)/seconds)
	return out, f.keep(ctx, out)
}

// plain runs a batch through a network for its features alone.
func plain(net nn.Network) func(context.Context, *data.Batch) (*nn.Tensor, error) {
	return func(ctx context.Context, b *data.Batch) (*nn.Tensor, error) {
		r, err := net.Run(ctx, &nn.Tensor{Shape: b.Shape, Data: b.Pixels})
		if err != nil {
			return nil, err
		}
		return r.Features, nil
	}
}

// labelsPath is where -save puts the labels.
func (f *FeatureFlags) labelsPath() string {
	return strings.TrimSuffix(f.Save, filepath.Ext(f.Save)) + "_labels.npy"
}

// Inputs returns the files that the flags name to be read.
func (f *FeatureFlags) Inputs() []File {
	features, _ := table.SplitName(f.File)
	labels, _ := table.SplitName(f.LabelsFile)
	return append(f.Source.Inputs(), File{"features", features}, File{"labels", labels})
}

// Outputs returns the files that Get may write.
func (f *FeatureFlags) Outputs() []File {
	if f.Save == "" {
		return nil
	}
	return []File{{"save", f.Save}, {"save", f.labelsPath()}}
}

// thumbnailSide is the longer side of the pictures that figures are drawn with.
const thumbnailSide = 64

// shrink makes a picture's longer side at most so many pixels.
func shrink(im *data.Image, side int) (*data.Image, error) {
	long := max(im.Width, im.Height)
	if long <= side {
		return im, nil
	}
	return data.Resize(im, max(1, im.Width*side/long), max(1, im.Height*side/long))
}

// keep writes the features and labels where -save says.
func (f *FeatureFlags) keep(ctx context.Context, out *Features) error {
	if f.Save == "" {
		return nil
	}
	n, d := out.X.Dims()
	x := make([]float32, 0, n*d)
	for _, v := range out.X.RawMatrix().Data {
		x = append(x, float32(v))
	}
	if err := npy.Save(ctx, f.Save, []int{n, d}, x); err != nil {
		return fmt.Errorf("-save: %w", err)
	}
	if out.Labels == nil {
		return nil
	}
	labels := make([]int64, n)
	for i, l := range out.Labels {
		labels[i] = int64(l)
	}
	if err := npy.Save(ctx, f.labelsPath(), []int{n}, labels); err != nil {
		return fmt.Errorf("-save: %w", err)
	}
	return nil
}
