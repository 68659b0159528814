package data

import (
	"context"
	"fmt"
	"image"
	"math"
)

// Transform turns an image into a network's input, as torchvision's
// Compose([Resize, CenterCrop, ToTensor, Normalize]) does on a PIL image, the
// same to the last bit. The zero value is ToTensor alone.
type Transform struct {
	// Resize scales the shorter side to this many pixels and the longer to
	// int(Resize*long/short); 0 leaves the size.
	Resize int
	// ResizeExact is the height and width to scale to, whatever the shape:
	// Resize((h, w)). Zero leaves the size. Not together with Resize.
	ResizeExact [2]int
	// CenterCrop cuts out a square of this side around the centre; sides that
	// are shorter are first padded with black. 0 leaves the size.
	CenterCrop int
	// Mean and Std, of one number or of three for R, G and B, normalise:
	// (x-mean)/std for x in [0, 1]. Nil is 0 and 1.
	Mean, Std []float32
}

// Check returns an error for options that contradict each other.
func (t Transform) Check() error {
	switch exact := t.ResizeExact; {
	case t.Resize < 0 || t.Resize > maxOutput:
		return fmt.Errorf("data: transform: Resize is %d", t.Resize)
	case t.CenterCrop < 0 || t.CenterCrop > 1<<13:
		return fmt.Errorf("data: transform: CenterCrop is %d, expected at most %d", t.CenterCrop, 1<<13)
	case exact != [2]int{} && (exact[0] <= 0 || exact[1] <= 0):
		return fmt.Errorf("data: transform: ResizeExact is %d x %d", exact[0], exact[1])
	case exact != [2]int{} && t.Resize != 0:
		return fmt.Errorf("data: transform: both Resize and ResizeExact are set")
	}
	for _, c := range []struct {
		name string
		v    []float32
	}{{"Mean", t.Mean}, {"Std", t.Std}} {
		if n := len(c.v); n != 0 && n != 1 && n != 3 {
			return fmt.Errorf("data: transform: %s has %d numbers, expected 1 or 3", c.name, n)
		}
		for _, v := range c.v {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				return fmt.Errorf("data: transform: %s is %v", c.name, c.v)
			}
			if v == 0 && c.name == "Std" {
				return fmt.Errorf("data: transform: Std is %v, it would divide by zero", c.v)
			}
		}
	}
	return nil
}

// resized returns the sides after Resize.
func (t Transform) resized(w, h int) (int, int) {
	switch {
	case t.ResizeExact != [2]int{}:
		return t.ResizeExact[1], t.ResizeExact[0]
	case t.Resize == 0 || w <= 0 || h <= 0:
		return w, h
	}
	// Python divides integers correctly rounded, then truncates.
	long := int(min(float64(t.Resize)*float64(max(w, h))/float64(min(w, h)), 1<<40))
	if w <= h {
		return t.Resize, long
	}
	return long, t.Resize
}

// Size returns the sides of the result for an image of w x h pixels.
func (t Transform) Size(w, h int) (int, int) {
	if t.CenterCrop > 0 {
		return t.CenterCrop, t.CenterCrop
	}
	return t.resized(w, h)
}

// Image returns the picture after Resize and CenterCrop, which is what the
// network sees, for use in a figure. It never shares memory with im.
func (t Transform) Image(im *Image) (*Image, error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	return t.image(context.Background(), im)
}

func (t Transform) image(ctx context.Context, im *Image) (*Image, error) {
	if err := im.check(); err != nil {
		return nil, err
	}
	w, h := t.resized(im.Width, im.Height)
	if t.CenterCrop == 0 {
		if err := checkOutput(w, h); err != nil {
			return nil, err
		}
		return scaled(ctx, im, w, h, image.Rect(0, 0, w, h))
	}
	// The crop of the padded image: the part of the resized image that it
	// shows, and where that part lies in it.
	c := t.CenterCrop
	x, cw, left := cropAxis(w, c)
	y, ch, top := cropAxis(h, c)
	part, err := scaled(ctx, im, w, h, image.Rect(x, y, x+cw, y+ch))
	if err != nil || (cw == c && ch == c) {
		return part, err
	}
	out := &Image{c, c, make([]uint8, 3*c*c)}
	for y := range ch {
		copy(out.Pix[3*((y+top)*c+left):], part.Pix[3*y*cw:3*(y+1)*cw])
	}
	return out, nil
}

// cropAxis mirrors torchvision's center_crop along one axis: of n pixels it
// keeps size beginning at from, or pads to crop with the image at pad.
func cropAxis(n, crop int) (from, size, pad int) {
	if n < crop {
		return 0, n, (crop - n) / 2
	}
	return int(math.RoundToEven(float64(n-crop) / 2)), crop, 0
}

// Apply writes the network's input for an image to dst: 3 planes R, G, B of
// the height and width that Size gives, in row-major order. It returns an
// error when dst has another length.
func (t Transform) Apply(im *Image, dst []float32) error {
	if err := t.Check(); err != nil {
		return err
	}
	if err := im.check(); err != nil {
		return err
	}
	if w, h := t.Size(im.Width, im.Height); w > maxOutput/h || len(dst) != 3*w*h {
		return fmt.Errorf("data: transform: destination of %d numbers for 3 x %d x %d", len(dst), h, w)
	}
	out, err := t.image(context.Background(), im)
	if err != nil {
		return err
	}
	toTensor(dst, out, t.levels())
	return nil
}

// levels tabulates ToTensor and Normalize for the 256 values of each channel.
// Each step rounds to float32 as torch's div, sub_ and div_ do.
func (t Transform) levels() *[3][256]float32 {
	pick := func(v []float32, c int, missing float32) float32 {
		switch len(v) {
		case 0:
			return missing
		case 1:
			return v[0]
		}
		return v[c]
	}
	var l [3][256]float32
	for c := range l {
		mean, std := pick(t.Mean, c, 0), pick(t.Std, c, 1)
		for v := range l[c] {
			x := float32(v) / 255
			x -= mean
			l[c][v] = x / std
		}
	}
	return &l
}

// toTensor spreads interleaved bytes over three planes.
func toTensor(dst []float32, im *Image, l *[3][256]float32) {
	n := im.Width * im.Height
	r, g, b := dst[:n], dst[n:2*n], dst[2*n:3*n]
	for i := range n {
		p := im.Pix[3*i : 3*i+3 : 3*i+3]
		r[i], g[i], b[i] = l[0][p[0]], l[1][p[1]], l[2][p[2]]
	}
}
