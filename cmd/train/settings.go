package main

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
	"unicode/utf8"

	"github.com/glimpse-go/glimpse/cmd/internal/cli"
)

// options are the flags of the program.
type options struct {
	cli.Source
	cli.Fonts
	val      string
	valSplit string
	holdout  number
	augment  string

	arch    string
	width   int
	stem    string
	maxpool string
	freeze  string

	epochs      int
	batch       int
	lr          number
	schedule    string
	warmup      number
	optimizer   string
	momentum    float64
	weightDecay number
	smoothing   float64
	clip        float64
	ema         float64
	seed        uint64

	out       string
	half      bool
	curves    string
	csv       string
	confusion string
	saveEvery string
	resume    bool

	saveSteps int           // of -save-every, or
	saveTime  time.Duration // the same
	flags     *flag.FlagSet
	resumed   *state // what -resume found
	onStep    func() // called after each step, unless nil
}

// settings are the flags that decide what is computed: a run is resumed with those that
// it was begun with.
var settings = []string{"split", "val-split", "holdout", "fold", "scenes", "size", "resize", "crop", "mean", "std", "augment", "skip-bad",
	"max-pixels", "orient", "truncated", "arch", "width", "stem", "maxpool", "freeze", "network", "epochs", "batch", "lr", "schedule",
	"warmup", "optimizer", "momentum", "weight-decay", "label-smoothing", "clip", "ema", "seed", "weights", "key"}

// places are the flags that a resumed run takes from before where they are not given, and
// that may change: files move, and what is in them is looked at.
var places = []string{"data", "val", "max-memory", "curves", "csv", "confusion", "half", "save-every"}

// ofSteps are the flags that say something of steps, or of what is written after them.
var ofSteps = []string{"augment", "epochs", "batch", "lr", "schedule", "warmup", "optimizer", "momentum", "weight-decay", "label-smoothing",
	"clip", "ema", "save-every", "curves", "csv"}

// number is a flag whose default depends on others.
type number struct {
	value float64
	given bool
}

func (n *number) String() string {
	if n == nil || !n.given {
		return ""
	}
	return strconv.FormatFloat(n.value, 'g', -1, 64)
}

func (n *number) Set(text string) error {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("want a number")
	}
	n.value, n.given = v, true
	return nil
}

// or is the number, or what it is by default.
func (n number) or(byDefault float64) float64 {
	if n.given {
		return n.value
	}
	return byDefault
}

