package model_test

import (
	"context"
	"fmt"
	"image"
	"log"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/nn/pretrained"
)

// What a picture shows, and how sure the network is. Here with an embedded network;
// model.Load reads a file.
func ExampleModel_Classify() {
	sd, err := pretrained.Scenes()
	if err != nil {
		log.Fatal(err)
	}
	m, err := model.New(sd, model.Options{})
	if err != nil {
		log.Fatal(err)
	}
	top, err := m.Classify(context.Background(), scenes.Draw(2).Image, 2)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("it is a", scenes.Classes()[scenes.Draw(2).Label])
	for _, p := range top {
		fmt.Printf("%s %.2f\n", p.Name, p.Probability)
	}
	// Output:
	// it is a house
	// house 0.91
	// cross 0.01
}

// Where in a picture the network sees what it predicts.
func ExampleModel_Explain() {
	ctx := context.Background()
	sd, err := pretrained.Scenes()
	if err != nil {
		log.Fatal(err)
	}
	m, err := model.New(sd, model.Options{})
	if err != nil {
		log.Fatal(err)
	}
	e, err := m.Explain(ctx, scenes.Draw(2).Image, cam.Predicted)
	if err != nil {
		log.Fatal(err)
	}
	overlay, err := e.Overlay(model.OverlayOptions{}) // for png.Encode, or render.SavePNG
	if err != nil {
		log.Fatal(err)
	}
	x, y := e.Map.Peak(scenes.Size, scenes.Size)
	inside := scenes.Draw(2).Mask[int(y)*scenes.Size+int(x)]
	fmt.Println(m.Classes()[e.Map.Class], overlay.Rect, "the peak is on the object:", inside)
	// Output: house (0,0)-(96,96) the peak is on the object: true
}

// The rows that tsne.Fit and pca.Fit lay out.
func ExampleModel_Features() {
	sd, err := pretrained.Scenes()
	if err != nil {
		log.Fatal(err)
	}
	m, err := model.New(sd, model.Options{})
	if err != nil {
		log.Fatal(err)
	}
	var pictures []image.Image
	for i := range 20 {
		pictures = append(pictures, scenes.Draw(uint64(i)).Image)
	}
	x, err := m.Features(context.Background(), pictures...)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(x.Dims())
	// Output: 20 128
}
