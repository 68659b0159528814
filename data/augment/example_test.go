package augment_test

import (
	"context"
	"fmt"
	"log"
	"testing/fstest"

	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/data/augment"
)

// An epoch of training: the samples in random order, cropped and turned over by chance,
// and mixed with each other.
func Example() {
	files := fstest.MapFS{}
	for _, class := range []string{"cat", "dog"} {
		for i := range 4 {
			files[fmt.Sprintf("%s/%d.ppm", class, i)] = &fstest.MapFile{Data: []byte("P6 4 2 255 " + "abcdefghijklmnopqrstuvwx")}
		}
	}
	ctx := context.Background()
	ds, err := data.OpenFS(ctx, files, data.OpenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer ds.Close()
	labels, err := data.Labels(ctx, ds)
	if err != nil {
		log.Fatal(err)
	}
	train, held, err := data.HoldOut(labels, 0.25, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(train), "to train on,", len(held), "held out")
	set := data.Subset(ds, train)
	for epoch := range 2 {
		opt := data.BatchOptions{
			Order: data.Order(set.Len(), 1, epoch), Size: 3, Seed: 1, Epoch: epoch,
			Augment:      []data.Augmentation{augment.RandomCrop{Size: 4, Padding: 1}, augment.RandomHorizontalFlip{}},
			AugmentBatch: []data.BatchAugmentation{augment.MixUp{Alpha: 0.2, Classes: 2}},
			Transform:    data.Transform{Mean: []float32{0.5}, Std: []float32{0.5}},
		}
		for b, err := range data.Batches(ctx, set, opt) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println("epoch", epoch, "shape", b.Shape, "with", len(b.Targets), "targets")
		}
	}
	// Output:
	// 6 to train on, 2 held out
	// epoch 0 shape [3 3 4 4] with 6 targets
	// epoch 0 shape [3 3 4 4] with 6 targets
	// epoch 1 shape [3 3 4 4] with 6 targets
	// epoch 1 shape [3 3 4 4] with 6 targets
}
