package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/internal/visible"
)

// images are what the network learns from, and what it is validated on.
type images struct {
	train, val             data.Dataset
	trainLabels, valLabels []int
	classes                []string
	about                  string
	opened                 []*cli.Opened
	skipBad                bool
	skipped                map[string]*data.SampleError // by name
}

// heldOutByDefault is the share of the images that validate where no split does.
const heldOutByDefault = 0.1

// validationScenes are how many scenes validate, of those that no network learns from.
func validationScenes(train int) int { return min(max(train/6, 20), 1000) }

// openImages follows the flags about data.
func openImages(ctx context.Context, o *options, stderr io.Writer) (_ *images, err error) {
	d := &images{skipBad: o.SkipBad, skipped: map[string]*data.SampleError{}}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	if o.Data == "" {
		held := validationScenes(o.Scenes)
		d.train, d.val = drawScenes(scenes.HeldOut, o.Scenes), drawScenes(0, held)
		d.about = fmt.Sprintf("embedded scenes: %d to learn from, %d others to validate", o.Scenes, held)
	} else if err := d.openSplits(ctx, o, stderr); err != nil {
		return nil, err
	}
	d.classes = d.train.Classes()
	if d.trainLabels != nil { // held out of others by their labels
		return d, nil
	}
	if d.trainLabels, err = data.Labels(ctx, d.train); err != nil {
		return nil, err
	}
	if d.valLabels, err = data.Labels(ctx, d.val); err != nil {
		return nil, err
	}
	return d, nil
}

// openSplits opens the data set of -data, and what validates.
func (d *images) openSplits(ctx context.Context, o *options, stderr io.Writer) error {
	whole, err := d.open(ctx, o, o.Data, "", 0, stderr)
	if err != nil {
		return err
	}
	split, learn := splitOf(whole.Data), o.Split
	measured := split == "val" || split == "test" // there is a split that others measure by
	if measured && learn == "" {
		learn = "train"
	}
	learnt := func(name string) bool {
		return learn == "all" || slices.Contains(strings.Split(learn, "+"), name) || learn == "" && name == split || name == "all"
	}
	measured = measured && !learnt(split)
	if o.val == "" && o.valSplit != "" {
		for name := range strings.SplitSeq(o.valSplit, "+") {
			if learnt(name) {
				return cli.Usagef("-val-split %s: split %s is learnt from, so its accuracy would tell nothing", o.valSplit, name)
			}
		}
	}
	train := whole
	if learn != "" || o.Fold != 0 {
		if train, err = d.open(ctx, o, o.Data, learn, o.Fold, stderr); err != nil && o.Split == "" && ctx.Err() == nil {
			err = fmt.Errorf("%w (-split %s learns from what there is, but for a share of it)", err, split)
		}
		if err != nil {
			return err
		}
	}
	d.train, d.about = train.Data, train.DataName
	if len(d.train.Classes()) == 0 {
		return fmt.Errorf("%s has no labels: put the images of each class in a folder of its own", d.about)
	}
	switch {
	case o.val != "" || o.valSplit != "":
		path := o.Data
		if o.val != "" {
			path = o.val
		}
		val, err := d.open(ctx, o, path, o.valSplit, 0, stderr)
		if err != nil {
			return err
		}
		d.val = val.Data
		d.about += fmt.Sprintf(": %d to learn from; %s: %d to validate", d.train.Len(), val.DataName, val.Data.Len())
	case measured && !o.holdout.given:
		d.val = whole.Data
		// The test images of those who have others to choose a network by stay unseen.
		if split == "test" && !learnt("val") {
			val, err := d.open(ctx, o, o.Data, "val", 0, io.Discard)
			if err != nil && !errors.Is(err, data.ErrNoSplit) {
				return err
			}
			if err == nil {
				d.val, split = val.Data, "val"
			}
		}
		d.about += fmt.Sprintf(": %d to learn from, %d of split %s to validate", d.train.Len(), d.val.Len(), split)
	default:
		return d.hold(ctx, o)
	}
	if a, b := d.train.Classes(), d.val.Classes(); !slices.Equal(a, b) {
		return fmt.Errorf("the images to validate have the classes %s, those to learn from %s", visible.List(b), visible.List(a))
	}
	return nil
}

