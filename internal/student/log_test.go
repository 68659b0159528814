package student

import (
	"math"
	"testing"
)

func TestLogarithmOfSubnormals(t *testing.T) {
	for e := -1074; e <= -1000; e++ {
		got, want := Log(math.Ldexp(1, e)), float64(e)*math.Ln2
		if math.Abs(got-want) > 1e-12 {
			t.Errorf("Log(2^%d) = %v, want %v", e, got, want)
		}
	}
	if got := Log(0); !math.IsInf(got, -1) {
		t.Errorf("Log(0) = %v", got)
	}
	if got := Log(-1); !math.IsNaN(got) {
		t.Errorf("Log(-1) = %v", got)
	}
}
