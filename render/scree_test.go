package render

import (
	"image"
	"image/color"
	"math"
	"slices"
	"strings"
	"testing"
)

// barCanvas keeps the bars of a scree plot, by their colour, and the line.
type barCanvas struct {
	recorder
	bars []image.Rectangle
	sums []pt
}

func (b *barCanvas) rect(r image.Rectangle, c color.RGBA) {
	if c == Tab10[0] {
		b.bars = append(b.bars, r)
	}
}
func (b *barCanvas) line(at []pt, _ float64, _ color.RGBA) { b.sums = at }
func (b *barCanvas) markers(marker, []pt)                  {}

// The heights of the bars are in the ratios' proportions, and the line ends at
// their sum on the same scale.
func TestScree(t *testing.T) {
	for _, ratios := range [][]float64{{1}, {0.5, 0.25, 0.125}, {0.3, 0}, slices.Repeat([]float64{1.0 / 40}, 40), slices.Repeat([]float64{1.0 / 3000}, 3000)} {
		f, err := Scree(ratios, ScreeOptions{Title: "PCA"})
		if err != nil {
			t.Fatal(err)
		}
		c := &barCanvas{}
		f.paint(c)
		if len(c.bars) != len(ratios) || len(c.sums) != len(ratios) {
			t.Fatalf("%d bars and %d sums of %d ratios", len(c.bars), len(c.sums), len(ratios))
		}
		base := c.bars[0].Max.Y
		full := float64(base) - c.sums[0].y // pixels for the first ratio
		sum := 0.0
		for i, r := range ratios {
			sum += r
			want := full * r / ratios[0]
			if got := float64(c.bars[i].Dy()); math.Abs(got-want) > 0.51 {
				t.Errorf("bar %d of %d is %v pixels high, want %.2f", i+1, len(ratios), got, want)
			}
			if got := float64(base) - c.sums[i].y; math.Abs(got-full*sum/ratios[0]) > 1e-6 {
				t.Errorf("sum %d of %d is drawn %v pixels up, want %v", i+1, len(ratios), got, full*sum/ratios[0])
			}
			if i > 0 && c.bars[i].Min.X < c.bars[i-1].Min.X {
				t.Errorf("bar %d is left of bar %d", i+1, i)
			}
		}
	}
}

func TestScreeTexts(t *testing.T) {
	f, err := Scree([]float64{0.5, 0.25, 0.125}, ScreeOptions{Title: "variance", Palette: ColourBlindSafe})
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(record(f).texts, "|") + "|"
	for _, want := range []string{"0.500|", "0.250|", "0.125|", "1|2|3|", "0.0|0.2|0.4|0.6|0.8|1.0|", "variance|", "each component|", "cumulative|", "principal component|", "explained variance ratio|"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
}

func TestScreeErrors(t *testing.T) {
	for name, c := range map[string]struct {
		ratios []float64
		opt    ScreeOptions
	}{
		"none":     {nil, ScreeOptions{}},
		"NaN":      {[]float64{0.5, math.NaN()}, ScreeOptions{}},
		"negative": {[]float64{0.5, -0.1}, ScreeOptions{}},
		"above 1":  {[]float64{1.5}, ScreeOptions{}},
		"sum":      {[]float64{0.7, 0.7}, ScreeOptions{}},
		"size":     {[]float64{0.7}, ScreeOptions{Width: -1}},
		"narrow":   {[]float64{0.7}, ScreeOptions{Width: 200, Height: 200}},
		"palette":  {[]float64{0.7}, ScreeOptions{Palette: "x"}},
	} {
		if f, err := Scree(c.ratios, c.opt); err == nil || f != nil {
			t.Errorf("%s accepted", name)
		}
	}
}
