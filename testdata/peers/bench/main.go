// Command bench is Glimpse's side of the comparisons in testdata/peers: it
// gets ready, prints "ready", and for each line on its standard input does the
// work once and prints how many nanoseconds it took. So the rounds of several
// programs interleave, and none counts its start.
//
//	bench resnet WEIGHTS INPUT OUT    the compiled plan; OUT receives the logits
//	bench network WEIGHTS INPUT LAYER OUT
//	                                  the compiled plan; OUT receives the logits, or where
//	                                  LAYER is not empty the gradient by it of the predicted logit
//	bench explain METHOD LAYER WEIGHTS INPUT OUT
//	                                  maps of the predicted classes, or attributions
//	bench road WEIGHTS INPUT MAPS OUT the metric ROAD of maps, without noise
//	bench train WEIGHTS INPUT OUT     steps of training, by SGD; OUT receives the first loss
//	bench load WEIGHTS OUT            reading a checkpoint; OUT receives its tensors
//	bench pca INPUT COMPONENTS OUT    principal components (0: all); OUT receives
//	                                  a row for each: the singular value, the component
//	bench features WEIGHTS DATA COUNT OUT
//	                                  the first COUNT images (0: all) of a CIFAR test set
//	                                  from disk through the network, in batches of 16;
//	                                  OUT receives the features
//	bench photographs WEIGHTS DATA OUT
//	                                  the images of a folder, as ImageNet's, from disk
//	                                  through the network; OUT receives the features
//	bench resize INPUT W H TIMES OUT  an image, height x width x 3 bytes, to W x H pixels,
//	                                  so many times
//	bench decode FILE TIMES OUT       an image file, from memory, so many times
//	bench tsne INPUT OUT [SCHEDULE | EARLY ITERATIONS]  t-SNE with the defaults, by another
//	                                  schedule, or with so many iterations in the first phase
//	                                  and in all; OUT receives the layout
//
// INPUT is a .safetensors file with one tensor, x; so is OUT, with tensor y.
// GOMAXPROCS sets the threads.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

func main() {
	work, err := prepare(os.Args[1:])
	if err == nil {
		err = serve(work)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// A job is a piece of work, and what keeps its last result, or nil.
type job struct {
	run  func() error
	save func() error
}

// serve does the work for each line read, and keeps the first result.
func serve(j job) error {
	fmt.Println("ready")
	saved := j.save == nil
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		began := time.Now()
		if err := j.run(); err != nil {
			return err
		}
		took := time.Since(began)
		if !saved {
			if err := j.save(); err != nil {
				return err
			}
			saved = true
		}
		fmt.Println(took.Nanoseconds())
	}
	return nil
}

func prepare(args []string) (job, error) {
	switch {
	case len(args) == 4 && args[0] == "resnet":
		return network(args[1], args[2], "", args[3])
	case len(args) == 5 && args[0] == "network":
		return network(args[1], args[2], args[3], args[4])
	case len(args) == 6 && args[0] == "explain":
		return explain(args[1], args[2], args[3], args[4], args[5])
	case len(args) == 5 && args[0] == "road":
		return road(args[1], args[2], args[3], args[4])
	case len(args) == 4 && args[0] == "train":
		return training(args[1], args[2], args[3])
	case len(args) == 3 && args[0] == "load":
		return load(args[1], args[2])
	case len(args) == 4 && args[0] == "pca":
		return principal(args[1], args[2], args[3])
	case len(args) == 5 && args[0] == "features":
		return features(args[1], args[2], args[3], args[4])
	case len(args) == 4 && args[0] == "photographs":
		return photographs(args[1], args[2], args[3])
	case len(args) == 6 && args[0] == "resize":
		return resizes(args[1], args[2], args[3], args[4], args[5])
	case len(args) == 4 && args[0] == "decode":
		return decodes(args[1], args[2], args[3])
	case len(args) == 3 && args[0] == "tsne":
		return layOut(args[1], args[2], "", "0", "0")
	case len(args) == 4 && args[0] == "tsne":
		return layOut(args[1], args[2], args[3], "0", "0")
	case len(args) == 5 && args[0] == "tsne":
		return layOut(args[1], args[2], "", args[3], args[4])
	}
	return job{}, fmt.Errorf("usage: bench resnet WEIGHTS INPUT OUT | network WEIGHTS INPUT LAYER OUT | explain METHOD LAYER WEIGHTS INPUT OUT | road WEIGHTS INPUT MAPS OUT | train WEIGHTS INPUT OUT | load WEIGHTS OUT | pca INPUT COMPONENTS OUT | features WEIGHTS DATA COUNT OUT | photographs WEIGHTS DATA OUT | resize INPUT W H TIMES OUT | decode FILE TIMES OUT | tsne INPUT OUT [SCHEDULE | EARLY ITERATIONS]")
}

func load(weights, out string) (job, error) {
	var last *checkpoint.StateDict
	return job{
		run:  func() (err error) { last, err = checkpoint.Load(context.Background(), weights); return err },
		save: func() error { return checkpoint.SaveSafetensors(context.Background(), out, last) },
	}, nil
}

func network(weights, input, layer, out string) (job, error) {
	plan, x, err := compiled(weights, input)
	if err != nil {
		return job{}, err
	}
	var last *nn.Result
	return job{
		run: func() (err error) {
			if layer == "" {
				last, err = plan.Run(context.Background(), x)
			} else {
				last, err = plan.Gradients(context.Background(), x, nn.GradientOptions{}, layer)
			}
			return err
		},
		save: func() error {
			y := last.Logits
			if layer != "" {
				y = last.Gradients[layer]
			}
			return write(out, y.Shape, y.Data)
		},
	}, nil
}

// read returns tensor x of a file.
func read(path string) (*checkpoint.Tensor, error) {
	sd, err := checkpoint.Load(context.Background(), path)
	if err != nil {
		return nil, err
	}
	x, ok := sd.Get("x")
	if !ok {
		return nil, fmt.Errorf("%s: no tensor x", path)
	}
	return x, nil
}

// write keeps a result as tensor y of a file.
func write[T float32 | float64](path string, shape []int, data []T) error {
	var y *checkpoint.Tensor
	var err error
	switch data := any(data).(type) {
	case []float32:
		y, err = checkpoint.NewFloat32("y", shape, data)
	case []float64:
		y, err = checkpoint.NewFloat64("y", shape, data)
	}
	if err != nil {
		return err
	}
	sd := &checkpoint.StateDict{}
	if err := sd.Add(y); err != nil {
		return err
	}
	return checkpoint.SaveSafetensors(context.Background(), path, sd)
}
