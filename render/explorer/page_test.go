package explorer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/testkit/explored"
)

// written is a page as a reader of the file finds it.
type written struct {
	text   string
	meta   meta
	blocks map[string][]byte
}

func write(t *testing.T, p *Page) *written {
	t.Helper()
	var out bytes.Buffer
	if err := p.Write(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	w := &written{text: out.String()}
	w.blocks = explored.Read(t, w.text, &w.meta)
	return w
}

func int32Block(raw []byte) (out []int) {
	for i := 0; i+4 <= len(raw); i += 4 {
		out = append(out, int(int32(binary.LittleEndian.Uint32(raw[i:]))))
	}
	return out
}

func float32Block(raw []byte) (out []float32) {
	for i := 0; i+4 <= len(raw); i += 4 {
		out = append(out, math.Float32frombits(binary.LittleEndian.Uint32(raw[i:])))
	}
	return out
}

// together undoes planes, of numbers of so many bytes.
func together(raw []byte, width int) []byte {
	out := make([]byte, len(raw))
	for i := range raw {
		out[width*(i%(len(raw)/width))+i/(len(raw)/width)] = raw[i]
	}
	return out
}

func float64Block(raw []byte) (out []float64) {
	for ; len(raw) > 0; raw = raw[8:] {
		out = append(out, math.Float64frombits(binary.LittleEndian.Uint64(raw)))
	}
	return out
}

func equal[T comparable](t *testing.T, what string, have, want []T) {
	t.Helper()
	if fmt.Sprint(have) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v", what, have, want)
	}
}

// few is a page of four points with everything.
func few() *Page {
	return &Page{
		Title:       "few",
		Layouts:     []Layout{{Name: "line", At: mat.NewDense(4, 1, []float64{5, 6, 7, 8})}, {Name: "3-d", At: mat.NewDense(4, 3, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})}},
		Classes:     []string{"a", "b"},
		Labels:      []int{0, 1, -1, 1},
		Names:       []string{"w", "x", "y", "z"},
		Columns:     []Column{{Name: "number", Numbers: []float64{123456789, 0.1, math.NaN(), 4}}, {Name: "text", Texts: []string{"q", "p", "q", ""}}},
		Maps:        []Method{{Name: "cam", Maps: [][]Map{{{0, 2, 1, []uint8{3, 4}}}, nil, {{1, 1, 1, []uint8{5}}, {-1, 1, 2, []uint8{6, 7}}}, nil}}},
		Features:    mat.NewDense(4, 1, []float64{0, 10, 11, 13}),
		Colormap:    "viridis",
		Palette:     "okabe-ito",
		Predictions: nil,
		Probabilities: [][]float64{
			{0.25, 0.75}, {0.5, 0.5}, nil, {0, 1},
		},
	}
}

func TestBlocks(t *testing.T) {
	w := write(t, few())
	m := w.meta
	if m.Points != 4 || m.Title != "few" || m.Colormap != "viridis" || m.Alpha != 0.4 || m.Palette != "okabe-ito" || m.Live || m.Gallery {
		t.Errorf("meta: %+v", m)
	}
	equal(t, "a layout of one column", float32Block(together(w.blocks[m.Layouts[0].Block], 4)), []float32{5, 0, 6, 1, 7, 2, 8, 3})
	equal(t, "a layout of three", float32Block(together(w.blocks[m.Layouts[1].Block], 4)), []float32{1, 2, 4, 5, 7, 8, 10, 11})
	equal(t, "labels", int32Block(w.blocks[m.Labels]), []int{0, 1, -1, 1})
	equal(t, "predictions", int32Block(w.blocks[m.Predicted]), []int{1, 0, -1, 1})
	equal(t, "likeliest classes", int32Block(w.blocks[m.Likeliest.Classes]), []int{1, 0, 0, 1, -1, -1, 1, 0})
	equal(t, "their probabilities", float32Block(w.blocks[m.Likeliest.Probabilities]), []float32{0.75, 0.25, 0.5, 0.5, 0, 0, 1, 0})
	equal(t, "numbers", float64Block(together(w.blocks[m.Columns[0].Block], 8)), []float64{123456789, 0.1, math.NaN(), 4})
	equal(t, "texts", m.Columns[1].Values, []string{"", "p", "q"})
	equal(t, "texts' numbers", int32Block(w.blocks[m.Columns[1].Block]), []int{2, 1, 2, 0})
	equal(t, "maps of each point", int32Block(w.blocks[m.Maps[0].Counts]), []int{1, 0, 2, 0})
	equal(t, "classes of maps", int32Block(w.blocks[m.Maps[0].Classes]), []int{0, 1, -1})
	equal(t, "sizes of maps", int32Block(w.blocks[m.Maps[0].Sizes]), []int{2, 1, 1, 1, 1, 2})
	equal(t, "levels", w.blocks[m.Maps[0].Levels], []uint8{3, 4, 5, 6, 7})
	if m.Neighbours.Count != 3 || m.Neighbours.Kind != "uint16" {
		t.Fatalf("neighbours: %+v", m.Neighbours)
	}
	var near []int
	for raw := w.blocks[m.Neighbours.Block]; len(raw) > 0; raw = raw[2:] {
		near = append(near, int(binary.LittleEndian.Uint16(raw)))
	}
	equal(t, "neighbours", near, []int{1, 2, 3, 2, 3, 0, 1, 3, 0, 2, 1, 0})
	// The tables of matplotlib: jet begins with half blue, viridis with 68, 1, 84.
	tables := w.blocks["colormaps"]
	equal(t, "jet", tables[:3], []uint8{0, 0, 127})
	equal(t, "viridis", tables[768:771], []uint8{68, 1, 84})
}

