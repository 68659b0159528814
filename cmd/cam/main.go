// Command cam draws class activation maps: what in an image made a network
// decide for its class. See -h.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/render"
)

func main() { cli.Main("cam", run) }

// options are the flags of the program.
type options struct {
	cli.Source
	cli.Fonts
	layer      string
	method     string
	methods    bool
	target     string
	smooth     bool
	eigen      bool
	class      string
	top        int
	evaluate   bool
	masks      string
	overlay    string
	each       string
	csv        string
	start      int
	startGiven bool
	count      int
	cols       int
	alpha      float64
	colormap   string
	pairs      bool
	accuracy   int
	batch      int
	out        string
	maps       string
	json       string
	page       cli.PageFlags
}

// run is the program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stdout)
	if err != nil {
		return err
	}
	if o.methods {
		for _, m := range cam.Methods() {
			fmt.Fprintf(stdout, "%-19s %s\n", m.Name(), m.About())
		}
		return nil
	}
	cmap, err := render.ColormapByName(o.colormap)
	if err != nil {
		return cli.Usagef("-colormap: %s", strings.TrimPrefix(err.Error(), "render: "))
	}
	outputs := append([]cli.File{{Flag: "out", Path: o.out}, {Flag: "json", Path: o.json}, {Flag: "csv", Path: o.csv}}, o.page.Outputs()...)
	if err := cli.CheckFiles(append(append(append(o.Source.Inputs(), o.Fonts.Inputs()...), o.page.Inputs()...), cli.File{Flag: "masks", Path: o.masks}), outputs); err != nil {
		return err
	}
	for _, folder := range []cli.File{{Flag: "maps", Path: o.maps}, {Flag: "each", Path: o.each}} {
		if folder.Path == "" {
			continue
		}
		if err := cli.CheckFolder(folder); err != nil {
			return err
		}
	}
	if err := o.Load(ctx); err != nil {
		return err
	}
	if err := o.page.Load(ctx); err != nil {
		return err
	}
	s, err := open(ctx, o, stdout, stderr)
	if err != nil {
		return err
	}
	defer s.Close()
	defer s.ReportSkipped(stderr)
	s.cmap = cmap
	if o.evaluate {
		return s.evaluation(ctx)
	}
	if err := s.measure(ctx); err != nil {
		return err
	}
	return s.draw(ctx)
}

