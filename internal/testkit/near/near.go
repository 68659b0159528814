// Package near compares numbers that are computed in two ways.
package near

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/floats"
)

// Elementwise returns the largest |got-want| / |want|.
func Elementwise(t testing.TB, got, want []float64) float64 {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d elements, want %d", len(got), len(want))
	}
	worst := 0.0
	for i, w := range want {
		diff := math.Abs(got[i]-w) / math.Abs(w)
		if got[i] == w {
			diff = 0
		}
		if math.IsNaN(diff) {
			t.Fatalf("element %d is %v, want %v", i, got[i], w)
		}
		worst = max(worst, diff)
	}
	return worst
}

// Norm returns |got-want| / |want|.
func Norm(t testing.TB, got, want []float64) float64 {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d elements, want %d", len(got), len(want))
	}
	d := floats.Distance(got, want, 2) / floats.Norm(want, 2)
	if math.IsNaN(d) {
		t.Fatal("NaN, or a zero to compare with")
	}
	return d
}

// AtMost logs a difference, and fails the test when it is above the tolerance.
func AtMost(t testing.TB, what string, diff, tolerance float64) {
	t.Helper()
	t.Logf("%s: %.3g (at most %.3g)", what, diff, tolerance)
	if !(diff <= tolerance) {
		t.Errorf("%s: difference %g is above %g", what, diff, tolerance)
	}
}