// parse reads the command line, and the state of the run that it resumes.
func parse(ctx context.Context, args []string, stdout io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("train", flag.ContinueOnError)
	o.flags = flags
	o.AddDataFlags(flags)
	o.Fonts.AddFlags(flags, true)
	o.AddWeightsFlags(flags)
	o.AddInputFlags(flags)
	for name, usage := range map[string]string{
		"split":   "`name` of the split to learn from: train, or several as train+test (default train, or all where there are none)",
		"weights": "begin with the checkpoint `file` (.pth, .pt, .th, .safetensors, or the .index.json of several, or their folder) of a torchvision CNN or a ResNet of others; its last layer is kept where it has the names of the same classes, and else made anew",
		"size":    "resize the shorter side to `pixels` and crop a square of as many from the centre; 0: as the files are; -1: what -weights were trained on, else as the files are where they are squares of one size up to 256, else 128",
		"mean":    "`numbers` subtracted from the pixels in [0, 1], one or R,G,B, or imagenet (default: that of -weights; imagenet where they have 1000 classes and do not say; else 0.5)",
	} {
		flags.Lookup(name).Usage = usage
	}
	flags.StringVar(&o.val, "val", "", "`folder` or archive of other images to validate on, with the same classes")
	flags.StringVar(&o.valSplit, "val-split", "", "`name` of the split to validate on (default val or test, where there is one)")
	flags.Var(&o.holdout, "holdout", "`share` of the images of each class that are held out of training to validate on, instead of another split (default 0.1 where there is no split for it)")
	flags.IntVar(&o.Scenes, "scenes", 4000, "`number` of embedded scenes to learn from, where there is no other data; a sixth as many others, 20 to 1000, validate")
	flags.StringVar(&o.augment, "augment", "", "`list` of what is changed by chance: crop=4,flip,jitter=0.4,erase,mixup=0.2, see below; none (default crop by an eighth of the side, and flip)")

	flags.StringVar(&o.arch, "arch", "resnet18", "`name` of the architecture, with weights drawn as torchvision draws them")
	flags.IntVar(&o.width, "width", 0, "`number` of channels of the first stage (default 64, as in torchvision; 16 for the scenes)")
	flags.StringVar(&o.stem, "stem", "", "`size` of the first convolution: 7x7, which halves the image, or 3x3 (default 3x3 for images below 128 pixels)")
	flags.StringVar(&o.maxpool, "maxpool", "", "`yes` or no: the max pool behind the stem, which halves the maps (default no for images below 64 pixels)")
	flags.StringVar(&o.freeze, "freeze", "none", "`modules` whose weights stay as they are, as conv1,bn1,layer1; all: all but the last layer, which is then found in one go; none")

	flags.IntVar(&o.epochs, "epochs", 10, "`number` of times that each image is seen")
	flags.IntVar(&o.batch, "batch", 64, "`number` of images in a step")
	flags.Var(&o.lr, "lr", "learning `rate`, the largest (default sgd 0.08 for 64 images in a step, and in proportion; adamw 0.002; with -weights an eighth)")
	flags.StringVar(&o.schedule, "schedule", "onecycle", "`name` of the course of the rate: constant; step (a tenth after each third of the epochs) or step=30 (after each 30) or step=30:0.5; cosine; onecycle (up during -warmup, down to nothing)")
	flags.Var(&o.warmup, "warmup", "`epochs` in which the rate rises (default none; onecycle a quarter of all)")
	flags.StringVar(&o.optimizer, "optimizer", "sgd", "`name`: sgd, with Nesterov's momentum, or adamw")
	flags.Float64Var(&o.momentum, "momentum", 0.9, "`share` of the step before that sgd takes again")
	flags.Var(&o.weightDecay, "weight-decay", "`rate` at which weights fade; biases and norms do not (default sgd 5e-4, adamw 0.05)")
	flags.Float64Var(&o.smoothing, "label-smoothing", 0.1, "`share` of the target that all classes have alike")
	flags.Float64Var(&o.clip, "clip", 0, "largest `norm` of the gradient; 0: any")
	flags.Float64Var(&o.ema, "ema", 0, "`decay` a step of a running average of the weights, as 0.999, which is validated and kept in their place; 0: none")
	flags.Uint64Var(&o.seed, "seed", 0, "`number` of the chance in weights, order and augmentations")

	flags.StringVar(&o.out, "out", "network.safetensors", "`file` of the best network; the last one and the state of the run lie beside it")
	flags.BoolVar(&o.half, "half", false, "keep networks in half precision: files half as large")
	flags.StringVar(&o.curves, "curves", "train.png", "`file` of the curves of loss and accuracy, .png or .svg; empty: none")
	flags.StringVar(&o.csv, "csv", "train.csv", "`file` of the same numbers as text; empty: none")
	flags.StringVar(&o.confusion, "confusion", "", "`file` of a picture of the confusion matrix, .png or .svg")
	flags.StringVar(&o.saveEvery, "save-every", "10m", "how often the state of the run is kept beside the ends of epochs: a `time` as 10m, or a number of steps; 0: never")
	flags.BoolVar(&o.resume, "resume", false, "go on with the run of -out, with the settings that it had")
	if err := cli.Parse(flags, args, func(w io.Writer) { help(w, flags) }, stdout); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, cli.Usagef("unexpected argument %q", flags.Arg(0))
	}
	if !strings.EqualFold(filepath.Ext(o.out), networkExt) {
		return nil, cli.Usagef("-out %q: want a name that ends in %s", o.out, networkExt)
	}
	if o.resume {
		if err := o.takeUp(ctx); err != nil {
			return nil, err
		}
	}
	return o, o.check()
}

