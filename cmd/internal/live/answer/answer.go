// Package answer is what a page's worker does, without its JavaScript: it reads a network
// and a feature space that were packed for it, and says of an image's pixels what the
// network makes of them, where it found it, and where the image lies among the points.
// Its numbers are those of cmd/cam on the same pixels, with weights in half precision.
package answer

import (
	"bytes"
	"context"
	"fmt"
	"image"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/data"
)

// MaxPixels is the size of the largest image.
const MaxPixels = 1 << 26

// MaxNeighbours is how many of the nearest points an answer has at most.
const MaxNeighbours = 12

// A Session answers for one network.
type Session struct {
	model *model.Model
	space *space // nil where nothing was laid out
}

// An Answer is what there is to say of an image.
type Answer struct {
	Predictions []model.Prediction // all classes, the likeliest first
	Logits      []float32
	Features    []float32
	Map         *cam.Map
	// Levels are the map as it is drawn, 0 to 255, as coarse as the map: of methods
	// other than cam, what is below 0 is not shown.
	Levels        []uint8
	Width, Height int     // of the image as the network saw it
	Pixels        []uint8 // of that image: R, G, B
	Places        []Place
	Neighbours    []int // the nearest points by their features, nearest first
}

// Load reads what [PackNetwork] and [PackSpace] returned; space may be empty. It tells say
// what it is doing. The bytes must not change afterwards.
func Load(ctx context.Context, network, space []byte, say func(string)) (*Session, error) {
	say("reading the network")
	m, err := readNetwork(ctx, network)
	if err != nil {
		return nil, err
	}
	s := &Session{model: m}
	if len(space) > 0 {
		say("reading the layout")
		d, _ := m.Network().Widths()
		if s.space, err = readSpace(ctx, space, d); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// About says what the network is.
func (s *Session) About() string { return s.model.String() }

// Method is the name of the method of the maps.
func (s *Session) Method() string { return s.model.Method().Name() }

// Classes are the names of the classes.
func (s *Session) Classes() []string { return s.model.Classes() }

// Explain answers for an image of width x height pixels, each R, G, B and A, the colour not
// multiplied by A, which is ignored as by Pillow's convert("RGB"). It maps a class, or the
// one that is predicted where class is [cam.Predicted]. It returns an error when there are
// not as many bytes, more than [MaxPixels] pixels, there is no such class, the network
// gives a number that is not finite, or ctx is done.
func (s *Session) Explain(ctx context.Context, rgba []byte, width, height, class int) (*Answer, error) {
	if width <= 0 || height <= 0 || width > MaxPixels/height {
		return nil, fmt.Errorf("an image of %d x %d pixels, want 1 to %d pixels", width, height, MaxPixels)
	}
	if len(rgba) != 4*width*height {
		return nil, fmt.Errorf("%d bytes for %d x %d pixels, want %d", len(rgba), width, height, 4*width*height)
	}
	return s.explain(ctx, &image.NRGBA{Pix: rgba, Stride: 4 * width, Rect: image.Rect(0, 0, width, height)}, class)
}

// ExplainFile is Explain of an image file, as [data.Decode] reads it: browsers decode JPEG
// in ways of their own, and turn photographs.
func (s *Session) ExplainFile(ctx context.Context, file []byte, class int) (*Answer, error) {
	picture, err := data.Decode(ctx, bytes.NewReader(file), data.DecodeOptions{MaxPixels: MaxPixels})
	if err != nil {
		return nil, err
	}
	return s.explain(ctx, picture, class)
}

func (s *Session) explain(ctx context.Context, picture image.Image, class int) (*Answer, error) {
	e, err := s.model.Explain(ctx, picture, class)
	if err != nil {
		return nil, err
	}
	drawn := e.Map
	if s.model.Method() != cam.Method(cam.CAM{}) {
		drawn = drawn.Rectified()
	}
	a := &Answer{
		Predictions: e.Predictions, Logits: e.Logits, Features: e.Features,
		Map: e.Map, Levels: drawn.Bytes(),
		Width: e.Input.Width, Height: e.Input.Height, Pixels: e.Input.Pix,
	}
	if s.space != nil {
		if a.Places, err = s.space.places(ctx, e.Features); err != nil {
			return nil, err
		}
		a.Neighbours = s.space.nearest(e.Features, MaxNeighbours)
	}
	return a, nil
}
