package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/cmd/internal/live/answer"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/internal/visible"
	"github.com/glimpse-go/glimpse/nn/arch"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
	"github.com/glimpse-go/glimpse/nn/pretrained"
)

// Source is what the programs' common flags say about the images and the
// network. The zero value is the embedded demo.
type Source struct {
	Data    string   // folder or archive of a data set, or of images
	Split   string   // of the data set
	Fold    int      // of STL-10
	Images  []string // image files or folders without labels, instead of Data
	Weights string   // checkpoint; empty: the embedded network that fits
	Network string   // what Weights do not tell: "maxpool=no,stride=conv1"
	Size    int      // input side: -1 the network's or the data's own, 0 as the files are
	Resize  int      // shorter side before the crop, -1: as the files are; 0: as Size says
	Crop    int      // side of the crop, -1: none; 0: as Size says
	Mean    string   // "0.5", "0.485,0.456,0.406", "imagenet" or ""
	Std     string
	Key     string // entry of Weights that holds the state dict
	Classes string // names, comma separated, or a file as data.ParseClassNames reads
	Scenes  int    // number of embedded scenes, where there is no other data

	SkipBad   bool // go on past images that cannot be read
	MaxPixels int  // of an image file; 0: 1<<26
	Orient    bool // turn image files as their Exif orientation tells
	Truncated bool // read what there is of JPEG files that end too early
	MaxMemory int  // MB that reading Weights may take; 0: by its size
}

// SourceFlags are the names that AddFlags defines, for PrintFlags.
var SourceFlags = []string{"data", "split", "fold", "weights", "key", "network", "size", "resize", "crop", "mean", "std", "classes", "scenes", "skip-bad", "max-pixels", "orient", "truncated", "max-memory", "image"}

// AddFlags defines the common flags. scenes is the default number of embedded
// scenes.
func (s *Source) AddFlags(flags *flag.FlagSet, scenes int) {
	s.AddDataFlags(flags)
	s.AddWeightsFlags(flags)
	s.AddInputFlags(flags)
	flags.Func("image", "image `file` or folder, without labels; more may follow as the last arguments", func(name string) error {
		if name == "" {
			return errors.New("an empty text")
		}
		s.Images = append(s.Images, name)
		return nil
	})
	flags.IntVar(&s.Scenes, "scenes", scenes, "`number` of embedded scenes, where there is no other data")
	flags.StringVar(&s.Classes, "classes", "", "class `names`, comma separated, or a file of them: one a line, or a list or map in JSON (default: the data set's or the network's)")
}

// AddDataFlags defines the flags of AddFlags that say which data set is read, and how.
func (s *Source) AddDataFlags(flags *flag.FlagSet) {
	flags.StringVar(&s.Data, "data", "", "`folder` of a data set (STL-10, CIFAR-10, CIFAR-100, images in class folders), or a .zip, .tar or .tar.gz of one; none: the embedded scenes")
	flags.StringVar(&s.Split, "split", "", "`name` of the split: train, val, test, unlabeled, several as train+test, or all (default test, else val, else train; train with -fold)")
	flags.IntVar(&s.Fold, "fold", 0, "`number` of STL-10's training fold to take, 1 to 10 (default none)")
	flags.BoolVar(&s.SkipBad, "skip-bad", false, "go on past images that cannot be read, and list them in the end")
	flags.IntVar(&s.MaxPixels, "max-pixels", 1<<26, "refuse image files of more than this `number` of pixels; each takes up to 24 bytes, 27 with -orient")
	flags.BoolVar(&s.Orient, "orient", false, "turn and flip image files (JPEG, PNG, WebP) as their Exif orientation tells; without it they are as stored, as in torchvision")
	flags.BoolVar(&s.Truncated, "truncated", false, "read what there is of JPEG files that end too early; the rest is gray")
}

