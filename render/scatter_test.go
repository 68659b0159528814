package render

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// clusters returns n points in k classes of equal size, in turn.
func clusters(n, k int) []Series {
	r := rand.New(rand.NewPCG(1, 2))
	x, y, labels := make([]float64, n), make([]float64, n), make([]int, n)
	names := make([]string, k)
	for i := range names {
		names[i] = "class " + strconv.Itoa(i)
	}
	for i := range n {
		labels[i] = i % k
		angle := 2.4 * float64(labels[i])
		at := 70 * math.Sqrt(float64(labels[i])/float64(k))
		x[i] = at*math.Cos(angle) + 8*r.NormFloat64()
		y[i] = at*math.Sin(angle) + 8*r.NormFloat64()
	}
	series, err := ByClass(x, y, labels, names)
	if err != nil {
		panic(err)
	}
	return series
}

func mustScatter(t testing.TB, series []Series, opt ScatterOptions) *Figure {
	t.Helper()
	f, err := Scatter(series, opt)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// recorder is a canvas that keeps what it is told.
type recorder struct {
	points   map[color.RGBA][]pt
	texts    []string
	pictures []image.Rectangle
	rects    []image.Rectangle
}

func (r *recorder) rect(b image.Rectangle, _ color.RGBA)     { r.rects = append(r.rects, b) }
func (r *recorder) line([]pt, float64, color.RGBA)           {}
func (r *recorder) text(_ pt, s string, _ textStyle)         { r.texts = append(r.texts, s) }
func (r *recorder) picture(b image.Rectangle, _ image.Image) { r.pictures = append(r.pictures, b) }
func (r *recorder) markers(m marker, at []pt)                { r.points[m.color] = append(r.points[m.color], at...) }
func record(f *Figure) *recorder {
	r := &recorder{points: map[color.RGBA][]pt{}}
	f.paint(r)
	return r
}

// pixels draws a figure.
func pixels(t testing.TB, f *Figure) *image.RGBA {
	t.Helper()
	im, err := f.Image(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// A marker covers the pixels about its place, with the area of its disc, and
// the place is where the ticks say.
func TestMarkersAreWhereTheyShould(t *testing.T) {
	series := []Series{{X: []float64{0, 10, 3.7}, Y: []float64{0, 10, 6.1}, Color: color.RGBA{255, 0, 0, 255}}}
	const radius = 7.3
	im := pixels(t, mustScatter(t, series, ScatterOptions{Radius: radius, Alpha: 1}))
	a := axesOf(t, series, ScatterOptions{Radius: radius, Alpha: 1})
	for i, x := range series[0].X {
		want := a.place(x, series[0].Y[i])
		var sum, cx, cy float64
		for py := int(want.y) - 20; py < int(want.y)+20; py++ {
			for px := int(want.x) - 20; px < int(want.x)+20; px++ {
				c := im.RGBAAt(px, py)
				cover := 1 - float64(c.G)/255
				if c.R != 255 {
					t.Fatalf("pixel (%d, %d) is %v", px, py, c)
				}
				sum, cx, cy = sum+cover, cx+cover*(float64(px)+0.5), cy+cover*(float64(py)+0.5)
			}
		}
		if d := math.Hypot(cx/sum-want.x, cy/sum-want.y); d > 0.1 {
			t.Errorf("point %d is %.3f pixels from its place", i, d)
		}
		if area := math.Pi * radius * radius; math.Abs(sum/area-1) > 0.01 {
			t.Errorf("point %d covers %.2f pixels, want %.2f", i, sum, area)
		}
	}
	// A unit along x as the ticks have it: 0 and 10 are the extreme points.
	if x0, x10 := a.placeX(0), a.placeX(10); math.Abs((x10-x0)*1.1-float64(a.box.Dx())) > 1e-9 {
		t.Errorf("0 to 10 takes %v of %d pixels, want a share of 1/1.1", x10-x0, a.box.Dx())
	}
}

// axesOf lays out the axes of a plot without a legend as Scatter does.
func axesOf(t *testing.T, series []Series, opt ScatterOptions) *axes {
	t.Helper()
	fonts, err := newTypeface()
	if err != nil {
		t.Fatal(err)
	}
	a := &axes{}
	if a.x, a.y, err = ranges(series, opt, 1000, 1000); err != nil {
		t.Fatal(err)
	}
	if err := a.layout(fonts, 1000, 1000, 0, opt.Equal, false); err != nil {
		t.Fatal(err)
	}
	return a
}

// All shapes have the area of the disc, so that no class looks heavier.
func TestShapesHaveOneArea(t *testing.T) {
	for s := range shapes {
		for _, r := range []float64{1.2, 3, 10} {
			st := newStamps(marker{shape: s, radius: r})
			for i, mask := range st.masks {
				sum := 0.0
				for _, v := range mask.Pix {
					sum += float64(v) / 255
				}
				if want := math.Pi * r * r; math.Abs(sum/want-1) > 0.03 {
					t.Fatalf("shape %d of radius %v, place %d: area %.2f, want %.2f", s, r, i, sum, want)
				}
				for k := range st.side {
					if mask.Pix[k] != 0 || mask.Pix[(st.side-1)*mask.Stride+k] != 0 || mask.Pix[k*mask.Stride] != 0 || mask.Pix[k*mask.Stride+st.side-1] != 0 {
						t.Fatalf("shape %d of radius %v is cut off", s, r)
					}
				}
			}
		}
	}
}

func TestEqualUnits(t *testing.T) {
	for _, series := range [][]Series{
		{{X: []float64{0, 100}, Y: []float64{0, 1}}},
		{{X: []float64{0, 1}, Y: []float64{-50, 50}}},
	} {
		a := axesOf(t, series, ScatterOptions{Equal: true})
		ux, uy := a.placeX(1)-a.placeX(0), a.placeY(0)-a.placeY(1)
		if math.Abs(ux/uy-1) > 1e-9 {
			t.Errorf("a unit is %v pixels across and %v up", ux, uy)
		}
		for i, x := range series[0].X {
			if p := a.place(x, series[0].Y[i]); p.x < float64(a.box.Min.X) || p.x > float64(a.box.Max.X) || p.y < float64(a.box.Min.Y) || p.y > float64(a.box.Max.Y) {
				t.Errorf("point %d at %v lies outside %v", i, p, a.box)
			}
		}
	}
}

// Two classes spread alike over the same region show alike, although one is
// drawn after the other.
func TestNoClassHidesAnother(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	series := make([]Series, 2)
	for i := range 20000 {
		s := &series[i%2]
		s.X, s.Y = append(s.X, r.Float64()), append(s.Y, r.Float64())
	}
	im := pixels(t, mustScatter(t, series, ScatterOptions{Radius: 6, Alpha: 1}))
	var blue, orange float64
	for i := 0; i < len(im.Pix); i += 4 {
		switch (color.RGBA{im.Pix[i], im.Pix[i+1], im.Pix[i+2], 255}) {
		case Tab10[0]:
			blue++
		case Tab10[1]:
			orange++
		}
	}
	if share := blue / (blue + orange); math.Abs(share-0.5) > 0.06 {
		t.Errorf("the first of two equal classes has %.1f%% of the pixels", 100*share)
	}
}

func TestColoursAndShapes(t *testing.T) {
	for _, c := range []struct {
		series  int
		palette Palette
		at      int
		color   color.RGBA
		shape   shape
	}{
		{10, "", 9, Tab10[9], disc}, {11, Tableau, 1, Tab20[1], disc}, {20, Tableau, 19, Tab20[19], disc},
		{100, Tableau, 20, Tab20[0], square}, {100, Tableau, 99, Tab20[19], upended}, {101, Tableau, 100, Tab20[0], plus}, {200, Tableau, 199, Tab20[19], rightwards},
		{201, Tableau, 200, color.RGBA{22, 83, 126, 255}, disc}, {401, Tableau, 400, color.RGBA{98, 160, 203, 255}, disc},
		{601, Tableau, 600, color.RGBA{26, 101, 153, 255}, disc}, {248, ColourBlindSafe, 247, color.RGBA{115, 115, 115, 255}, disc},
		{81, ColourBlindSafe, 80, color.RGBA{0, 80, 125, 255}, disc},
		{8, ColourBlindSafe, 7, OkabeIto[7], disc}, {9, ColourBlindSafe, 8, OkabeIto[0], square},
	} {
		looks, err := markersOf(make([]Series, c.series), ScatterOptions{Palette: c.palette})
		if err != nil {
			t.Fatal(err)
		}
		if m := looks[c.at]; m.color != c.color || m.shape != c.shape {
			t.Errorf("series %d of %d in %q: %v shape %d, want %v shape %d", c.at, c.series, c.palette, m.color, m.shape, c.color, c.shape)
		}
	}
	// No two look the same, and which class looks how does not depend on how many there are.
	for _, palette := range Palettes() {
		seen := map[marker]int{}
		all, err := markersOf(make([]Series, 4000), ScatterOptions{Palette: palette})
		if err != nil {
			t.Fatal(err)
		}
		some, err := markersOf(make([]Series, 300), ScatterOptions{Palette: palette})
		if err != nil || !slices.Equal(some, all[:300]) {
			t.Errorf("%s: 300 series look otherwise among 4000, %v", palette, err)
		}
		for i, m := range all[:1000] {
			if j, ok := seen[m]; ok {
				t.Errorf("%s: series %d and %d look the same", palette, j, i)
			}
			seen[m] = i
		}
	}
	// A series with a colour of its own takes none of the palette's.
	own := []Series{{Color: color.NRGBA{1, 2, 3, 128}}, {}}
	looks, err := markersOf(own, ScatterOptions{Alpha: 0.5})
	if err != nil || looks[0].color != (color.RGBA{1, 2, 3, 255}) || math.Abs(looks[0].alpha-0.25) > 0.01 || looks[1].color != Tab10[0] {
		t.Errorf("%v, %v", looks, err)
	}
}

func TestByClass(t *testing.T) {
	x, y := []float64{1, 2, 3, 4}, []float64{5, 6, 7, 8}
	s, err := ByClass(x, y, []int{1, -1, 1, 0}, []string{"a", "b", "none"})
	if err != nil {
		t.Fatal(err)
	}
	if len(s) != 4 || s[0].Name != "unlabelled" || s[0].Rows[0] != 1 || s[1].X[0] != 4 || len(s[2].X) != 2 || s[2].Rows[1] != 2 || len(s[3].X) != 0 {
		t.Errorf("%+v", s)
	}
	got := record(mustScatter(t, s, ScatterOptions{})).texts
	if names := strings.Join(got, "|"); !strings.Contains(names, "|unlabelled|a|b") || strings.Contains(names, "none") {
		t.Errorf("the legend has %q", got)
	}
	if s, err = ByClass(x, y, nil, nil); err != nil || len(s) != 1 || s[0].Name != "" {
		t.Errorf("unlabelled: %+v, %v", s, err)
	}
	for _, labels := range [][]int{{0, 0, 0}, {0, 0, 0, 3}, {0, 0, 0, -2}} {
		if _, err := ByClass(x, y, labels, []string{"a", "b", "c"}); err == nil {
			t.Errorf("labels %v accepted", labels)
		}
	}
	if _, err := ByClass(x, y[:3], nil, nil); err == nil {
		t.Error("4 x and 3 y accepted")
	}
}

// Whatever the texts, nothing is drawn at the very edge of a figure, and the
// data stay readable.
func TestNothingIsCutOff(t *testing.T) {
	long := strings.Repeat("a name that goes on and on ", 12)
	for _, k := range []int{1, 2, 10, 20, 100, 1000} {
		series := clusters(max(2*k, 50), k)
		for i := range series {
			if i%3 == 0 {
				series[i].Name = long
			}
		}
		for _, opt := range []ScatterOptions{{}, {Title: long, XLabel: long, YLabel: long, Equal: true}, {Height: 400}, {Title: "a\nb\tc", Palette: ColourBlindSafe}} {
			f := mustScatter(t, series, opt)
			im := pixels(t, f)
			inner := im.Rect.Inset(4)
			for y := range f.Height {
				for x := 0; x < f.Width; x++ {
					if image.Pt(x, y).In(inner) {
						x = inner.Max.X
					}
					if im.RGBAAt(x, y) != (color.RGBA{255, 255, 255, 255}) {
						t.Fatalf("%d classes, %.20q: pixel (%d, %d) at the edge is drawn on", k, opt.Title, x, y)
					}
				}
			}
			if !opt.NoLegend && k == 1000 && !strings.HasSuffix(strings.Join(record(f).texts, " "), " more") {
				t.Error("the legend of 1000 classes does not say how many it leaves out")
			}
		}
	}
}

func TestScatterErrors(t *testing.T) {
	good := []Series{{X: []float64{1, 2}, Y: []float64{3, 4}}}
	nan, inf := math.NaN(), math.Inf(1)
	boom := func(int) (image.Image, error) { return nil, errors.New("boom") }
	for name, c := range map[string]struct {
		series []Series
		opt    ScatterOptions
	}{
		"no series":        {nil, ScatterOptions{}},
		"no points":        {[]Series{{Name: "a"}, {Name: "b"}}, ScatterOptions{}},
		"lengths":          {[]Series{{X: []float64{1}}}, ScatterOptions{}},
		"rows":             {[]Series{{X: []float64{1}, Y: []float64{1}, Rows: []int{1, 2}}}, ScatterOptions{}},
		"NaN":              {[]Series{good[0], {X: []float64{nan}, Y: []float64{1}}}, ScatterOptions{}},
		"infinite":         {[]Series{{X: []float64{1}, Y: []float64{-inf}}}, ScatterOptions{}},
		"span":             {[]Series{{X: []float64{-1e308, 1e308}, Y: []float64{1, 2}}}, ScatterOptions{}},
		"palette":          {good, ScatterOptions{Palette: "rainbow"}},
		"radius":           {good, ScatterOptions{Radius: -1}},
		"radius NaN":       {good, ScatterOptions{Radius: nan}},
		"alpha":            {good, ScatterOptions{Alpha: 1.5}},
		"alpha NaN":        {good, ScatterOptions{Alpha: nan}},
		"small":            {good, ScatterOptions{Height: 10}},
		"negative":         {good, ScatterOptions{Width: -5}},
		"large":            {good, ScatterOptions{Width: math.MaxInt / 2, Height: math.MaxInt / 2}},
		"area":             {good, ScatterOptions{Width: 19000, Height: 19000}},
		"no room":          {clusters(3000, 1000), ScatterOptions{Width: 400}},
		"thumbnail":        {good, ScatterOptions{Thumbnail: boom}},
		"thumbnail nil":    {good, ScatterOptions{Thumbnail: func(int) (image.Image, error) { return nil, nil }}},
		"thumbnail size":   {good, ScatterOptions{Thumbnail: boom, ThumbnailSize: -3}},
		"thumbnails large": {good, ScatterOptions{Thumbnail: boom, ThumbnailSize: 500}},
	} {
		f, err := Scatter(c.series, c.opt)
		if err == nil || f != nil {
			t.Errorf("%s accepted", name)
		} else {
			t.Log(err)
		}
	}
}

// The same bytes from any number of threads, and from threads at once.
func TestFiguresAreDeterministic(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var wantSVG []byte
	var wantPix []uint8
	for _, procs := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(procs)
		f := mustScatter(t, clusters(3000, 12), ScatterOptions{Title: "title", Thumbnail: checkered})
		type result struct{ pix, svg []byte }
		results := make(chan result)
		for range 2 {
			go func() {
				var b bytes.Buffer
				if err := f.WriteSVG(t.Context(), &b); err != nil {
					t.Error(err)
				}
				im, err := f.Image(t.Context())
				if err != nil {
					t.Error(err)
					im = &image.RGBA{}
				}
				results <- result{im.Pix, b.Bytes()}
			}()
		}
		for range 2 {
			r := <-results
			if wantPix == nil {
				wantPix, wantSVG = r.pix, r.svg
			}
			if !bytes.Equal(r.pix, wantPix) || !bytes.Equal(r.svg, wantSVG) {
				t.Errorf("the bytes at GOMAXPROCS %d differ", procs)
			}
		}
	}
}

// checkered is a thumbnail whose shape depends on the row.
func checkered(row int) (image.Image, error) {
	im := image.NewGray(image.Rect(5, 5, 37, 25+row%24))
	for i := range im.Pix {
		im.Pix[i] = uint8(i * (row + 1))
	}
	return im, nil
}

func TestThumbnailsDoNotOverlap(t *testing.T) {
	series := clusters(4000, 7)
	for _, size := range []int{8, 36, 200} {
		asked := map[int]bool{}
		f := mustScatter(t, series, ScatterOptions{ThumbnailSize: size, Thumbnail: func(row int) (image.Image, error) {
			if row < 0 || row >= 4000 || asked[row] {
				t.Errorf("row %d asked for, or twice", row)
			}
			asked[row] = true
			return checkered(row)
		}})
		r := record(f)
		if len(r.pictures) != len(asked) || len(r.pictures) < 5 {
			t.Errorf("size %d: %d pictures of %d images", size, len(r.pictures), len(asked))
		}
		a := r.rects[len(r.rects)-1] // of a tick: within the figure
		if !a.In(image.Rect(0, 0, f.Width, f.Height)) {
			t.Errorf("tick at %v", a)
		}
		for i, p := range r.pictures {
			if max(p.Dx(), p.Dy()) != size {
				t.Errorf("a thumbnail of %v pixels, want %d", p.Size(), size)
			}
			if !p.Inset(-thumbnailFrame).In(image.Rect(40, 16, f.Width-16, f.Height-40)) {
				t.Errorf("thumbnail %v sticks out of the axes", p)
			}
			for _, q := range r.pictures[:i] {
				if p.Inset(-thumbnailFrame).Overlaps(q.Inset(-thumbnailFrame)) {
					t.Errorf("thumbnails %v and %v overlap", p, q)
				}
			}
		}
		t.Logf("%d thumbnails of %d pixels", len(r.pictures), size)
	}
}

func BenchmarkScatter(b *testing.B) {
	for _, n := range []int{500, 10_000, 50_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			series := clusters(n, 10)
			for b.Loop() {
				pixels(b, mustScatter(b, series, ScatterOptions{}))
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "points/s")
		})
	}
}
