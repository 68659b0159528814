// Command embed is a program outside the module: its network is in the binary, and
// it draws over the picture that it is given what the network looks at.
package main

import (
	"context"
	_ "embed"
	"image"
	_ "image/png"
	"log"
	"os"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/render"
)

//go:embed network.safetensors
var network []byte

func main() {
	ctx := context.Background()
	m, err := model.Parse(ctx, network, model.Options{})
	check(err)
	picture, _, err := image.Decode(os.Stdin)
	check(err)
	explanation, err := m.Explain(ctx, picture, cam.Predicted)
	check(err)
	overlay, err := explanation.Overlay(model.OverlayOptions{})
	check(err)
	check(render.SavePNG(ctx, "overlay.png", overlay))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
