package data_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"log"
	"os"
	"path/filepath"

	"github.com/glimpse-go/glimpse/data"
)

// Example opens a folder of images by class and reads it in batches as a
// network takes them.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for _, name := range []string{"blue/1.png", "red/1.png", "red/2.png"} {
		drawExample(filepath.Join(dir, filepath.FromSlash(name)))
	}

	ds, err := data.Open(context.Background(), dir, data.OpenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer ds.Close()
	fmt.Println(ds.Len(), "images of", ds.Classes())

	opt := data.BatchOptions{
		Size: 2,
		Transform: data.Transform{
			Resize:     32,
			CenterCrop: 32,
			Mean:       []float32{0.5},
			Std:        []float32{0.5},
		},
	}
	for batch, err := range data.Batches(context.Background(), ds, opt) {
		if err != nil {
			log.Fatal(err)
		}
		for i, s := range batch.Samples {
			red := batch.Pixels[i*3*32*32]
			fmt.Println(s.Name, ds.Classes()[s.Label], s.Image.Width, "x", s.Image.Height, "red", red)
		}
		fmt.Println("shape", batch.Shape)
	}
	// Output:
	// 3 images of [blue red]
	// blue/1.png blue 50 x 40 red -1
	// red/1.png red 50 x 40 red 1
	// shape [2 3 32 32]
	// red/2.png red 50 x 40 red 1
	// shape [1 3 32 32]
}

// drawExample writes a picture whose colour is the name of its folder.
func drawExample(path string) {
	c := color.RGBA{B: 255, A: 255}
	if filepath.Base(filepath.Dir(path)) == "red" {
		c = color.RGBA{R: 255, A: 255}
	}
	im := image.NewRGBA(image.Rect(0, 0, 50, 40))
	for i := range 50 * 40 {
		im.SetRGBA(i%50, i/50, c)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		log.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		log.Fatal(err)
	}
	if err := png.Encode(f, im); err != nil {
		log.Fatal(err)
	}
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
}

// A photograph from anywhere, here from memory, as the batch that a network takes.
func ExampleDecode() {
	var upload bytes.Buffer
	if err := png.Encode(&upload, image.NewGray(image.Rect(0, 0, 400, 300))); err != nil {
		log.Fatal(err)
	}
	im, err := data.Decode(context.Background(), &upload, data.DecodeOptions{MaxPixels: 1 << 24, MaxBytes: 10 << 20})
	if err != nil {
		log.Fatal(err)
	}
	im, err = data.Transform{Resize: 128, CenterCrop: 128}.Image(im)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(im.Bounds())
	// Output: (0,0)-(128,128)
}

// A data set in a zip archive.
func ExampleOpenFS() {
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for _, name := range []string{"photos/cat/1.png", "photos/dog/1.png", "photos/dog/2.png"} {
		f, err := w.Create(name)
		if err == nil {
			err = png.Encode(f, image.NewGray(image.Rect(0, 0, 40, 30)))
		}
		if err != nil {
			log.Fatal(err)
		}
	}
	w.Close()
	r, err := zip.NewReader(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
	if err != nil {
		log.Fatal(err)
	}
	photos, err := fs.Sub(r, "photos")
	if err != nil {
		log.Fatal(err)
	}
	ds, err := data.OpenFS(context.Background(), photos, data.OpenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer ds.Close()
	fmt.Println(ds.Len(), "images of", ds.Classes())
	// Output: 3 images of [cat dog]
}
