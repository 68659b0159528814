package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/glimpse-go/glimpse/cam/metrics"
	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/data"
)

// object is where an image's object is, in the picture that the network sees. A mask of
// nothing is an image without one.
type object struct {
	mask          []bool
	width, height int
	boxes         []image.Rectangle
}

func (o *object) area() int {
	n := 0
	for _, in := range o.mask {
		if in {
			n++
		}
	}
	return n
}

// objects tells where the object of image i of a batch is.
type objects interface {
	at(ctx context.Context, b *data.Batch, i int) (object, error)
}

// findObjects follows -masks, or takes what the data set knows.
func (s *session) findObjects() (objects, error) {
	switch {
	case s.masks == "" && s.Masks == nil:
		return nil, nil
	case s.masks == "":
		return known{s.Masks, s.Model.Transform()}, nil
	case s.Masks != nil:
		return nil, cli.Usagef("-masks needs -data or -image: the embedded scenes know their objects")
	}
	info, err := os.Stat(s.masks)
	if err != nil {
		return nil, fmt.Errorf("-masks: %w", err)
	}
	if !info.IsDir() {
		return nil, cli.Usagef("-masks %s: want a folder", s.masks)
	}
	return &folder{s.masks, s.Model.Transform(), data.DecodeOptions{MaxPixels: s.MaxPixels, ApplyOrientation: s.Orient}}, nil
}

// known are the masks of a data set that has square pictures.
type known struct {
	cli.Masked
	transform data.Transform
}

func (k known) at(_ context.Context, b *data.Batch, i int) (object, error) {
	mask := k.Mask(b.Index[i])
	side := 1
	for side*side < len(mask) {
		side++
	}
	if side*side != len(mask) {
		return object{}, fmt.Errorf("a mask of %d pixels is no square", len(mask))
	}
	white := &data.Image{Width: side, Height: side, Pix: make([]uint8, 3*len(mask))}
	for p, in := range mask {
		if in {
			white.Pix[3*p], white.Pix[3*p+1], white.Pix[3*p+2] = 255, 255, 255
		}
	}
	return seen(white, k.transform)
}

// seen is the object of a mask in white, as the network sees it.
func seen(mask *data.Image, transform data.Transform) (object, error) {
	im, err := transform.Image(mask)
	if err != nil {
		return object{}, err
	}
	pixels := make([]bool, im.Width*im.Height)
	for p := range pixels {
		pixels[p] = im.Pix[3*p] > 127
	}
	return newObject(pixels, im.Width, im.Height)
}

// newObject is an object of one mask, and the box around it.
func newObject(mask []bool, width, height int) (object, error) {
	box, err := metrics.BoxOf(mask, width, height)
	o := object{mask: mask, width: width, height: height}
	if !box.Empty() {
		o.boxes = []image.Rectangle{box}
	}
	return o, err
}

// folder has a file for each image: a mask, white on black, or boxes.
type folder struct {
	path      string
	transform data.Transform
	decode    data.DecodeOptions
}

// at reads the object of an image, and brings it to what the network sees.
func (f *folder) at(ctx context.Context, b *data.Batch, i int) (object, error) {
	sample := b.Samples[i]
	if sample.Image == nil {
		return object{}, errors.New("an image without pixels")
	}
	name, found := f.find(sample.Name)
	if !found {
		return object{}, fmt.Errorf("-masks: no %s.png or .txt in %s", strings.TrimSuffix(filepath.Base(sample.Name), filepath.Ext(sample.Name)), f.path)
	}
	if filepath.Ext(name) == ".txt" {
		return f.boxes(ctx, name, sample.Image)
	}
	file, err := os.Open(name)
	if err != nil {
		return object{}, fmt.Errorf("-masks: %w", err)
	}
	defer file.Close()
	mask, err := data.Decode(ctx, file, f.decode)
	if err != nil {
		return object{}, fmt.Errorf("-masks: %s: %w", name, err)
	}
	if mask.Width != sample.Image.Width || mask.Height != sample.Image.Height {
		return object{}, fmt.Errorf("-masks: %s has %d x %d pixels, %s %d x %d", name, mask.Width, mask.Height, sample.Name, sample.Image.Width, sample.Image.Height)
	}
	return seen(mask, f.transform)
}

// find returns the file of an image: of the same path, or else the same name, below the
// folder.
func (f *folder) find(name string) (string, bool) {
	stem := strings.TrimSuffix(name, filepath.Ext(name))
	for _, part := range []string{stem, filepath.Base(stem)} {
		if !filepath.IsLocal(part) {
			continue
		}
		for _, ext := range []string{".png", ".txt"} {
			file := filepath.Join(f.path, part+ext)
			if _, err := os.Stat(file); err == nil || !errors.Is(err, fs.ErrNotExist) {
				return file, true
			}
		}
	}
	return "", false
}

// maxBoxes bounds the work that a file of boxes makes.
const maxBoxes = 1000

// boxes reads a box a line, "x0 y0 x1 y1" in pixels of the file, the second corner not in
// it. The mask is all of them.
func (f *folder) boxes(ctx context.Context, name string, im *data.Image) (object, error) {
	file, err := os.Open(name)
	if err != nil {
		return object{}, fmt.Errorf("-masks: %w", err)
	}
	defer file.Close()
	var all object
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		if err := ctx.Err(); err != nil {
			return object{}, err
		}
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			continue
		}
		var x0, y0, x1, y1 int
		if count, err := fmt.Sscan(text, &x0, &y0, &x1, &y1); err != nil || count != 4 || x0 >= x1 || y0 >= y1 {
			return object{}, fmt.Errorf("-masks: %s, line %d: %q, want four whole numbers x0 y0 x1 y1", name, n, text)
		}
		if len(all.boxes) == maxBoxes {
			return object{}, fmt.Errorf("-masks: %s has more than %d boxes", name, maxBoxes)
		}
		box := image.Rect(x0, y0, x1, y1)
		if !box.In(image.Rect(0, 0, im.Width, im.Height)) {
			return object{}, fmt.Errorf("-masks: %s, line %d: the box is not in the image of %d x %d pixels", name, n, im.Width, im.Height)
		}
		drawn := &data.Image{Width: im.Width, Height: im.Height, Pix: make([]uint8, len(im.Pix))}
		for y := y0; y < y1; y++ {
			row := drawn.Pix[3*(y*im.Width+x0) : 3*(y*im.Width+x1)]
			for p := range row {
				row[p] = 255
			}
		}
		one, err := seen(drawn, f.transform)
		if err != nil {
			return object{}, err
		}
		if all.mask == nil {
			all = one
			continue
		}
		for p, in := range one.mask {
			all.mask[p] = all.mask[p] || in
		}
		all.boxes = append(all.boxes, one.boxes...)
	}
	if err := lines.Err(); err != nil {
		return object{}, fmt.Errorf("-masks: %s: %w", name, err)
	}
	if all.mask == nil {
		return object{}, fmt.Errorf("-masks: %s has no boxes", name)
	}
	return all, nil
}
