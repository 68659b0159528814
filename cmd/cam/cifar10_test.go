//go:build !race

package main

import (
	"path/filepath"
	"testing"

	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
)

// The embedded network on the 10,000 real test images of CIFAR-10, where they
// are at hand, against PyTorch's predictions. Under the race detector it would
// take minutes.
func TestCIFAR10PredictionsArePyTorchs(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	path := golden.SharedData(t, "cifar-10-batches-bin", "test_batch.bin")
	want := golden.Open(t, "cifar10_predictions.safetensors")
	predicted, margin := want.Bytes("predicted"), want.Float32("margin")
	source := cli.Source{Data: filepath.Dir(path), Size: -1}
	o, err := source.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if o.Data.Len() != len(predicted) {
		t.Fatalf("%d images, the golden has %d", o.Data.Len(), len(predicted))
	}
	correct, differ := 0, 0
	var logits []float32
	for b, err := range data.Batches(t.Context(), o.Data, data.BatchOptions{Transform: o.Model.Transform(), DropImages: true}) {
		if err != nil {
			t.Fatal(err)
		}
		r, err := o.Model.Network().Run(t.Context(), tensor(b))
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range b.Samples {
			row := r.Logits.Data[i*10 : (i+1)*10]
			class := nn.Argmax(row)
			if class == s.Label {
				correct++
			}
			if index := b.Start + i; class != int(predicted[index]) {
				differ++
				t.Logf("image %d: class %d, PyTorch says %d by %g", index, class, predicted[index], margin[index])
				if margin[index] > 1e-4 {
					t.Errorf("image %d differs although PyTorch's logits are %g apart", index, margin[index])
				}
			}
			if (b.Start+i)%100 == 0 {
				logits = append(logits, row...)
			}
		}
	}
	relative := golden.Relative(t, logits, want.Float32("logits"))
	t.Logf("%d of %d correct, PyTorch has %d; %d predictions differ; logits of 100 images differ by %.2g of the largest",
		correct, len(predicted), want.Int64("correct")[0], differ, relative)
	if relative > 1e-5 {
		t.Errorf("logits differ by %g of the largest", relative)
	}
}