// Of the probabilities as many are kept as each point has maps of, and those of labels that
// are not among them.
func TestLikeliest(t *testing.T) {
	p := &Page{
		Classes: []string{"a", "b", "c", "d", "e", "f", "g"}, Labels: []int{6, 0, -1, 6}, Layouts: []Layout{{At: mat.NewDense(4, 2, nil)}},
		Probabilities: [][]float64{{0.3, 0.2, 0.15, 0.125, 0.1, 0.1, 0.025}, {0.3, 0.2, 0.15, 0.125, 0.1, 0.1, 0.025}, {0.3, 0.2, 0.15, 0.125, 0.1, 0.1, 0.025}, nil},
	}
	w := write(t, p)
	nan := float32(math.NaN())
	if l := w.meta.Likeliest; l.Count != 5 {
		t.Errorf("%d classes, want 5", l.Count)
	}
	equal(t, "probabilities of labels", float32Block(w.blocks[w.meta.Likeliest.Labels]), []float32{0.025, nan, nan, nan})
	of := func(classes ...int) (maps []Map) {
		for _, c := range classes {
			maps = append(maps, Map{c, 1, 1, []uint8{0}})
		}
		return maps
	}
	p.Maps = []Method{{"cam", [][]Map{of(0, 1, 2, 3, 4, 5, 6), nil, of(0, 1, 2, 3, 4, 5), nil}}}
	w = write(t, p)
	if l := w.meta.Likeliest; l.Count != 6 {
		t.Errorf("%d classes, want 6", l.Count)
	}
	equal(t, "the first", int32Block(w.blocks[w.meta.Likeliest.Classes])[:6], []int{0, 1, 2, 3, 4, 5})
	p.Labels[0] = 5
	if w = write(t, p); w.meta.Likeliest.Labels != "" {
		t.Error("probabilities of labels, which are all among the likeliest")
	}
}

// A page of 20 MB: what 12 indices of 17 to 20 bits a point leave room for, in base64.
func TestNeighbourRoom(t *testing.T) {
	const mb = 1_000_000
	for _, c := range []struct{ n, k, rest, want int }{
		{100_000, 12, 900 * mb, 12}, {100_000, 12, 0, 12}, // always
		{131_072, 12, 2 * mb, 12}, // 12 times 0.37 MB
		{131_072, 12, 15_500_000, 12},
		{400_000, 12, 4 * mb, 12}, // 12 times 1.27 MB are 15.2
		{500_000, 12, 5 * mb, 9},  // 9 times 1.58 MB are 14.25
		{500_000, 5, 5 * mb, 5},
		{1_000_000, 12, 9 * mb, 3},  // 3 times 3.33 MB are 10
		{1_000_000, 12, 11 * mb, 0}, // of 2
		{131_072, 12, 30 * mb, 12},  // a fifth of the file: 7.5 MB beside 30 MB
		{500_000, 12, 40 * mb, 6},   // 6 times 1.58 MB are 9.5 beside 40
		{500_000, 12, 18 * mb, 0},
		{500_000, 12, 20 * mb, 3},
	} {
		if have := neighbourRoom(c.n, c.k, c.rest); have != c.want {
			t.Errorf("%d of %d neighbours of %d points beside %d bytes, want %d", have, c.k, c.n, c.rest, c.want)
		}
	}
}

