package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/cmd/beam/transforms"
	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/pca"
)

// options are the flags of the program.
type options struct {
	cli.Source
	files      string
	tar        string
	features   string
	shards     int
	batch      int
	output     string
	write      string
	columns    bool
	method     string
	layer      string
	components int
	sample     int
	tsne       transforms.TSNE
	dryRun     bool
	log        bool
}

// kinds are what -write takes.
var kinds = []string{"parquet", "npy", "means", "maps", "overlays"}

// runnerFlags are those of Beam's flags that help lists; -h of Beam's own documentation has
// the rest.
var runnerFlags = []string{"runner", "endpoint", "environment_type", "environment_config", "job_name", "project", "region", "temp_location", "staging_location", "num_workers", "max_num_workers", "worker_machine_type", "worker_binary"}

// parse reads the command line. Beam's packages have put their flags in flag.CommandLine,
// where their values stay.
func parse(args []string, stdout io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("beam", flag.ContinueOnError)
	o.AddDataFlags(flags)
	o.AddWeightsFlags(flags)
	o.AddInputFlags(flags)
	flags.IntVar(&o.Scenes, "scenes", 1000, "`number` of embedded scenes, where there is no other input")
	flags.StringVar(&o.Classes, "classes", "", "class `names`, comma separated, or a file of them")
	flags.StringVar(&o.files, "files", "", "image files by `pattern`, as 'gs://bucket/train/*/*.jpg', with their folders as classes")
	flags.StringVar(&o.tar, "tar", "", "tar files in WebDataset's layout by `pattern`, each a shard")
	flags.StringVar(&o.features, "features", "", "features in .npy files by `pattern`, n x d each, in place of images; labels beside them in FILE_labels.npy; each a shard")
	flags.IntVar(&o.shards, "shards", 16, "`number` of shards that -data and -files are cut into")
	flags.IntVar(&o.batch, "batch", 40, "`number` of images that go through the network at a time")
	flags.StringVar(&o.output, "output", "", "`folder` for all that is written, as gs://bucket/out")
	flags.StringVar(&o.write, "write", "parquet", "`what` is written by shard, with commas between: "+strings.Join(kinds, ", "))
	flags.BoolVar(&o.columns, "parquet-features", false, "put the features into the Parquet files too")
	flags.StringVar(&o.method, "method", "", "`name` of the way to explain, of those of cam -methods")
	flags.StringVar(&o.layer, "layer", "", "`module` whose output is mapped, by its PyTorch name")
	flags.IntVar(&o.components, "components", 2, "`number` of principal components; 0: no PCA")
	flags.IntVar(&o.sample, "tsne", 0, "`number` of points, taken by chance, that t-SNE lays out on one worker; all others are placed among them; 0: no t-SNE")
	flags.Float64Var(&o.tsne.Perplexity, "perplexity", 30, "effective `number` of neighbours in t-SNE")
	flags.IntVar(&o.tsne.Iterations, "iterations", 1000, "`number` of iterations of t-SNE")
	flags.Func("seed", "`number` that chance begins with (default 0)", func(text string) error {
		_, err := fmt.Sscan(text, &o.tsne.Seed)
		return err
	})
	flags.BoolVar(&o.dryRun, "dry-run", false, "say what would be read and written, and end")
	flags.BoolVar(&o.log, "log", false, "print what Beam's runner in this process logs")
	flag.CommandLine.VisitAll(func(f *flag.Flag) {
		if flags.Lookup(f.Name) == nil {
			flags.Var(f.Value, f.Name, f.Usage)
		}
	})
	if err := cli.Parse(flags, args, func(w io.Writer) { help(w, flags) }, stdout); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, cli.Usagef("unexpected argument %q", flags.Arg(0))
	}
	return o, nil
}