// hold holds a share of the images out.
func (d *images) hold(ctx context.Context, o *options) error {
	labels, err := data.Labels(ctx, d.train)
	if err != nil {
		return err
	}
	share := o.holdout.or(heldOutByDefault)
	train, held, err := data.HoldOut(labels, share, o.seed)
	if err != nil {
		return err
	}
	if len(held) == 0 {
		return fmt.Errorf("%s: no class has two images, so that one could be held out to validate on; -val names others", d.about)
	}
	whole := d.train
	d.train, d.val = data.Subset(whole, train), data.Subset(whole, held)
	d.trainLabels, d.valLabels = picked(labels, train), picked(labels, held)
	d.about += fmt.Sprintf(": %d to learn from, %d held out to validate", len(train), len(held))
	return nil
}

// picked are the labels of some samples.
func picked(labels, samples []int) []int {
	some := make([]int, len(samples))
	for i, sample := range samples {
		some[i] = labels[sample]
	}
	return some
}

// open opens a split of a data set, or a fold of it; without a name the one that is there to
// measure by, or else the one to learn from.
func (d *images) open(ctx context.Context, o *options, path, split string, fold int, stderr io.Writer) (*cli.Opened, error) {
	src := o.Source
	src.Data, src.Split, src.Fold = path, split, fold
	opened, err := src.OpenData(ctx)
	if split == "" && errors.Is(err, fs.ErrNotExist) && ctx.Err() == nil { // only the files to learn from, perhaps
		src.Split = "train"
		if again, e := src.OpenData(ctx); e == nil {
			opened, err = again, nil
		}
	}
	if err != nil {
		return nil, err
	}
	d.opened = append(d.opened, opened)
	opened.ReportNotes(stderr)
	return opened, nil
}

// splitOf is the split that a data set is.
func splitOf(ds data.Dataset) string {
	if d, ok := ds.(data.Describer); ok {
		return d.Split()
	}
	return ""
}

// check returns an error where nothing can be learnt of the images.
func (d *images) check() error {
	counts := data.Counts(d.trainLabels, len(d.classes))
	var with []string
	for i, n := range counts {
		if n > 0 {
			with = append(with, d.classes[i])
		}
	}
	switch n := len(d.trainLabels); {
	case n == 0:
		return errors.New("no images to learn from")
	case len(with) == 1:
		return fmt.Errorf("all %d images to learn from are of one class, %s: a network tells classes apart, so there must be two, a folder each", n, visible.Short(with[0]))
	case len(d.valLabels) == 0:
		return errors.New("no images to validate on")
	}
	// The metadata of what is kept, and the state, are texts.
	for _, class := range d.classes {
		if !utf8.ValidString(class) {
			return fmt.Errorf("the class %q: give its folder a name in UTF-8, in which it can be kept", class)
		}
	}
	return nil
}

// batches are the data's. With -skip-bad they go on without images that cannot be read;
// without it the error names the flag.
func (d *images) batches(ctx context.Context, ds data.Dataset, opt data.BatchOptions, each func(*data.Batch) error) error {
	opt.DropImages = true
	if d.skipBad {
		opt.Skip = func(e *data.SampleError) { d.skipped[e.Name] = e }
	}
	for b, err := range data.Batches(ctx, ds, opt) {
		if _, bad := err.(*data.SampleError); bad {
			err = fmt.Errorf("%w (-skip-bad goes on without it)", err)
		}
		if err != nil && strings.Contains(err.Error(), "must have one size") {
			err = fmt.Errorf("%w: -size 128 brings all to squares of so many pixels", err)
		}
		if err != nil {
			return err
		}
		if err := each(b); err != nil {
			return err
		}
	}
	return nil
}

// reportSkipped says which images were passed over.
func (d *images) reportSkipped(stderr io.Writer) {
	o := cli.Opened{}
	for _, name := range slices.Sorted(maps.Keys(d.skipped)) {
		e := d.skipped[name]
		o.Skipped = append(o.Skipped, cli.Skipped{Index: e.Index, Name: name, Error: e.Err.Error()})
	}
	o.ReportSkipped(stderr)
}

