package render

import (
	"math"
	"slices"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

func TestTicksAreMatplotlibs(t *testing.T) {
	f := golden.Open(t, "scatter.safetensors")
	ranges, ticksOf, counts := f.Float64("ranges"), f.Float64("ticks"), f.Int64("counts")
	worst := 0.0
	for i, n := range counts {
		lo, hi, bins := ranges[3*i], ranges[3*i+1], int(ranges[3*i+2])
		want := ticksOf[:n]
		ticksOf = ticksOf[n:]
		got, step := ticks(lo, hi, bins)
		if len(got) != len(want) {
			t.Errorf("ticks(%v, %v, %d) = %v, want %v", lo, hi, bins, got, want)
			continue
		}
		for j := range got {
			worst = max(worst, math.Abs(got[j]-want[j])/step)
		}
	}
	t.Logf("%d axes; largest difference from matplotlib %s: %.2g steps", len(counts), f.Metadata("matplotlib"), worst)
	if worst > 1e-9 {
		t.Errorf("ticks differ by up to %g steps", worst)
	}
}

func TestTickLabels(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		labels []string
		power  string
	}{
		{-0.2, 1.1, []string{"−0.2", "0.0", "0.2", "0.4", "0.6", "0.8", "1.0"}, ""},
		{-80, 80, []string{"−80", "−60", "−40", "−20", "0", "20", "40", "60", "80"}, ""},
		{0, 1e5, []string{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"}, "1e5"},
		{-1.7e6, 1.7e6, []string{"−1.5", "−1.0", "−0.5", "0.0", "0.5", "1.0", "1.5"}, "1e6"},
		{0, 2e-5, []string{"0.00", "0.25", "0.50", "0.75", "1.00", "1.25", "1.50", "1.75", "2.00"}, "1e−5"},
		{0, 2, []string{"0.00", "0.25", "0.50", "0.75", "1.00", "1.25", "1.50", "1.75", "2.00"}, ""},
		{99, 101, []string{"99.00", "99.25", "99.50", "99.75", "100.00", "100.25", "100.50", "100.75", "101.00"}, ""},
	} {
		at, step := ticks(c.lo, c.hi, 9)
		if labels, power := tickLabels(at, step); !slices.Equal(labels, c.labels) || power != c.power {
			t.Errorf("[%v, %v]: %q %q, want %q %q", c.lo, c.hi, labels, power, c.labels, c.power)
		}
	}
}

// Whatever the values, an axis has a width and some numbers that differ.
func TestAxesOfAnyRange(t *testing.T) {
	for _, v := range []float64{0, 1, -1, 1e-300, 1e-30, -1e-7, 1e7, 1e290, 5e-324} {
		for _, width := range []float64{0, 5e-324, 1e-300, 1e-12, 1, 1e9, 1e290} {
			s, err := span{v, v + width}.padded(0.05)
			if err != nil {
				t.Errorf("%v + %v: %v", v, width, err)
				continue
			}
			if !(s.lo < v || v-s.lo == 0 && width > 0) || !(s.hi > s.lo) {
				t.Errorf("%v + %v: range %v", v, width, s)
			}
			at, step := ticks(s.lo, s.hi, 9)
			labels, _ := tickLabels(at, step)
			if len(at) < 2 || len(at) > 10 || !slices.IsSorted(at) || at[0] < s.lo-step/2 || at[len(at)-1] > s.hi+step/2 {
				t.Errorf("%v + %v: range %v, ticks %v", v, width, s, at)
			}
			slices.Sort(labels)
			if len(slices.Compact(labels)) != len(at) {
				t.Errorf("%v + %v: ticks %v have labels %q", v, width, at, labels)
			}
		}
	}
	if _, err := (span{-math.MaxFloat64, math.MaxFloat64}).padded(0.05); err == nil {
		t.Error("an infinite range accepted")
	}
}
