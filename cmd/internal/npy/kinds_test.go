package npy_test

import (
	"math"
	"slices"
	"testing"

	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// Half precision, of all exponents, as NumPy widens it.
func TestHalf(t *testing.T) {
	got, err := npy.Load(t.Context(), golden.Path(t, "npy", "half-values.npy"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := npy.Load(t.Context(), golden.Path(t, "npy", "half-values-float64.npy"))
	if err != nil {
		t.Fatal(err)
	}
	nans, infinite := 0, 0
	for i, w := range want.Float64s() {
		g := got.Float64s()[i]
		if g != w && !(g != g && w != w) || math.Signbit(g) != math.Signbit(w) && w == w {
			t.Errorf("element %d: %v, want %v", i, g, w)
		}
		if w != w {
			nans++
		}
		if math.IsInf(w, 0) {
			infinite++
		}
	}
	if nans < 10 || infinite < 1 || !got.IsFloat() {
		t.Errorf("%d NaN, %d infinite", nans, infinite)
	}
}

func TestTexts(t *testing.T) {
	for name, want := range map[string][]string{
		"text":       {"cat", "", "åse 😀", "dog"},
		"text_big":   {"cat", "", "åse 😀", "dog"},
		"text_bytes": {"cat", "", "ox", "dog"},
	} {
		a, err := npy.Load(t.Context(), golden.Path(t, "npy", name+".npy"))
		if err != nil {
			t.Fatal(err)
		}
		if !a.IsText() || a.IsFloat() || !slices.Equal(a.Shape, []int{4}) {
			t.Errorf("%s: text %v, shape %v", name, a.IsText(), a.Shape)
		}
		var got []string
		for i := range a.Len() {
			got = append(got, a.Text(i))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		if _, err := a.Int64s(); err == nil {
			t.Errorf("%s: integers", name)
		}
		if v := a.Float64s(); len(v) != 4 || v[0] == v[0] {
			t.Errorf("%s: floats %v", name, v)
		}
	}
}
