// Command train makes a network of labelled images: from scratch, or from a checkpoint.
// See -h.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/glimpse-go/glimpse/cmd/internal/cli"
)

func main() { cli.Main("train", run) }

// run is the program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(ctx, args, stdout)
	if err != nil {
		return err
	}
	if err := cli.CheckFiles(o.inputs(), o.outputs()); err != nil {
		return err
	}
	if err := o.Load(ctx); err != nil {
		return err
	}
	if !o.resume {
		if err := o.checkUnfinished(ctx); err != nil {
			return err
		}
	}
	s, err := open(ctx, o, stdout, stderr)
	if err != nil {
		return err
	}
	defer s.data.close()
	defer s.data.reportSkipped(stderr)
	if o.probes() {
		return s.probe(ctx)
	}
	return s.train(ctx)
}

// help explains the program.
func help(w io.Writer, flags *flag.FlagSet) {
	fmt.Fprint(w, `train makes a network of labelled images, from scratch or from a checkpoint, and keeps
it as safetensors that cam, tsne, pca and PyTorch take as they are.

  train                                              the embedded scenes, in minutes
  cam -weights network.safetensors                   what it looks at

A folder with a folder of images for each class is all that is needed:

  train -data photos -size 128                       from scratch
  train -data photos -weights resnet18.pth           from a network that has learnt to see
  train -data photos -weights resnet18.pth -freeze all      only its last layer: seconds
  train -data photos -weights resnet18.pth -freeze conv1,bn1,layer1,layer2

and small images as CIFAR-10's a network without the first strides, and hours:

  train -data cifar-10-batches-bin -width 32 -stem 3x3 -maxpool no -epochs 20 -batch 128

Ctrl-C ends after the step in hand and keeps what is there; so does the file beside -out
that ends in .state.safetensors, whatever ends the program. To go on as if nothing had
been, to the last bit:

  train -resume                                      with the -out of the run, if it had one
`)
	cli.PrintFlags(w, flags, "Images", "data", "split", "val", "val-split", "holdout", "fold", "scenes", "size", "resize", "crop", "mean", "std",
		"augment", "skip-bad", "max-pixels", "orient", "truncated")
	cli.PrintFlags(w, flags, "Network", "arch", "width", "stem", "maxpool", "weights", "freeze", "key", "network", "max-memory")
	cli.PrintFlags(w, flags, "Training", "epochs", "batch", "lr", "schedule", "warmup", "optimizer", "momentum", "weight-decay",
		"label-smoothing", "clip", "ema", "seed")
	cli.PrintFlags(w, flags, "Results", "out", "half", "curves", "csv", "confusion", "font", "save-every", "resume", "version")
	fmt.Fprint(w, `
Augmentations are done in the order torchvision does them, by chance that depends on
-seed, epoch and image alone:
`+augmentHelp+`

The loss is the cross entropy. The network of -out is that of the epoch with the best
accuracy on the validation images; beside it lies the last one (.last.safetensors). A
run that has ended goes on to more -epochs where the schedule leads on: constant, and
step with a number of epochs. After cosine and onecycle, whose end is the end, begin
anew from its result: -weights network.last.safetensors -out further.safetensors.

Exit status: 0, 1 after an error, 2 after an error in the command line, 130 after
Ctrl-C, 143 after SIGTERM.
`)
}