func (d *images) close() {
	for _, o := range d.opened {
		o.Close()
	}
}

// identity is what a state says of the images, so that a run is resumed with the same.
type identity struct {
	Train   int      `json:"train"`
	Val     int      `json:"validation"`
	Classes []string `json:"classes"`
	Labels  string   `json:"labels"` // a hash of those of both, in order
}

// identity returns that of the images.
func (d *images) identity() identity {
	h := fnv.New64a()
	for _, labels := range [][]int{d.trainLabels, d.valLabels} {
		for _, l := range labels {
			fmt.Fprintln(h, l)
		}
	}
	return identity{len(d.trainLabels), len(d.valLabels), d.classes, fmt.Sprintf("%016x", h.Sum64())}
}

// differs says in what other images differ from those of a run, or nothing.
func (was identity) differs(now identity) string {
	switch {
	case was.Train != now.Train:
		return fmt.Sprintf("%d images to learn from, and the run was begun with %d", now.Train, was.Train)
	case was.Val != now.Val:
		return fmt.Sprintf("%d images to validate on, and the run was begun with %d", now.Val, was.Val)
	case !slices.Equal(was.Classes, now.Classes):
		return fmt.Sprintf("the classes %s, and the run was begun with %s", visible.List(now.Classes), visible.List(was.Classes))
	case was.Labels != now.Labels:
		return "images of other classes, or in another order, than the run was begun with"
	}
	return ""
}

// Bounds of sizes that are chosen by looking at images.
const (
	lookedAt   = 16  // images, evenly spread
	smallSide  = 256 // squares up to this side stay as they are
	otherwise  = 128
	imageNet   = 1000 // classes of networks that expect ImageNet's normalisation
	plainLevel = "0.5"
)

// transform says how images become the network's input: by the flags, what the checkpoint
// that is begun with says of itself, and what the images are.
func (d *images) transform(ctx context.Context, o *options, metadata map[string]string, outputs int) (data.Transform, error) {
	src := o.Source
	known, err := model.Recommend(metadata)
	if err != nil {
		return data.Transform{}, err
	}
	if src.Size == -1 && src.Resize == 0 && src.Crop == 0 && known.Size == 0 && known.Resize == 0 && known.Crop == 0 {
		if src.Size, err = d.ownSize(ctx); err != nil {
			return data.Transform{}, err
		}
	}
	for _, side := range []struct {
		text  *string
		known []float32
	}{{&src.Mean, known.Mean}, {&src.Std, known.Std}} {
		if *side.text != "" || side.known != nil {
			continue
		}
		*side.text = plainLevel
		if outputs == imageNet {
			*side.text = "imagenet"
		}
	}
	return src.Transform(&cli.Opened{Data: d.train, NetworkName: o.Weights}, metadata)
}

// ownSize is 0, as the files are, where the images looked at are squares of one small
// size, or else a size to bring them to.
func (d *images) ownSize(ctx context.Context) (int, error) {
	n := d.train.Len()
	first := 0
	for k := range min(n, lookedAt) {
		s, err := d.train.Sample(ctx, k*n/min(n, lookedAt))
		if err != nil {
			if ctx.Err() != nil {
				return 0, ctx.Err()
			}
			continue // it is named when its turn comes
		}
		if first == 0 {
			first = s.Image.Width
		}
		if s.Image.Width != first || s.Image.Height != first || first > smallSide {
			return otherwise, nil
		}
	}
	return 0, nil
}

// side is the size of the network's input, where all images come to squares of one, or 0.
func (d *images) side(ctx context.Context, t data.Transform) (int, error) {
	w, h := 0, 0
	if t.CenterCrop > 0 {
		return t.CenterCrop, nil
	}
	for i := range d.train.Len() {
		s, err := d.train.Sample(ctx, i)
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err == nil {
			w, h = t.Size(s.Image.Width, s.Image.Height)
			break
		}
	}
	if w != h {
		return 0, nil
	}
	return w, nil
}