// Indices of many points are in four planes of bytes; a page that has no room for any says so.
func TestNeighboursOfMany(t *testing.T) {
	const n = 1<<16 + 1
	at := mat.NewDense(n, 2, nil)
	p := &Page{Layouts: []Layout{{At: at}}, Neighbours: make([][]int, n), NeighbourCount: 2}
	p.Neighbours[0], p.Neighbours[n-1] = []int{n - 1, 1}, []int{3}
	w := write(t, p)
	near := int32Block(together(w.blocks[w.meta.Neighbours.Block], 4))
	if w.meta.Neighbours.Kind != "uint32" || len(near) != 2*n {
		t.Fatalf("%+v of %d numbers", w.meta.Neighbours, len(near))
	}
	equal(t, "the first and the last", append(near[:4], near[2*n-2:]...), []int{n - 1, 1, 1, 1, 3, n - 1})
	if w.meta.NoRoom {
		t.Error("no room, and neighbours")
	}
	p = &Page{Layouts: []Layout{{At: mat.NewDense(100_001, 2, nil)}}, Features: mat.NewDense(100_001, 1, nil), NeighbourCount: 2}
	if w = write(t, p); !w.meta.NoRoom || w.meta.Neighbours != nil {
		t.Errorf("no room %v, neighbours %+v", w.meta.NoRoom, w.meta.Neighbours)
	}
}

// The search for neighbours says how far it is.
func TestProgress(t *testing.T) {
	searched := 0
	p := few()
	n, _ := p.Layouts[0].At.Dims()
	p.Neighbours, p.Features = nil, p.Layouts[0].At
	p.Progress = func(done, total int) {
		if searched = done; total != n {
			t.Errorf("%d of %d points, which are %d", done, total, n)
		}
	}
	if write(t, p); searched != n {
		t.Errorf("%d of %d points had found their neighbours", searched, n)
	}
}

func TestOfNames(t *testing.T) {
	hostile := "</script><img src=x onerror=alert(1)><!--\u2028\xff"
	p := few()
	p.Title, p.Classes[0], p.Names[1], p.Columns[1].Texts[0], p.Maps[0].Name, p.Layouts[0].Name, p.Columns[0].Name = hostile, hostile, hostile, hostile, hostile, hostile, hostile
	w := write(t, p)
	if title := "<title>&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&lt;!--"; !strings.Contains(w.text, title) {
		t.Errorf("no %s", title)
	}
	_, scripts, _ := strings.Cut(w.text, "</title>")
	if strings.Contains(w.text, "<img") || strings.Contains(w.text, "<!--") || strings.Contains(scripts, "onerror") && strings.Contains(scripts, "\u2028") {
		t.Error("a name is markup")
	}
	valid := strings.ToValidUTF8(hostile, "\ufffd")
	var names []string
	if err := json.Unmarshal(w.blocks["names"], &names); err != nil {
		t.Fatal(err)
	}
	equal(t, "names", []string{w.meta.Title, w.meta.Classes[0], names[1], w.meta.Layouts[0].Name}, []string{valid, valid, valid, valid})
}

// The one script and the one style are those that the policy names.
func TestPolicy(t *testing.T) {
	p := few()
	for _, live := range []*Live{nil, {Blocks: map[string][]byte{"wasm": {1, 2}}}} {
		p.Live = live
		w := write(t, p)
		policy := regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(w.text)[1]
		for _, element := range []string{"script", "style"} {
			all := regexp.MustCompile(`(?s)<`+element+`>(.*?)</`+element+`>`).FindAllStringSubmatch(w.text, -1)
			if len(all) != 1 {
				t.Fatalf("%d elements %s, want 1", len(all), element)
			}
			sum := sha256.Sum256([]byte(all[0][1]))
			if !strings.Contains(policy, element+"-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
				t.Errorf("the policy %q does not allow the %s", policy, element)
			}
		}
		if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "http") || strings.Contains(policy, "unsafe-inline") {
			t.Errorf("policy %q", policy)
		}
		if got := strings.Contains(policy, "wasm"); got != (live != nil) || w.meta.Live != got {
			t.Errorf("policy of a page with live %v: %q", live != nil, policy)
		}
	}
	if !bytes.Equal(write(t, p).blocks["live-wasm"], []byte{1, 2}) {
		t.Error("no block live-wasm")
	}
}

// striped is an image that is told by its number.
func striped(w, h, i int) *image.RGBA {
	im := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			im.SetRGBA(x, y, color.RGBA{uint8(40 * (i % 6)), uint8(200 - x), uint8(100 + y), 255})
		}
	}
	return im
}

