package data

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// BenchmarkResize reports the megapixels a second that go in or come out,
// whichever is more.
func BenchmarkResize(b *testing.B) {
	for _, s := range [][4]int{{96, 96, 128, 128}, {32, 32, 128, 128}, {640, 480, 341, 256}, {2000, 1500, 299, 224}} {
		im := picture("bench", s[0], s[1])
		b.Run(fmt.Sprintf("%dx%d-%dx%d", s[0], s[1], s[2], s[3]), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(3 * max(s[0]*s[1], s[2]*s[3])))
			for b.Loop() {
				if _, err := Resize(im, s[2], s[3]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkTransform(b *testing.B) {
	imagenet := Transform{Resize: 256, CenterCrop: 224, Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225}}
	for _, c := range []struct {
		name string
		w, h int
		t    Transform
	}{
		{"tensor-32", 32, 32, Transform{}},
		{"stl10-96-128", 96, 96, Transform{Resize: 128}},
		{"imagenet-500x375", 500, 375, imagenet},
	} {
		im := picture("bench", c.w, c.h)
		w, h := c.t.Size(c.w, c.h)
		dst := make([]float32, 3*w*h)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(im.Pix)))
			for b.Loop() {
				if err := c.t.Apply(im, dst); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	f := golden.Open(b, "data/files.safetensors")
	for _, name := range []string{"q90 4:2:0.jpg", "rgb.png", "lossy.webp"} {
		file := f.Bytes(name + ": file")
		b.Run(name, func(b *testing.B) {
			b.SetBytes(53 * 37 * 3)
			for b.Loop() {
				if _, err := newDecoding(0, false, false).decode(context.Background(), bytes.NewReader(file), int64(len(file))); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}

// BenchmarkBatches reads the CIFAR-10 test set: bytes are those of the file.
func BenchmarkBatches(b *testing.B) {
	ds, err := Open(b.Context(), golden.SharedData(b, "cifar-10-batches-bin"), OpenOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer ds.Close()
	for _, t := range []Transform{{}, {Resize: 128}} {
		b.Run(fmt.Sprint("resize-", t.Resize), func(b *testing.B) {
			b.SetBytes(1000 * 3073)
			for b.Loop() {
				for _, err := range Batches(b.Context(), ds, BatchOptions{Count: 1000, Transform: t}) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.N*1000)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
