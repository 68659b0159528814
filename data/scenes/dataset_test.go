package scenes

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/glimpse-go/glimpse/data"
)

var _ data.Dataset = (*Dataset)(nil)

func TestDataset(t *testing.T) {
	ds := New(7, 3)
	defer ds.Close()
	if ds.Len() != 3 || !slices.Equal(ds.Classes(), Classes()) {
		t.Fatalf("%d scenes of %v", ds.Len(), ds.Classes())
	}
	s, err := ds.Sample(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	want := Draw(9)
	if s.Label != want.Label || s.Name != "scene/9" || !bytes.Equal(s.Image.Pix, want.Image.Pix) || !slices.Equal(ds.Mask(2), want.Mask) {
		t.Errorf("sample 2 from 7 on, %q of label %d, is not scene 9 of label %d", s.Name, s.Label, want.Label)
	}
	for _, i := range []int{-1, 3} {
		if _, err := ds.Sample(t.Context(), i); err == nil || ds.Mask(i) != nil {
			t.Errorf("sample %d of 3: error %v, mask of %d", i, err, len(ds.Mask(i)))
		}
	}
	labels, err := ds.Labels(t.Context())
	if want := []int{Draw(7).Label, Draw(8).Label, Draw(9).Label}; err != nil || !slices.Equal(labels, want) {
		t.Errorf("labels %v, error %v, want %v", labels, err, want)
	}
	if empty := New(-5, -1); empty.Len() != 0 {
		t.Errorf("%d scenes in an empty range", empty.Len())
	}
}

func Example() {
	ds := New(0, 100)
	s, err := ds.Sample(context.Background(), 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Name, s.Image.Width, s.Image.Height, len(ds.Mask(0)))
	fmt.Println(ds.Classes())
	// Output:
	// scene/0 96 96 9216
	// [arrow boat cross fish heart house key moon star tree]
}
