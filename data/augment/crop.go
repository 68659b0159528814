package augment

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/glimpse-go/glimpse/data"
)

// PaddingMode is what pixels beyond the edge of an image are, as in numpy.pad.
type PaddingMode string

// The modes of torchvision, here for the row 1 2 3 4 padded by two.
const (
	Constant  PaddingMode = "constant"  // 0 0 1 2 3 4 0 0
	Edge      PaddingMode = "edge"      // 1 1 1 2 3 4 4 4
	Reflect   PaddingMode = "reflect"   // 3 2 1 2 3 4 3 2
	Symmetric PaddingMode = "symmetric" // 2 1 1 2 3 4 4 3
)

// RandomCrop cuts out a part at a random place, all places being equally likely, after
// padding (torchvision.transforms.v2.RandomCrop).
type RandomCrop struct {
	Size      int    // side of a square, or
	SizeExact [2]int // height and width
	// Padding is how many pixels are added at each border first; or PaddingExact at the left,
	// top, right and bottom.
	Padding      int
	PaddingExact [4]int
	// PadIfNeeded adds what a side lacks, at both of its borders. Otherwise an image that is
	// smaller than the part, once padded, is an error.
	PadIfNeeded bool
	// Fill is the colour of padding in the mode Constant. Default: black.
	Fill [3]uint8
	// PaddingMode is what padding shows. Default: Constant.
	PaddingMode PaddingMode
}

// maxPadding bounds padding, so that sums of it are numbers.
const maxPadding = 1 << 24

// Check returns an error for options that mean nothing.
func (c RandomCrop) Check() error {
	if _, _, err := sides("RandomCrop", c.Size, c.SizeExact); err != nil {
		return err
	}
	if c.Padding != 0 && c.PaddingExact != [4]int{} {
		return fmt.Errorf("augment: RandomCrop: both Padding and PaddingExact are set")
	}
	for _, p := range c.padding() {
		if p < 0 || p > maxPadding {
			return fmt.Errorf("augment: RandomCrop: the padding is %d, expected 0 to %d", p, maxPadding)
		}
	}
	switch c.PaddingMode {
	case "", Constant, Edge, Reflect, Symmetric:
		return nil
	}
	return fmt.Errorf("augment: RandomCrop: the padding mode is %q, expected %s, %s, %s or %s", c.PaddingMode, Constant, Edge, Reflect, Symmetric)
}

// padding returns that at the left, top, right and bottom.
func (c RandomCrop) padding() [4]int {
	if p := c.Padding; p != 0 {
		return [4]int{p, p, p, p}
	}
	return c.PaddingExact
}

// String is torchvision's, with the options that it leaves out where they are set.
func (c RandomCrop) String() string {
	h, w, _ := sides("", c.Size, c.SizeExact)
	padding := "None"
	if p := c.padding(); c.Padding != 0 {
		padding = fmt.Sprint(c.Padding)
	} else if p != [4]int{} {
		padding = fmt.Sprintf("[%d, %d, %d, %d]", p[0], p[1], p[2], p[3])
	}
	s := fmt.Sprintf("RandomCrop(size=(%d, %d), padding=%s", h, w, padding)
	if c.PadIfNeeded {
		s += ", pad_if_needed=True"
	}
	if c.Fill != [3]uint8{} {
		s += fmt.Sprintf(", fill=(%d, %d, %d)", c.Fill[0], c.Fill[1], c.Fill[2])
	}
	if m := c.PaddingMode; m != "" && m != Constant {
		s += fmt.Sprintf(", padding_mode=%s", m)
	}
	return s + ")"
}

// Augment implements [data.Augmentation].
func (c RandomCrop) Augment(ctx context.Context, im *data.Image, r *rand.Rand) (*data.Image, error) {
	top, left, err := c.params(im, r)
	if err != nil {
		return nil, err
	}
	h, w, _ := sides("", c.Size, c.SizeExact)
	return c.crop(ctx, im, top, left, h, w)
}

// params draws the upper left corner of the part, in the image as it is before padding: a
// corner in the padding is negative.
func (c RandomCrop) params(im *data.Image, r *rand.Rand) (top, left int, err error) {
	if err := c.Check(); err != nil {
		return 0, 0, err
	}
	if err := check(im); err != nil {
		return 0, 0, err
	}
	h, w, _ := sides("", c.Size, c.SizeExact)
	p := c.padding()
	top, err = place(r, "high", im.Height, h, p[1], p[3], c.PadIfNeeded)
	if err == nil {
		left, err = place(r, "wide", im.Width, w, p[0], p[2], c.PadIfNeeded)
	}
	return top, left, err
}

// place draws where a part of size pixels begins, along an axis of n and its padding.
func place(r *rand.Rand, sense string, n, size, before, after int, needed bool) (int, error) {
	padded := before + n + after
	if lack := size - padded; lack > 0 {
		if !needed {
			return 0, fmt.Errorf("augment: RandomCrop: the image is %d pixels %s with its padding, less than the crop's %d", padded, sense, size)
		}
		before += lack
		padded += 2 * lack
	}
	if padded == size {
		return -before, nil
	}
	return r.IntN(padded-size+1) - before, nil
}

// crop cuts out h x w pixels at (left, top). Beyond the edges of the image there is padding, as
// much as is asked for.
func (c RandomCrop) crop(ctx context.Context, im *data.Image, top, left, h, w int) (*data.Image, error) {
	out, err := data.NewImage(w, h)
	if err != nil {
		return nil, err
	}
	columns := make([]int, w) // of the image, -1 beyond it
	for x := range columns {
		columns[x] = c.PaddingMode.source(left+x, im.Width)
	}
	// The columns of the image itself are copied as a run.
	from, to := min(max(-left, 0), w), max(min(im.Width-left, w), 0)
	to = max(from, to)
	for y := range h {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		row := out.Pix[3*y*w : 3*(y+1)*w]
		source := c.PaddingMode.source(top+y, im.Height)
		if source < 0 {
			for x := range w {
				copy(row[3*x:], c.Fill[:])
			}
			continue
		}
		src := im.Pix[3*source*im.Width : 3*(source+1)*im.Width]
		if from < to {
			copy(row[3*from:3*to], src[3*(left+from):])
		}
		for x := 0; x < w; x++ {
			if x == from {
				x = to
				if x == w {
					break
				}
			}
			pixel := c.Fill[:]
			if at := columns[x]; at >= 0 {
				pixel = src[3*at : 3*at+3]
			}
			copy(row[3*x:3*x+3], pixel)
		}
	}
	return out, nil
}

// source returns which of n pixels is shown at i, -1 for none.
func (m PaddingMode) source(i, n int) int {
	if i >= 0 && i < n {
		return i
	}
	period := 2 * n
	switch m {
	case Edge:
		return min(max(i, 0), n-1)
	case Reflect:
		if n == 1 { // which numpy pads with its edge
			return 0
		}
		period = 2*n - 2
	case Symmetric:
	default:
		return -1
	}
	if i = (i%period + period) % period; i < n {
		return i
	}
	if m == Reflect {
		return period - i
	}
	return period - 1 - i
}
