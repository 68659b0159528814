package data

import (
	"bytes"
	"image"
	"math"
	"strings"
	"testing"
)

// TestResizeWindow holds the crop that is computed alone to the crop of the
// whole, in both orders of the passes.
func TestResizeWindow(t *testing.T) {
	for _, c := range []struct{ w, h, ow, oh int }{{50, 40, 80, 64}, {50, 40, 30, 24}, {40, 90, 33, 30}, {20, 100, 40, 20}, {9, 9, 9, 9}} {
		im := picture("window", c.w, c.h)
		full, err := Resize(im, c.ow, c.oh)
		if err != nil {
			t.Fatal(err)
		}
		for _, win := range []image.Rectangle{image.Rect(0, 0, c.ow, c.oh), image.Rect(1, 2, 6, 5), image.Rect(c.ow-1, c.oh-1, c.ow, c.oh), image.Rect(3, 0, 7, c.oh)} {
			part, err := scaled(t.Context(), im, c.ow, c.oh, win)
			if err != nil {
				t.Fatal(err)
			}
			for y := range win.Dy() {
				want := full.Pix[3*((win.Min.Y+y)*c.ow+win.Min.X):][:3*win.Dx()]
				if got := part.Pix[3*y*win.Dx():][:3*win.Dx()]; !bytes.Equal(got, want) {
					t.Errorf("%+v of %+v: row %d differs", win, c, y)
				}
			}
		}
	}
}

func TestResizedCropErrors(t *testing.T) {
	im := picture("errors", 6, 4)
	for want, c := range map[string][6]int{
		"no part of 6 x 5 pixels at (0, 0)":  {0, 0, 5, 6, 2, 2},
		"no part of 6 x 4 pixels at (1, 0)":  {0, 1, 4, 6, 2, 2},
		"no part of 6 x 4 pixels at (0, 1)":  {1, 0, 4, 6, 2, 2},
		"no part of 2 x 2 pixels at (0, -1)": {-1, 0, 2, 2, 2, 2},
		"no part of 2 x 2 pixels at (-1, 0)": {0, -1, 2, 2, 2, 2},
		"no part of 0 x 2 pixels at (0, 0)":  {0, 0, 2, 0, 2, 2},
		"no part of 2 x 0 pixels at (0, 0)":  {0, 0, 0, 2, 2, 2},
		"cannot resize to 0 x 2 pixels":      {0, 0, 4, 6, 2, 0},
	} {
		_, err := ResizedCrop(t.Context(), im, c[0], c[1], c[2], c[3], c[4], c[5])
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := ResizedCrop(t.Context(), im, math.MaxInt, 0, math.MaxInt, 1, 2, 2); err == nil {
		t.Error("a part far away: no error")
	}
	if _, err := ResizedCrop(t.Context(), nil, 0, 0, 1, 1, 1, 1); err == nil {
		t.Error("no image: no error")
	}
}

func TestTransformKeepsItsInput(t *testing.T) {
	im := picture("kept", 8, 8)
	before := bytes.Clone(im.Pix)
	out, err := Transform{}.Image(im)
	if err != nil {
		t.Fatal(err)
	}
	clear(out.Pix)
	if !bytes.Equal(im.Pix, before) {
		t.Error("the result shares memory with the image")
	}
}

func TestTransformErrors(t *testing.T) {
	im := picture("errors", 4, 2)
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		t    Transform
		im   *Image
		n    int
		want string
	}{
		{Transform{}, im, 23, "destination of 23 numbers for 3 x 2 x 4"},
		{Transform{CenterCrop: 3}, im, 24, "for 3 x 3 x 3"},
		{Transform{Resize: -1}, im, 24, "Resize is -1"},
		{Transform{Resize: 1 << 25}, im, 24, "destination of 24"},
		{Transform{CenterCrop: 1 << 20}, im, 24, "CenterCrop is 1048576"},
		{Transform{ResizeExact: [2]int{0, 5}}, im, 24, "ResizeExact is 0 x 5"},
		{Transform{ResizeExact: [2]int{5, 5}, Resize: 5}, im, 75, "both Resize and ResizeExact"},
		{Transform{Mean: []float32{1, 2}}, im, 24, "Mean has 2 numbers, expected 1 or 3"},
		{Transform{Mean: []float32{nan}}, im, 24, "Mean is [NaN]"},
		{Transform{Std: []float32{1, inf, 1}}, im, 24, "Std is [1 +Inf 1]"},
		{Transform{Std: []float32{1, 0, 1}}, im, 24, "it would divide by zero"},
		{Transform{}, nil, 24, "the image is nil"},
		{Transform{}, &Image{4, 2, im.Pix[1:]}, 24, "23 bytes do not make an RGB image of 4 x 2 pixels"},
		{Transform{}, &Image{-4, -2, im.Pix}, 24, "-4 x -2 pixels"},
		{Transform{}, &Image{math.MaxInt >> 23, math.MaxInt >> 23, im.Pix}, 24, "do not make"},
	} {
		err := c.t.Apply(c.im, make([]float32, c.n))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.t, err, c.want)
		}
	}
	for _, size := range [][2]int{{0, 5}, {5, -1}, {1 << 20, 1 << 20}, {math.MaxInt/2 + 1, math.MaxInt/2 + 1}} {
		if _, err := Resize(im, size[0], size[1]); err == nil {
			t.Errorf("Resize to %v: no error", size)
		}
		if _, err := NewImage(size[0], size[1]); err == nil {
			t.Errorf("NewImage of %v: no error", size)
		}
	}
	if _, err := (Transform{Resize: 100}).Image(&Image{1 << 20, 1, make([]byte, 3<<20)}); err == nil {
		t.Error("a line of a million pixels resized to a height of 100: no error")
	}
	// Where a crop follows, only the crop is computed.
	out, err := Transform{Resize: 100, CenterCrop: 100}.Image(&Image{1 << 20, 1, make([]byte, 3<<20)})
	if err != nil || out.Width != 100 || out.Height != 100 {
		t.Errorf("cropped line: %v", err)
	}
}

func TestImageIsAnImage(t *testing.T) {
	im, err := NewImage(3, 2)
	if err != nil {
		t.Fatal(err)
	}
	copy(im.Pix[3*(1*3+2):], []byte{10, 20, 30})
	if r, g, b, a := im.At(2, 1).RGBA(); r != 10*257 || g != 20*257 || b != 30*257 || a != 0xffff {
		t.Errorf("got %d %d %d %d", r, g, b, a)
	}
	for _, p := range [][2]int{{-1, 0}, {3, 0}, {0, -1}, {0, 2}, {math.MaxInt / 8, math.MaxInt / 8}} {
		if _, _, _, a := im.At(p[0], p[1]).RGBA(); a != 0 {
			t.Errorf("a colour at %v", p)
		}
	}
	if b := im.Bounds(); b.Dx() != 3 || b.Dy() != 2 {
		t.Errorf("bounds %v", b)
	}
}