// AddWeightsFlags defines the flags of AddFlags that say which checkpoint is read, and how.
func (s *Source) AddWeightsFlags(flags *flag.FlagSet) {
	flags.StringVar(&s.Weights, "weights", "", "checkpoint `file` (.pth, .pt, .th, .safetensors, or the .index.json of several, or their folder) of a torchvision CNN or a ResNet of others; none: the embedded network that fits the data")
	flags.StringVar(&s.Key, "key", "", "`entry` of -weights that holds the network's tensors, as model_ema, or checkpoint/model (default: state_dict, model and so on, see the documentation of package checkpoint; a running average comes last)")
	flags.StringVar(&s.Network, "network", "", "`settings` that -weights do not tell: maxpool=yes|no, stride=conv2|conv1, dilate=layer4, antialias=avg|blur, transform=yes|no, head=relu, eps=1e-3, prefix=MODULE, ignore=MODULE; several with commas between")
	flags.IntVar(&s.MaxMemory, "max-memory", 0, "`MB` that reading -weights may take (default 4 times the file's size and 1 MB; packed archives may need more)")
}

// AddInputFlags defines the flags of AddFlags that say how the network's input is made of
// an image.
func (s *Source) AddInputFlags(flags *flag.FlagSet) {
	flags.IntVar(&s.Size, "size", -1, "resize the shorter side to `pixels` and crop a square of as many from the centre; 0: as the files are, of any sizes; -1: what the network was trained on, else 128 (CIFAR: 32)")
	flags.Var((*sideFlag)(&s.Resize), "resize", "resize the shorter side to `pixels`, where that is not what -size says, as in -resize 256 -crop 224; 0: do not")
	flags.Var((*sideFlag)(&s.Crop), "crop", "crop a square of so many `pixels` a side from the centre, where that is not what -size says; 0: do not")
	flags.StringVar(&s.Mean, "mean", "", "`numbers` subtracted from the pixels in [0, 1], one or R,G,B, or imagenet (default: the network's own; CIFAR 0.5; else none)")
	flags.StringVar(&s.Std, "std", "", "`numbers` to divide by, as -mean")
}

// sideFlag is a flag of a number of pixels, of which 0 leaves the step out.
type sideFlag int

func (f *sideFlag) String() string {
	switch *f {
	case 0: // not given
		return ""
	case model.AsIs:
		return "0"
	}
	return strconv.Itoa(int(*f))
}

func (f *sideFlag) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxSide {
		return fmt.Errorf("want a number of pixels, 0 to %d", maxSide)
	}
	if *f = sideFlag(n); n == 0 {
		*f = model.AsIs
	}
	return nil
}

// maxSide is the longest side that an image is brought to.
const maxSide = 1 << 13

// Rest takes what follows the flags: more images, once there is one.
func (s *Source) Rest(flags *flag.FlagSet) error {
	if flags.NArg() > 0 && len(s.Images) == 0 {
		return Usagef("unexpected argument %q (-image goes before image files)", flags.Arg(0))
	}
	for _, arg := range flags.Args() {
		if arg == "" {
			return Usagef("-image: an empty text")
		}
		if strings.HasPrefix(arg, "-") {
			return Usagef("%s after the images: flags go before them", arg)
		}
	}
	s.Images = append(s.Images, flags.Args()...)
	return nil
}

// Inputs returns the files that the flags name to be read.
func (s *Source) Inputs() []File {
	files := []File{{"data", s.Data}, {"weights", s.Weights}, {"classes", s.Classes}}
	for _, name := range s.Images {
		files = append(files, File{"image", name})
	}
	return files
}

// Opened is what a Source stands for.
type Opened struct {
	Data        data.Dataset
	Model       *model.Model
	DataName    string // for people: "CIFAR-10 test"
	NetworkName string
	Masks       Masked // the objects' masks where the data has them, else nil
	Skipped     []Skipped

	weights *checkpoint.StateDict // the network's, and
	options model.Options         // how it was made of them

	skipBad   bool
	notes     []string
	leftovers []string
	taken     string // entry of the checkpoint
	others    []string
}

// Masked is a data set that knows which pixels its objects cover.
type Masked interface {
	// Mask returns the pixels of image i that its object covers, row-major.
	Mask(i int) []bool
}

// ExplainBy makes a page with the network in it explain new images by a method at a layer, if it
// is one that the page knows; else they are explained by the network's default.
func (o *Opened) ExplainBy(m cam.Method, layer string) {
	if answer.Knows(m) {
		o.options.Method, o.options.Layer = m, layer
	}
}

