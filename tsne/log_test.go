package tsne

import (
	"math"
	"testing"
)

func TestLogarithmOfSubnormals(t *testing.T) {
	for e := -1074; e <= -1000; e++ {
		got, want := logarithm(math.Ldexp(1, e)), float64(e)*math.Ln2
		if math.Abs(got-want) > 1e-12 {
			t.Errorf("logarithm(2^%d) = %v, want %v", e, got, want)
		}
	}
	if got := logarithm(0); !math.IsInf(got, -1) {
		t.Errorf("logarithm(0) = %v", got)
	}
	if got := logarithm(-1); !math.IsNaN(got) {
		t.Errorf("logarithm(-1) = %v", got)
	}
}
