package render

import (
	"encoding/binary"
	"io"
	"math"
	"testing"
)

// Whatever the numbers, Scatter returns an error or a figure in which every
// point lies within the axes.
func FuzzScatter(f *testing.F) {
	add := func(width, height int, equal bool, v ...float64) {
		var b []byte
		for _, x := range v {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
		}
		f.Add(b, width, height, equal, 0.0, 0.0)
	}
	add(0, 0, false, 0, 0, 1, 1)
	add(300, 300, true, 5e-324, 1e290, 1, -1e290)
	add(1000, 200, true, 1e-76, 1e274)
	add(0, 400, true, 1e16, 1, 1e16+2, 1)
	add(1000, 200, true, math.NaN(), math.Inf(1), math.MaxFloat64, -math.MaxFloat64)
	f.Fuzz(func(t *testing.T, b []byte, width, height int, equal bool, radius, alpha float64) {
		if width > 2000 || height > 2000 {
			return // only slow
		}
		var series [3]Series
		for i := 0; len(b) >= 16; i, b = i+1, b[16:] {
			s := &series[i%3]
			s.X = append(s.X, math.Float64frombits(binary.LittleEndian.Uint64(b)))
			s.Y = append(s.Y, math.Float64frombits(binary.LittleEndian.Uint64(b[8:])))
		}
		fig, err := Scatter(series[:], ScatterOptions{Width: width, Height: height, Equal: equal, Radius: radius, Alpha: alpha})
		if err != nil {
			return
		}
		for _, points := range record(fig).points {
			for _, p := range points {
				if !(p.x >= 0 && p.x <= float64(fig.Width) && p.y >= 0 && p.y <= float64(fig.Height)) {
					t.Fatalf("a point of %v is at %v of %d x %d pixels", series, p, fig.Width, fig.Height)
				}
			}
		}
		if err := fig.WriteSVG(t.Context(), io.Discard); err != nil {
			t.Fatal(err)
		}
		pixels(t, fig)
	})
}