// Close closes the data set.
func (o *Opened) Close() error { return o.Data.Close() }

// Open opens the data set and the network and checks that they fit.
func (s *Source) Open(ctx context.Context) (_ *Opened, err error) {
	o := &Opened{skipBad: s.SkipBad}
	if err := s.openData(ctx, o); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			o.Close()
		}
	}()
	if err := s.openNetwork(ctx, o); err != nil {
		return nil, err
	}
	return o, nil
}

// openNetwork opens the network and checks that it fits the data.
func (s *Source) openNetwork(ctx context.Context, o *Opened) error {
	sd, err := s.openWeights(ctx, o)
	if err != nil {
		return err
	}
	if s.Data == "" && len(s.Images) == 0 && sd.Metadata["classes"] != strings.Join(scenes.Classes(), ",") {
		return Usagef("-weights needs -data or -image: %s does not say that it knows the embedded scenes", s.Weights)
	}
	opt, err := s.options(o, sd.Metadata)
	if err != nil {
		return err
	}
	o.weights, o.options = sd, opt
	o.Model, err = model.New(sd, opt)
	if count, ok := errors.AsType[*model.ClassCountError](err); ok && s.Classes != "" {
		return fmt.Errorf("-classes: %s for the %d classes of %s%s", plural(count.Names, "name"), count.Outputs, o.NetworkName, noFile(s.Classes))
	} else if ok {
		return fmt.Errorf("%s has %d classes, %s has %d: -weights of a network for these classes are needed", o.DataName, count.Names, o.NetworkName, count.Outputs)
	} else if err != nil {
		return fmt.Errorf("%s: %w", o.NetworkName, err)
	}
	return s.checkClasses(o, sd.Metadata["classes"])
}

func (s *Source) openData(ctx context.Context, o *Opened) error {
	opt := data.OpenOptions{Split: s.Split, Fold: s.Fold, MaxPixels: s.MaxPixels, ApplyOrientation: s.Orient, Truncated: s.Truncated,
		PassedOver: func(path string) { o.leftovers = append(o.leftovers, path) }}
	if s.MaxPixels < 0 || s.MaxPixels > 1<<30 {
		return Usagef("-max-pixels %d: want 0 to %d", s.MaxPixels, 1<<30)
	}
	if s.MaxMemory < 0 || s.MaxMemory > 1<<20 {
		return Usagef("-max-memory %d: want 0 to %d", s.MaxMemory, 1<<20)
	}
	var err error
	switch {
	case s.Data != "" && len(s.Images) > 0:
		return Usagef("-data and -image exclude each other")
	case s.Data != "":
		if o.Data, err = data.Open(ctx, s.Data, opt); err != nil {
			return fetchHint(s.Data, err)
		}
	case len(s.Images) > 0:
		if o.Data, err = data.OpenFiles(ctx, s.Images, opt); err != nil {
			return err
		}
	default:
		if s.Split != "" || s.Fold != 0 {
			return Usagef("-split and -fold need -data")
		}
		if s.Scenes < 1 || s.Scenes > scenes.HeldOut {
			return Usagef("-scenes %d: want 1 to %d", s.Scenes, scenes.HeldOut)
		}
		scenes := scenes.New(0, s.Scenes)
		o.Data, o.Masks, o.DataName = scenes, scenes, "embedded scenes, held out from training"
		return nil
	}
	o.DataName = s.Data
	if len(s.Images) > 0 {
		o.DataName = strings.Join(s.Images, " ")
		if len(s.Images) > 1 {
			o.DataName = fmt.Sprintf("%s and %d more", s.Images[0], len(s.Images)-1)
		}
	}
	if d, ok := o.Data.(data.Describer); ok && d.Format() != data.ImageFolder {
		o.DataName = strings.TrimSpace(d.Format().String() + " " + d.Split())
	}
	return nil
}

