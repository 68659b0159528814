package cam

import (
	"slices"
	"testing"
)

// Noise that is drawn again for each image is the noise that is kept.
func TestNoiseDrawnAgain(t *testing.T) {
	net := tiny(t, 3, 4, 5, 1)
	q := Question{Net: net, Input: named(t, "x", 2, 3, 9, 7)}
	m := SmoothGrad{Samples: 3}
	kept, err := m.Explain(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	defer func(n int) { noiseKept = n }(noiseKept)
	noiseKept = 3*3*9*7 - 1
	again, err := m.Explain(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(kept.Attributions.Data, again.Attributions.Data) {
		t.Error("other attributions")
	}
}