// parse reads the command line.
func parse(args []string, stdout io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("cam", flag.ContinueOnError)
	o.Source.AddFlags(flags, 500)
	o.Fonts.AddFlags(flags, false)
	flags.StringVar(&o.method, "method", "", "`name` of the way to explain, see -methods; several with commas between are drawn side by side; all for all of them (default cam where the network ends in pooling and one linear layer, and -target and -layer suit it; eigencam of a network without a last layer; else gradcam)")
	flags.BoolVar(&o.methods, "methods", false, "list the ways to explain, and end")
	flags.StringVar(&o.layer, "layer", "", "`module` whose output is mapped, by its PyTorch name, as layer4 or layer4.1.bn2; a+b is the mean of two, a*b their product; several with commas between are drawn side by side (default what the pooling sees; for cam of a ResNet the last batch norm)")
	flags.StringVar(&o.target, "target", "logit", "`what` of the class is explained: logit, probability, logprobability, against (what speaks against it), finer (what tells it from the three most like it), over:CLASS (what speaks for it rather than for CLASS)")
	flags.BoolVar(&o.smooth, "smooth", false, "mean of the maps of six variants of each image: as it is and mirrored, each darker, as it is and brighter")
	flags.BoolVar(&o.eigen, "eigen", false, "first principal component of the weighed channels instead of their sum")
	flags.StringVar(&o.class, "class", "", "map this class, by `name` or number, instead of the predicted one")
	flags.IntVar(&o.top, "top", 0, "`number` of the likeliest classes of each image to map, side by side")
	flags.BoolVar(&o.evaluate, "evaluate", false, "instead of drawing maps measure the methods, on -count images from -start on: a table, printed and drawn in -out; -method defaults to those that need no more than a pass there and back; stopped by Ctrl-C it tells the scores so far")
	flags.StringVar(&o.masks, "masks", "", "`folder` with the objects of -image or -data: for the image cat/1.jpg the mask cat/1.png, white on black, or the boxes cat/1.txt, a line x0 y0 x1 y1 each")
	flags.StringVar(&o.overlay, "overlay", "gray", "`colours` of the image under the heat map: gray or color")
	flags.StringVar(&o.each, "each", "", "`folder` for a picture of each image with its class and probability")
	flags.StringVar(&o.csv, "csv", "", "CSV `file` for the table of -evaluate; - is stdout, and findings then go to stderr")
	flags.IntVar(&o.start, "start", 10, "`index` of the first image in the figure; 0 with -image, and where fewer than -count would follow")
	flags.IntVar(&o.count, "count", 20, "`number` of images in the figure")
	flags.IntVar(&o.cols, "cols", 0, "`number` of images in a row (default 10; 1 with several maps each)")
	flags.Float64Var(&o.alpha, "alpha", 0.4, "`opacity` of the heat map, 0 to 1")
	flags.StringVar(&o.colormap, "colormap", "jet", "`name` of the colours: "+strings.Join(render.ColormapNames(), ", "))
	flags.BoolVar(&o.pairs, "originals", false, "draw each image in colour beside its map")
	flags.IntVar(&o.accuracy, "acc", -1, "measure the accuracy on the first `number` of images; -1: on all, 0: not")
	flags.IntVar(&o.batch, "batch", 40, "`number` of images that go through the network at a time")
	flags.StringVar(&o.out, "out", "cam.png", "PNG `file` of the figure")
	flags.StringVar(&o.maps, "maps", "", "`folder` for each raw map as .npy")
	o.page.AddFlags(flags, 224)
	flags.StringVar(&o.json, "json", "", "JSON `file` for predictions, probabilities and the maps' peaks; - is stdout, and findings then go to stderr")
	if err := cli.Parse(flags, args, func(w io.Writer) { help(w, flags) }, stdout); err != nil {
		return nil, err
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if err := o.Rest(flags); err != nil {
		return nil, err
	}
	o.startGiven = given["start"]
	if len(o.Images) > 0 && !o.startGiven {
		o.start = 0
	}
	most := 1000
	if o.evaluate {
		most = 1 << 30
	}
	switch {
	case o.top < 0 || o.top > 100:
		return nil, cli.Usagef("-top %d: want 1 to 100, or 0 for the predicted class alone", o.top)
	case o.top > 0 && o.class != "":
		return nil, cli.Usagef("-top and -class exclude each other")
	case o.evaluate && (o.top > 0 || o.maps != "" || o.each != "" || o.page.Wanted()):
		return nil, cli.Usagef("-evaluate draws no maps: it goes without -top, -maps, -each and -html")
	case o.csv == "-" && o.json == "-":
		return nil, cli.Usagef("-csv and -json are both stdout")
	case o.csv != "" && !o.evaluate:
		return nil, cli.Usagef("-csv needs -evaluate")
	case o.overlay != "gray" && o.overlay != "color":
		return nil, cli.Usagef("-overlay %q: want gray or color", o.overlay)
	case o.start < 0:
		return nil, cli.Usagef("-start %d: want 0 or more", o.start)
	case o.count < 1 || o.count > most:
		return nil, cli.Usagef("-count %d: want 1 to %d", o.count, most)
	case given["cols"] && o.cols < 1 || o.cols > 50:
		return nil, cli.Usagef("-cols %d: want 1 to 50", o.cols)
	case !(o.alpha >= 0 && o.alpha <= 1):
		return nil, cli.Usagef("-alpha %v: want 0 to 1", o.alpha)
	case o.accuracy < -1:
		return nil, cli.Usagef("-acc %d: want -1 or more", o.accuracy)
	case o.batch < 1 || o.batch > 4096:
		return nil, cli.Usagef("-batch %d: want 1 to 4096", o.batch)
	case !strings.EqualFold(filepath.Ext(o.out), ".png"):
		return nil, cli.Usagef("-out %q: want a name that ends in .png", o.out)
	}
	return o, o.page.Check()
}

// help explains the program.
func help(w io.Writer, flags *flag.FlagSet) {
	fmt.Fprint(w, `cam draws class activation maps (Zhou et al. 2016): what in each image made the
network decide for its class. It measures the network's accuracy, then draws
some images in gray under their heat maps; a title is red where the prediction
is wrong.

  cam                                          the embedded demo: scenes, and a network that knows them
  cam -data cifar-10-batches-bin               CIFAR-10 with the embedded network for it
  cam -data stl10_binary -weights stl10_resnet18.pth -split train+test
  cam -method gradcam,layercam,scorecam -count 4   ways to explain, side by side
  cam -evaluate -count 500                     how good each is
  cam -weights my.pth -classes cat,dog -size 224 -mean imagenet -std imagenet -image dog.jpg cat.jpg
`)
	cli.PrintFlags(w, flags, "Images and network", cli.SourceFlags...)
	cli.PrintFlags(w, flags, "Maps", "method", "methods", "layer", "class", "top", "target", "smooth", "eigen")
	cli.PrintFlags(w, flags, "Figure", "start", "count", "cols", "overlay", "alpha", "colormap", "originals", "font", "out", "each")
	cli.PrintFlags(w, flags, "A page to explore", cli.PageFlagNames...)
	cli.PrintFlags(w, flags, "More results", "acc", "evaluate", "masks", "csv", "json", "maps", "batch", "version")
	fmt.Fprint(w, `
The checkpoint is a state dict (torch.save of model.state_dict(), or safetensors) of
one of torchvision's convolutional classifiers, or of a ResNet of timm, Hugging Face
or for CIFAR-10; its width, depth and classes are read off the tensors. Layers: layer4
is what the pooling sees, and mean(map) + bias is the logit; layer4.1.bn2 is the last
batch norm, before the shortcut is added.

Exit status: 0, 1 after an error, 2 after an error in the command line, 130 after
Ctrl-C, 143 after SIGTERM.
`)
}
