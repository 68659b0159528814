package main

import (
	"testing"

	"github.com/glimpse-go/glimpse/data"
)

// corner is of a data set whose pictures have their object in the upper left quarter.
type corner struct{}

func (corner) Mask(int) []bool {
	mask := make([]bool, 96*96)
	for p := range mask {
		mask[p] = p/96 < 48 && p%96 < 48
	}
	return mask
}

// The masks that a data set knows are seen as its pictures are: resized and cut.
func TestKnownObjects(t *testing.T) {
	for _, c := range []struct {
		transform data.Transform
		side      int
		box       [4]int
	}{
		{data.Transform{}, 96, [4]int{0, 0, 48, 48}},
		{data.Transform{Resize: 96, CenterCrop: 96}, 96, [4]int{0, 0, 48, 48}},
		{data.Transform{Resize: 192, CenterCrop: 96}, 96, [4]int{0, 0, 48, 48}}, // half of the middle
		{data.Transform{Resize: 48, CenterCrop: 48}, 48, [4]int{0, 0, 24, 24}},
		{data.Transform{CenterCrop: 64}, 64, [4]int{0, 0, 32, 32}},
		{data.Transform{CenterCrop: 112}, 112, [4]int{8, 8, 56, 56}},
	} {
		got, err := known{corner{}, c.transform}.at(t.Context(), &data.Batch{Index: []int{0}}, 0)
		if err != nil {
			t.Fatal(err)
		}
		b := got.boxes[0]
		if got.width != c.side || got.height != c.side || [4]int{b.Min.X, b.Min.Y, b.Max.X, b.Max.Y} != c.box || got.area() != b.Dx()*b.Dy() {
			t.Errorf("%+v: %d of %d x %d pixels, box %v, want %v", c.transform, got.area(), got.width, got.height, b, c.box)
		}
	}
}
