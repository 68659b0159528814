package cli

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/nn"
	"gonum.org/v1/gonum/mat"
)

// Features is what the programs that draw feature spaces start from: points
// made from images by a network, or read from .npy files.
type Features struct {
	X      *mat.Dense // n x d
	Labels []int      // n class numbers, or nil; -1: none
	Names  []string   // of the classes, or nil
	Images []*data.Image
	Source string // for people
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
	flags.StringVar(&f.File, "features", "", "read n x d features from this .npy `file` instead of images")
	flags.StringVar(&f.LabelsFile, "labels", "", "with -features: n class numbers in this .npy `file`")
	flags.StringVar(&f.Save, "save", "", "keep the features in this .npy `file` (float32), and the labels beside it in FILE_labels.npy")
}

// Get reads the features or makes them, and keeps them where -save says. With
// images it also keeps the pictures, at most 64 pixels a side.
func (f *FeatureFlags) Get(ctx context.Context, images bool, stderr io.Writer) (*Features, error) {
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
	case f.File != "":
		return f.read(ctx)
	}
	return f.extract(ctx, images, stderr)
}

// read reads .npy files.
func (f *FeatureFlags) read(ctx context.Context) (*Features, error) {
	a, err := npy.Load(ctx, f.File)
	if err != nil {
		return nil, err
	}
	shape, x := a.Shape, a.Float64s()
	if len(shape) != 2 || shape[0] < 1 || shape[1] < 1 {
		return nil, fmt.Errorf("%s: shape %v, want n x d features", f.File, shape)
	}
	n, d := shape[0], shape[1]
	for i, v := range x {
		if v-v != 0 { // NaN or infinite
			return nil, fmt.Errorf("%s: row %d, column %d is %v, want finite numbers", f.File, i/d, i%d, v)
		}
	}
	out := &Features{Source: f.File}
	if f.LabelsFile != "" {
		a, err := npy.Load(ctx, f.LabelsFile)
		if err != nil {
			return nil, err
		}
		labels, err := a.Int64s()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.LabelsFile, err)
		}
		if len(labels) != n {
			return nil, fmt.Errorf("%s: shape %v, want a label for each of the %d points of %s", f.LabelsFile, a.Shape, n, f.File)
		}
		largest := int64(-1)
		for i, l := range labels {
			if l < -1 || l > math.MaxInt32 {
				return nil, fmt.Errorf("%s: label %d is %d, want a class number, or -1 for none", f.LabelsFile, i, l)
			}
			largest = max(largest, l)
			out.Labels = append(out.Labels, int(l))
		}
		if f.Classes != "" {
			if out.Names, err = classNames(f.Classes); err != nil {
				return nil, err
			}
			if int64(len(out.Names)) <= largest {
				return nil, fmt.Errorf("-classes: %d names, and a label of %d in %s", len(out.Names), largest, f.LabelsFile)
			}
		} else if largest < 1000 {
			for i := range largest + 1 {
				out.Names = append(out.Names, strconv.FormatInt(i, 10))
			}
		} else {
			return nil, fmt.Errorf("%s: a label of %d: want at most 1000 classes", f.LabelsFile, largest)
		}
	}
	if f.Count > 0 && f.Count < n {
		n = f.Count
		x = x[:n*d]
		out.Labels = out.Labels[:min(n, len(out.Labels))]
	}
	out.X = mat.NewDense(n, d, x)
	return out, f.keep(ctx, out)
}

// extract runs images through the network.
func (f *FeatureFlags) extract(ctx context.Context, images bool, stderr io.Writer) (*Features, error) {
	o, err := f.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	n := o.Data.Len()
	if f.Count > 0 {
		n = min(n, f.Count)
	}
	d, _ := o.Model.Network().Widths()
	x := make([]float64, 0, n*d)
	out := &Features{Names: o.Model.Classes()}
	began := time.Now()
	bar := NewProgress(stderr, n, "features", "images")
	defer bar.Done()
	opt := data.BatchOptions{Count: n, Size: f.Batch, Transform: o.Model.Transform(), DropImages: !images}
	for b, err := range data.Batches(ctx, o.Data, opt) {
		if err != nil {
			return nil, err
		}
		r, err := o.Model.Network().Run(ctx, &nn.Tensor{Shape: b.Shape, Data: b.Pixels})
		if err != nil {
			return nil, err
		}
		for _, v := range r.Features.Data {
			x = append(x, float64(v))
		}
		for _, s := range b.Samples {
			out.Labels = append(out.Labels, s.Label)
			if images {
				im, err := thumbnail(s.Image)
				if err != nil {
					return nil, err
				}
				out.Images = append(out.Images, im)
			}
		}
		bar.Add(len(b.Samples))
	}
	bar.Done()
	if !slices.ContainsFunc(out.Labels, func(l int) bool { return l >= 0 }) {
		out.Labels, out.Names = nil, nil
	}
	out.X = mat.NewDense(n, d, x)
	seconds := time.Since(began).Seconds()
	name := o.NetworkName
	if assumed := o.Model.Assumed(); f.Weights != "" && len(assumed) > 0 {
		name += " (assumed " + strings.Join(assumed, ", ") + ")"
	}
	out.Source = fmt.Sprintf("%s through %s, %.1f s, %.0f images/s", o.DataName, name, seconds, float64(n)/seconds)
	return out, f.keep(ctx, out)
}

// labelsPath is where -save puts the labels.
func (f *FeatureFlags) labelsPath() string {
	return strings.TrimSuffix(f.Save, filepath.Ext(f.Save)) + "_labels.npy"
}

// Inputs returns the files that the flags name to be read.
func (f *FeatureFlags) Inputs() []File {
	return append(f.Source.Inputs(), File{"features", f.File}, File{"labels", f.LabelsFile})
}

// Outputs returns the files that Get may write.
func (f *FeatureFlags) Outputs() []File {
	if f.Save == "" {
		return nil
	}
	return []File{{"save", f.Save}, {"save", f.labelsPath()}}
}

// thumbnail shrinks a picture to at most 64 pixels a side.
func thumbnail(im *data.Image) (*data.Image, error) {
	const side = 64
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