func TestSprites(t *testing.T) {
	sizes := []image.Point{{20, 10}, {10, 20}, {0, 0}, {20, 20}, {24, 3}, {100, 50}, {7, 3}, {16, 16}}
	for _, lossless := range []bool{true, false} {
		p := &Page{Thumb: 32, Lossless: lossless, Quality: 100, Layouts: []Layout{{Name: "l", At: mat.NewDense(len(sizes), 2, nil)}}}
		p.Images = func(i int) (image.Image, error) {
			if sizes[i].X == 0 {
				return nil, nil
			}
			return striped(sizes[i].X, sizes[i].Y, i), nil
		}
		w := write(t, p)
		var stored []int
		for raw := w.blocks[w.meta.Sprites.Sizes]; len(raw) > 0; raw = raw[2:] {
			stored = append(stored, int(binary.LittleEndian.Uint16(raw)))
		}
		equal(t, "sizes", stored, []int{20, 10, 10, 20, 0, 0, 20, 20, 24, 3, 32, 16, 7, 3, 16, 16})
		for i, size := range sizes {
			if size.X == 0 {
				continue
			}
			var s sheetMeta
			for _, s = range w.meta.Sprites.Sheets {
				if i >= s.First && i < s.First+s.Count {
					break
				}
			}
			decode := jpeg.Decode
			if lossless {
				decode = png.Decode
			}
			sheet, err := decode(bytes.NewReader(w.blocks[s.Block]))
			if err != nil {
				t.Fatal(err)
			}
			x0, y0 := (i-s.First)%s.Columns*s.Pitch, (i-s.First)/s.Columns*s.Pitch
			want := striped(size.X, size.Y, i)
			if size.X > 32 {
				continue // scaled
			}
			most := 0
			for y := range size.Y {
				for x := range size.X {
					r, g, b, _ := sheet.At(x0+x, y0+y).RGBA()
					c := want.RGBAAt(x, y)
					for _, d := range []int{int(r>>8) - int(c.R), int(g>>8) - int(c.G), int(b>>8) - int(c.B)} {
						most = max(most, d, -d)
					}
				}
			}
			if allowed := map[bool]int{true: 0, false: 12}[lossless]; most > allowed {
				t.Errorf("lossless %v: image %d differs by %d", lossless, i, most)
			}
		}
	}
}

// Sheets are filled, and a page of many images has several.
func TestManySheets(t *testing.T) {
	const n = 2*(sheetSide/512)*(sheetSide/512) + 3
	im := striped(512, 500, 1)
	p := &Page{Thumb: 512, Quality: 10, Layouts: []Layout{{At: mat.NewDense(n, 2, nil)}}, Images: func(int) (image.Image, error) { return im, nil }}
	w := write(t, p)
	next := 0
	for _, s := range w.meta.Sprites.Sheets {
		if s.First != next || s.Count > 16 {
			t.Errorf("sheet %+v, want from %d on", s, next)
		}
		next += s.Count
		sheet, err := jpeg.DecodeConfig(bytes.NewReader(w.blocks[s.Block]))
		if err != nil || sheet.Width > sheetSide || sheet.Height > sheetSide || sheet.Width*sheet.Height < 512*512*s.Count {
			t.Errorf("sheet of %d x %d for %d images: %v", sheet.Width, sheet.Height, s.Count, err)
		}
	}
	if next != n {
		t.Errorf("%d images on sheets, want %d", next, n)
	}
}

func TestSameBytes(t *testing.T) {
	p := few()
	p.Images = func(i int) (image.Image, error) { return striped(30+i, 30, i), nil }
	var first bytes.Buffer
	if err := p.Write(t.Context(), &first); err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var second bytes.Buffer
	if err := p.Write(t.Context(), &second); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Errorf("other bytes on one core; %v", err)
	}
}

// What gzip would not make smaller is left as it is.
func TestPacking(t *testing.T) {
	b := &builder{}
	random := make([]byte, 2048)
	rand.NewChaCha8([32]byte{}).Read(random)
	for name, raw := range map[string][]byte{"zeros": make([]byte, 2048), "random": random} {
		if _, err := b.add(name, raw); err != nil {
			t.Fatal(err)
		}
		last := b.blocks[len(b.blocks)-1]
		if last.packed != (name == "zeros") || !last.packed && !bytes.Equal(last.data, raw) {
			t.Errorf("%s: packed %v in %d bytes", name, last.packed, len(last.data))
		}
	}
}