// check is for the flags of who starts a pipeline, which workers lack.
func (o *options) check() error {
	inputs := 0
	for _, text := range []string{o.Data, o.files, o.tar, o.features} {
		if text != "" {
			inputs++
		}
	}
	switch {
	case inputs > 1:
		return cli.Usagef("-data, -files, -tar and -features exclude each other")
	case o.features != "" && (o.Weights != "" || o.writes("maps") || o.writes("overlays")):
		return cli.Usagef("-features takes the place of images: it goes without -weights and maps")
	case o.output == "" && !o.dryRun:
		return cli.Usagef("-output is needed")
	case o.shards < 1 || o.shards > 100_000:
		return cli.Usagef("-shards %d: want 1 to 100000", o.shards)
	case o.batch < 1 || o.batch > 4096:
		return cli.Usagef("-batch %d: want 1 to 4096", o.batch)
	case o.components < 0:
		return cli.Usagef("-components %d: want 0 or more", o.components)
	case o.sample < 0 || o.sample > 1_000_000:
		return cli.Usagef("-tsne %d: want 0 to 1000000", o.sample)
	case o.sample > 0 && !(o.tsne.Perplexity > 0 && o.tsne.Perplexity < float64(o.sample)):
		return cli.Usagef("-perplexity %v: want more than 0 and less than the %d points of -tsne", o.tsne.Perplexity, o.sample)
	case o.tsne.Iterations < 1:
		return cli.Usagef("-iterations %d: want 1 or more", o.tsne.Iterations)
	}
	for kind := range strings.SplitSeq(o.write, ",") {
		if !slices.Contains(kinds, kind) {
			return cli.Usagef("-write %q: want some of %s", kind, strings.Join(kinds, ", "))
		}
	}
	return nil
}

// checkSizes is for the flags that ask for more than the input has, as far as its size is known.
func (o *options) checkSizes(in *input) error {
	switch n, points := min(in.images, in.width), min(in.images, o.sample); {
	case n > 0 && o.components > n:
		return cli.Usagef("-components %d: %d images with %d features have at most %d", o.components, in.images, in.width, n)
	case points > 0 && o.tsne.Perplexity >= float64(points):
		return cli.Usagef("-perplexity %v: want less than the %d images", o.tsne.Perplexity, points)
	}
	return nil
}

// writes tells whether -write has a kind.
func (o *options) writes(kind string) bool {
	return slices.Contains(strings.Split(o.write, ","), kind)
}

func (o *options) pca() pca.Options { return pca.Options{Components: o.components} }

// help explains the program.
func help(w io.Writer, flags *flag.FlagSet) {
	fmt.Fprint(w, `beam runs images through a network on Apache Beam: in this process, or on the
machines of a runner. It writes points with their predictions, PCA and t-SNE, features,
maps; a file for each shard of the input, whole or absent.

  beam -output out                                         the embedded scenes and their network
  beam -data cifar-10-batches-bin -shards 100 -write parquet,npy -tsne 2000 -output out
  beam -tar 'gs://bucket/shards/*.tar' -weights gs://bucket/net.safetensors -output gs://bucket/out -runner dataflow ...
`)
	cli.PrintFlags(w, flags, "Input", "data", "files", "tar", "features", "split", "fold", "scenes", "shards", "skip-bad", "max-pixels", "orient", "truncated")
	cli.PrintFlags(w, flags, "Network", "weights", "key", "network", "max-memory", "size", "resize", "crop", "mean", "std", "classes", "batch")
	cli.PrintFlags(w, flags, "Results", "output", "write", "parquet-features", "components", "tsne", "perplexity", "iterations", "seed", "method", "layer", "dry-run", "log", "version")
	cli.PrintFlags(w, flags, "Beam", runnerFlags...)
	fmt.Fprint(w, `
Single images that cannot be read end no run: OUTPUT/failures-*.jsonl lists them. A tar
file that cannot be read does, unless -skip-bad is given.

Exit status: 0, 1 after an error, 2 after an error in the command line, 130 after
Ctrl-C, 143 after SIGTERM.
`)
}