// openWeights loads the checkpoint, or the embedded one that fits the data.
func (s *Source) openWeights(ctx context.Context, o *Opened) (*checkpoint.StateDict, error) {
	if s.Weights != "" {
		o.NetworkName = s.Weights
		sd, err := checkpoint.LoadWith(ctx, s.Weights, checkpoint.Options{Key: s.Key, MaxMemory: int64(s.MaxMemory) * 1e6})
		if errors.Is(err, checkpoint.ErrMemory) {
			err = fmt.Errorf("%w (-max-memory allows more)", err)
		}
		if err != nil {
			return nil, err
		}
		o.taken, o.others = sd.Taken, sd.Others
		return sd, nil
	}
	if s.Key != "" {
		return nil, Usagef("-key needs -weights")
	}
	if s.Data == "" && len(s.Images) == 0 {
		o.NetworkName = "embedded scenes network"
		return pretrained.Scenes()
	}
	format := data.Format("")
	if d, ok := o.Data.(data.Describer); ok {
		format = d.Format()
	}
	if format != data.CIFAR10 && len(s.Images) == 0 {
		return nil, Usagef("%s needs -weights: the embedded networks know scenes and CIFAR-10", o.DataName)
	}
	o.NetworkName = "embedded CIFAR-10 network"
	return pretrained.CIFAR10()
}

// isCIFAR tells whether the data is CIFAR-10 or CIFAR-100.
func (o *Opened) isCIFAR() bool {
	d, ok := o.Data.(data.Describer)
	return ok && (d.Format() == data.CIFAR10 || d.Format() == data.CIFAR100)
}

// options follows the flags, then what the checkpoint says of itself, then the
// notebook: CIFAR as it is, normalised by 0.5.
func (s *Source) options(o *Opened, meta map[string]string) (opt model.Options, err error) {
	known, err := model.Recommend(meta)
	if err != nil {
		return opt, fmt.Errorf("%s: %w", o.NetworkName, err)
	}
	switch {
	case s.Size < -1 || s.Size > 1<<13:
		return opt, Usagef("-size %d: want a number of pixels up to %d, 0 or -1", s.Size, 1<<13)
	case s.Size == 0, s.Size == -1 && known.Size == 0 && o.isCIFAR():
		opt.Size = model.AsIs
	case s.Size > 0:
		opt.Size = s.Size
	}
	opt.Resize, opt.Crop = s.Resize, s.Crop
	if s.Network != "" && s.Weights == "" {
		return opt, Usagef("-network needs -weights: the embedded networks are known")
	}
	if opt.Network, err = arch.ParseOptions(s.Network); err != nil {
		return opt, Usagef("-network: %v", err)
	}
	if opt.Mean, err = model.ParseMean(s.Mean); err != nil {
		return opt, Usagef("-mean %v", err)
	}
	if opt.Std, err = model.ParseStd(s.Std); err != nil {
		return opt, Usagef("-std %v", err)
	}
	if opt.Mean == nil && known.Mean == nil && o.isCIFAR() {
		opt.Mean = []float32{0.5}
	}
	if opt.Std == nil && known.Std == nil && o.isCIFAR() {
		opt.Std = []float32{0.5}
	}
	if err := (data.Transform{Resize: max(s.Size, s.Resize, 0), CenterCrop: max(s.Size, s.Crop, 0), Mean: opt.Mean, Std: opt.Std}).Check(); err != nil {
		return opt, Usagef("%v", err)
	}
	opt.Classes = o.Data.Classes()
	if s.Classes != "" {
		var note string
		if opt.Classes, note, err = classNames(s.Classes); note != "" {
			o.notes = append(o.notes, note)
		}
	}
	return opt, err
}

// checkClasses compares the data's classes with those that the network was trained
// on.
func (s *Source) checkClasses(o *Opened, known string) error {
	named := o.Data.Classes()
	if named == nil || o.Model.Headless() {
		return nil
	}
	if outputs := len(o.Model.Classes()); len(named) != outputs {
		return fmt.Errorf("%s has %d classes, %s has %d", o.DataName, len(named), o.NetworkName, outputs)
	}
	if s.Classes == "" && known != "" && known != strings.Join(named, ",") {
		return fmt.Errorf("%s has the classes %s, %s was trained on %s; -classes with the names of its outputs, in order, overrides",
			o.DataName, visible.List(named), o.NetworkName, visible.List(strings.Split(known, ",")))
	}
	return nil
}