func TestErrors(t *testing.T) {
	alpha := 1.5
	for name, change := range map[string]func(*Page){
		"neither a layout nor images nor maps":           func(p *Page) { p.Layouts, p.Maps = nil, nil },
		"layout \"line\" has no coordinates":             func(p *Page) { p.Layouts[0].At = nil },
		"coordinates of layout 3-d are of 3 points":      func(p *Page) { p.Layouts[1].At = mat.NewDense(3, 2, nil) },
		"labels are of 3 points":                         func(p *Page) { p.Labels = []int{0, 0, 0} },
		"the label of point 1 is 2; there are 2":         func(p *Page) { p.Labels[1] = 2 },
		"the prediction of point 0 is -2":                func(p *Page) { p.Predictions = []int{-2, 0, 0, 0} },
		"3 probabilities of point 0":                     func(p *Page) { p.Probabilities[0] = []float64{0, 0, 1} },
		"the probability of class 1 of point 3":          func(p *Page) { p.Probabilities[3][1] = math.NaN() },
		"the probability of class 0 of point 1 is 1.5":   func(p *Page) { p.Probabilities[1][0] = 1.5 },
		"the probability of class 0 of point 1 is -0.5":  func(p *Page) { p.Probabilities[1][0] = -0.5 },
		"names are of 1 points":                          func(p *Page) { p.Names = []string{"x"} },
		"column \"number\" needs numbers or texts":       func(p *Page) { p.Columns[0].Numbers = nil },
		"values of column text are of 1":                 func(p *Page) { p.Columns[1].Texts = []string{"x"} },
		"maps by cam are of 1 points":                    func(p *Page) { p.Maps[0].Maps = p.Maps[0].Maps[:1] },
		"a map by cam of point 0 has 2 levels for 3 x 1": func(p *Page) { p.Maps[0].Maps[0][0].Width = 3 },
		"a map by cam of point 0 is of class 2":          func(p *Page) { p.Maps[0].Maps[0][0].Class = 2 },
		"point 0 has a neighbour 4":                      func(p *Page) { p.Neighbours = [][]int{{4}, nil, nil, nil} },
		"features are of 2 points":                       func(p *Page) { p.Features = mat.NewDense(2, 2, nil) },
		"images of 7 pixels":                             func(p *Page) { p.Thumb = 7 },
		"a quality of 101":                               func(p *Page) { p.Quality = 101 },
		"-1 neighbours":                                  func(p *Page) { p.NeighbourCount = -1 },
		"an opacity of 1.5":                              func(p *Page) { p.Alpha = &alpha },
		"no colour map \"x\"":                            func(p *Page) { p.Colormap = "x" },
		"no palette \"x\"":                               func(p *Page) { p.Palette = "x" },
		"point 2 of layout \"line\" is at (NaN, 2)":      func(p *Page) { p.Layouts[0].At.(*mat.Dense).Set(2, 0, math.NaN()) },
		"point 2 of layout \"line\" is at (1e+39, 2)":    func(p *Page) { p.Layouts[0].At.(*mat.Dense).Set(2, 0, 1e39) },
		"image of point 0: broken":                       func(p *Page) { p.Images = func(int) (image.Image, error) { return nil, errors.New("broken") } },
		"a live block is named \"a\\\"b\", want small":   func(p *Page) { p.Live = &Live{map[string][]byte{`a"b`: nil}} },
	} {
		p := few()
		change(p)
		err := p.Write(t.Context(), io.Discard)
		if err == nil || !strings.HasPrefix(err.Error(), "explorer: ") || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %q", err, name)
		}
	}
}

func TestWriteStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := &Page{Layouts: []Layout{{At: mat.NewDense(1000, 2, nil)}}}
	seen := 0
	p.Images = func(i int) (image.Image, error) {
		if seen++; seen == 3 {
			cancel()
		}
		return striped(10, 10, i), nil
	}
	if err := p.Write(ctx, io.Discard); !errors.Is(err, context.Canceled) || seen != 3 {
		t.Errorf("%v after %d images, want %v after 3", err, seen, context.Canceled)
	}
	full := errors.New("full")
	if err := few().Write(t.Context(), failing{full}); !errors.Is(err, full) {
		t.Errorf("%v, want %v", err, full)
	}
}

type failing struct{ error }

func (f failing) Write([]byte) (int, error) { return 0, f.error }

// Of no images, and of points alone, there is a page too.
func TestLittle(t *testing.T) {
	w := write(t, &Page{Layouts: []Layout{{At: mat.NewDense(1, 2, []float64{1, 2})}}, Features: mat.NewDense(1, 2, nil)})
	if w.meta.Neighbours != nil || w.meta.Sprites != nil || w.meta.Labels != "" || w.meta.Classes == nil {
		t.Errorf("meta: %+v", w.meta)
	}
	if !strings.Contains(w.text, "<title>Explorer</title>") {
		t.Error("no title")
	}
}
