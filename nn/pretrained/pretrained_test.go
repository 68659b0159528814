//go:build !race

// The race detector slows the matrix products 20 times, and finds in them
// what it finds in package nn, so these tests are left out under it.

package pretrained

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/arch"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// correct runs the network on the first n samples and counts the right ones.
func correct(t *testing.T, sd *checkpoint.StateDict, ds data.Dataset, n int) int {
	t.Helper()
	if classes := sd.Metadata["classes"]; classes != strings.Join(ds.Classes(), ",") {
		t.Fatalf("the network knows %s, the data %v", classes, ds.Classes())
	}
	if sd.Metadata["mean"] != "0.5" || sd.Metadata["std"] != "0.5" {
		t.Fatalf("mean %q and std %q are not those of training", sd.Metadata["mean"], sd.Metadata["std"])
	}
	net, err := arch.Build(sd, nil)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	tr := data.Transform{Mean: []float32{0.5, 0.5, 0.5}, Std: []float32{0.5, 0.5, 0.5}}
	for batch, err := range data.Batches(t.Context(), ds, data.BatchOptions{Count: n, Size: 20, Transform: tr}) {
		if err != nil {
			t.Fatal(err)
		}
		x, err := nn.FromSlice(batch.Pixels, batch.Shape...)
		if err != nil {
			t.Fatal(err)
		}
		out, err := net.Run(context.Background(), x)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range batch.Samples {
			row, err := out.Logits.Sample(i)
			if err != nil {
				t.Fatal(err)
			}
			if slices.Index(row.Data, slices.Max(row.Data)) == s.Label {
				right++
			}
		}
	}
	return right
}

func TestScenes(t *testing.T) {
	sd, err := Scenes()
	if err != nil {
		t.Fatal(err)
	}
	if sd.Metadata["size"] != "96" {
		t.Errorf("size %q, want 96", sd.Metadata["size"])
	}
	const n = 100
	right := correct(t, sd, scenes.New(0, n), n)
	t.Logf("%d of %d held-out scenes correct", right, n)
	if right < n*95/100 {
		t.Errorf("%d of %d held-out scenes correct, want at least 95%%", right, n)
	}
}

func TestCIFAR10(t *testing.T) {
	sd, err := CIFAR10()
	if err != nil {
		t.Fatal(err)
	}
	if sd.Metadata["size"] != "32" {
		t.Errorf("size %q, want 32", sd.Metadata["size"])
	}
	ds, err := data.Open(t.Context(), golden.SharedData(t, "cifar-10-batches-bin"), data.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer ds.Close()
	const n = 200
	right := correct(t, sd, ds, n)
	t.Logf("%d of %d test images correct", right, n)
	// 90.34% over all 10,000; three standard deviations of 200 are 6.3%.
	if right < n*84/100 {
		t.Errorf("%d of %d test images correct", right, n)
	}
}