// takeUp reads the state of the run that is resumed, and takes its settings.
func (o *options) takeUp(ctx context.Context) error {
	st, err := loadState(ctx, o.statePath())
	if err != nil {
		return err
	}
	o.resumed = st
	given := map[string]bool{}
	o.flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for _, name := range append(slices.Clone(settings), places...) {
		before, known := st.Settings[name]
		now := o.flags.Lookup(name).Value
		switch {
		case !known || before == now.String():
		case !given[name]:
			if err := now.Set(before); err != nil {
				return fmt.Errorf("%s: its setting -%s %s: %w", o.statePath(), name, before, err)
			}
		case slices.Contains(places, name):
		case name == "epochs":
			if err := o.moreEpochs(before); err != nil {
				return err
			}
		case before == "":
			return cli.Usagef("-resume: -%s %s, but the run was begun without it; leave it out to go on", name, now)
		default:
			return cli.Usagef("-resume: -%s %s, but the run was begun with %s; leave it out to go on", name, now, before)
		}
	}
	return nil
}

// moreEpochs returns an error unless a run that was begun with another number of epochs
// takes the course that it would have taken with this one.
func (o *options) moreEpochs(before string) error {
	schedule := o.resumed.Settings["schedule"]
	if schedule == "constant" || strings.HasPrefix(schedule, "step=") {
		if o.epochs > o.resumed.Epoch || o.epochs == o.resumed.Epoch && o.resumed.Step == 0 {
			return nil
		}
		return cli.Usagef("-resume: -epochs %d, but the run has %d behind it", o.epochs, o.resumed.Epoch)
	}
	return cli.Usagef("-resume: -epochs %d, but the run was begun with %s, and %s goes by their number; to train on begin anew with -weights %s and another -out",
		o.epochs, before, schedule, o.lastPath())
}

