package augment

import (
	"math/rand/v2"
	"testing"

	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// BenchmarkEpoch reads the CIFAR-10 test set, 10,000 images, in a random order, as
// training does.
func BenchmarkEpoch(b *testing.B) {
	ds, err := data.Open(b.Context(), golden.SharedData(b, "cifar-10-batches-bin"), data.OpenOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer ds.Close()
	crop := []data.Augmentation{RandomCrop{Size: 32, Padding: 4}, RandomHorizontalFlip{}}
	for _, c := range []struct {
		name    string
		augment []data.Augmentation
	}{
		{"plain", nil},
		{"crop-flip", crop},
		{"crop-flip-jitter", append(crop[:2:2], ColorJitter{0.4, 0.4, 0.4, 0.1})},
		{"resized-flip", []data.Augmentation{RandomResizedCrop{Size: 32}, RandomHorizontalFlip{}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			epoch := 0
			for b.Loop() {
				opt := data.BatchOptions{
					Order: data.Order(ds.Len(), 1, epoch), Size: 128, Augment: c.augment, Seed: 1, Epoch: epoch, DropImages: true,
					Transform: data.Transform{Mean: []float32{0.4914, 0.4822, 0.4465}, Std: []float32{0.2470, 0.2435, 0.2616}},
				}
				for _, err := range data.Batches(b.Context(), ds, opt) {
					if err != nil {
						b.Fatal(err)
					}
				}
				epoch++
			}
			b.ReportMetric(float64(b.N*ds.Len())/b.Elapsed().Seconds(), "images/s")
		})
	}
}

func BenchmarkAugment(b *testing.B) {
	im := picture("bench", 224, 224)
	for _, a := range []data.Augmentation{
		RandomCrop{Size: 224, Padding: 4}, RandomCrop{Size: 224, Padding: 4, PaddingMode: Reflect}, RandomHorizontalFlip{P: 1}, RandomResizedCrop{Size: 224},
		ColorJitter{Brightness: 0.4}, ColorJitter{Contrast: 0.4}, ColorJitter{Saturation: 0.4}, ColorJitter{Hue: 0.1},
	} {
		b.Run(a.String(), func(b *testing.B) {
			b.SetBytes(int64(len(im.Pix)))
			r := rand.New(rand.NewPCG(1, 1))
			for b.Loop() {
				if _, err := a.Augment(b.Context(), im, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
