package data_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
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