// check returns an error for flags that make no sense, and follows those that are texts.
func (o *options) check() (err error) {
	within := func(name string, v float64, ok bool, want string) {
		if err == nil && (!ok || math.IsNaN(v)) {
			err = cli.Usagef("-%s %v: want %s", name, v, want)
		}
	}
	positive := func(v float64) bool { return v > 0 && !math.IsInf(v, 1) }
	within("epochs", float64(o.epochs), o.epochs >= 1 && o.epochs <= 10_000, "1 to 10000")
	within("batch", float64(o.batch), o.batch >= 1 && o.batch <= 4096, "1 to 4096")
	within("width", float64(o.width), o.width >= 0 && o.width <= 1024, "up to 1024, or 0 for the default")
	within("lr", o.lr.value, !o.lr.given || positive(o.lr.value), "a positive number")
	within("warmup", o.warmup.value, o.warmup.value >= 0 && o.warmup.value <= float64(o.epochs), "0 to the number of epochs")
	within("momentum", o.momentum, o.momentum >= 0 && o.momentum < 1, "0 or more, below 1")
	within("weight-decay", o.weightDecay.value, o.weightDecay.value >= 0, "0 or more")
	within("label-smoothing", o.smoothing, o.smoothing >= 0 && o.smoothing < 1, "0 or more, below 1")
	within("clip", o.clip, o.clip == 0 || positive(o.clip), "0 or more")
	within("ema", o.ema, o.ema >= 0 && o.ema < 1, "0 or more, below 1")
	within("holdout", o.holdout.value, !o.holdout.given || o.holdout.value > 0 && o.holdout.value < 1, "a share, more than 0 and below 1")
	within("scenes", float64(o.Scenes), o.Scenes >= 2 && o.Scenes <= 10_000_000, "2 to 10000000")
	if err != nil {
		return err
	}
	choices := []struct {
		name, value string
		of          []string
	}{
		{"optimizer", o.optimizer, []string{"sgd", "adamw"}},
		{"stem", o.stem, []string{"", "7x7", "3x3"}},
		{"maxpool", o.maxpool, []string{"", "yes", "no"}},
	}
	for _, c := range choices {
		if !slices.Contains(c.of, c.value) {
			return cli.Usagef("-%s %q: want %s", c.name, c.value, strings.Join(slices.DeleteFunc(c.of, func(s string) bool { return s == "" }), " or "))
		}
	}
	if o.Weights != "" && o.resumed == nil {
		for _, name := range []string{"arch", "width", "stem", "maxpool"} {
			if f := o.flags.Lookup(name); f.Value.String() != f.DefValue {
				return cli.Usagef("-%s is for a network from scratch: that of -weights is what it is", name)
			}
		}
	}
	switch {
	case o.Data == "" && (o.val != "" || o.Split != "" || o.valSplit != "" || o.Fold != 0 || o.holdout.given):
		return cli.Usagef("-val, -split, -val-split, -holdout and -fold need -data")
	case o.holdout.given && (o.val != "" || o.valSplit != ""):
		return cli.Usagef("-holdout takes the place of -val and -val-split")
	case o.Weights == "" && o.Key != "":
		return cli.Usagef("-key needs -weights")
	case o.csv == "-":
		return cli.Usagef("-csv -: want a file, for it is written again after each epoch")
	case o.Weights == "" && o.freeze != "none":
		return cli.Usagef("-freeze needs -weights: what was never trained is not worth keeping")
	case o.probes() && o.resume:
		return cli.Usagef("-resume: -freeze all takes no steps; run it again without -resume")
	case o.probes() && o.resumed == nil:
		o.flags.Visit(func(f *flag.Flag) {
			if err == nil && slices.Contains(ofSteps, f.Name) {
				err = cli.Usagef("-%s: -freeze all takes no steps", f.Name)
			}
		})
		if err != nil {
			return err
		}
	}
	for _, name := range []string{"data", "val", "weights", "curves", "csv", "confusion"} { // which the state keeps
		if text := o.flags.Lookup(name).Value.String(); !utf8.ValidString(text) {
			return cli.Usagef("-%s %q: want a name in UTF-8", name, text)
		}
	}
	for _, f := range []cli.File{{Flag: "curves", Path: o.curves}, {Flag: "confusion", Path: o.confusion}} {
		if f.Path == "" {
			continue
		}
		if err := cli.CheckFigureName(f.Path); err != nil {
			return cli.Usagef("-%s: %v", f.Flag, err)
		}
	}
	if steps, err := strconv.Atoi(o.saveEvery); err == nil && steps >= 0 {
		o.saveSteps = steps
	} else if d, err := time.ParseDuration(o.saveEvery); err == nil && d > 0 {
		o.saveTime = d
	} else {
		return cli.Usagef("-save-every %s: want a time as 10m or 90s, or a number of steps", o.saveEvery)
	}
	if _, err := parseSchedule(o.schedule); err != nil {
		return cli.Usagef("-schedule %s: %v", o.schedule, err)
	}
	if _, err := parseAugment(o.augment, 32); err != nil {
		return cli.Usagef("-augment %s: %v", o.augment, err)
	}
	return nil
}

// probes tells whether only the last layer is learnt.
func (o *options) probes() bool { return o.freeze == "all" }

// networkExt ends the names of networks.
const networkExt = ".safetensors"

// lastPath is the file of the network of the last epoch.
func (o *options) lastPath() string { return o.beside(".last") }

// statePath is the file of the state of the run.
func (o *options) statePath() string { return o.beside(".state") }

func (o *options) beside(infix string) string {
	return o.out[:len(o.out)-len(networkExt)] + infix + networkExt
}

// inputs are the files that are read.
func (o *options) inputs() []cli.File {
	return append(append(o.Source.Inputs(), o.Fonts.Inputs()...), cli.File{Flag: "val", Path: o.val})
}

// outputs are the files that are written.
func (o *options) outputs() []cli.File {
	files := []cli.File{{Flag: "out", Path: o.out}, {Flag: "confusion", Path: o.confusion}}
	if !o.probes() {
		files = append(files, cli.File{Flag: "out", Path: o.lastPath()}, cli.File{Flag: "out", Path: o.statePath()},
			cli.File{Flag: "curves", Path: o.curves}, cli.File{Flag: "csv", Path: o.csv})
	}
	return files
}

// texts are the settings and places as flags.
func (o *options) texts() map[string]string {
	texts := map[string]string{}
	for _, name := range append(slices.Clone(settings), places...) {
		texts[name] = o.flags.Lookup(name).Value.String()
	}
	return texts
}
