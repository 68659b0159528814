package numpyrand

import (
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// Every logarithm is the float64 next to the true one.
func TestLogarithm(t *testing.T) {
	f := golden.Open(t, "numpyrand")
	x := f.Float64("log/x")
	for i, want := range f.Float64("log/y") {
		if got := logarithm(x[i]); got != want {
			t.Errorf("logarithm(%v) = %v, want %v", x[i], got, want)
		}
	}
	if got := logarithm(1); got != 0 {
		t.Errorf("logarithm(1) = %v", got)
	}
}
