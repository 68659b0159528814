package explorer

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"image/color"
	"math"
	"slices"

	"github.com/glimpse-go/glimpse/render"
)

// builder collects the blocks of a page.
type builder struct {
	*Page
	n      int
	meta   meta
	blocks []block
}

// build makes all blocks and the meta block that names them.
func (b *builder) build(ctx context.Context) error {
	b.meta = meta{
		Title: b.Title, Points: b.n, Classes: b.Classes, Gallery: b.Gallery, AllClasses: b.AllClasses, Color: b.Color,
		Colormap: cmp.Or(b.Colormap, "jet"), Alpha: render.DefaultAlpha, Palette: cmp.Or(b.Palette, string(render.Tableau)),
		Palettes: []palette{
			{string(render.Tableau), hex(render.Tab10[:]), hex(render.Tab20[:])},
			{string(render.ColourBlindSafe), hex(render.OkabeIto[:]), nil},
		},
	}
	if b.Alpha != nil {
		b.meta.Alpha = *b.Alpha
	}
	if b.meta.Classes == nil {
		b.meta.Classes = []string{}
	}
	for _, step := range []func(context.Context) error{
		b.colormaps, b.layouts, b.classes, b.likeliest, b.texts, b.columns, b.sprites, b.maps, b.neighbours, b.live,
	} {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func hex(colours []color.RGBA) []string {
	out := make([]string, len(colours))
	for i, c := range colours {
		out[i] = fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
	}
	return out
}

// colormaps adds the tables of package render, so that the page has the same bytes.
func (b *builder) colormaps(context.Context) (err error) {
	b.meta.Colormaps = render.ColormapNames()
	var tables []byte
	for _, name := range b.meta.Colormaps {
		m, err := render.ColormapByName(name)
		if err != nil {
			return err
		}
		for _, c := range m {
			tables = append(tables, c[:]...)
		}
	}
	_, err = b.add("colormaps", tables)
	return err
}

// layouts adds the coordinates.
func (b *builder) layouts(ctx context.Context) error {
	b.meta.Layouts = []layoutMeta{}
	for k, l := range b.Layouts {
		_, d := l.At.Dims()
		at := make([]float64, 0, 2*b.n)
		for i := range b.n {
			x, y := l.At.At(i, 0), float64(i)
			if d > 1 {
				y = l.At.At(i, 1)
			}
			if !finite(x) || !finite(y) {
				return fmt.Errorf("point %d of layout %q is at (%v, %v), want finite numbers", i, l.Name, x, y)
			}
			at = append(at, x, y)
		}
		name, err := b.add(fmt.Sprintf("layout-%d", k), planes(float32s(at), 4))
		if err != nil {
			return err
		}
		b.meta.Layouts = append(b.meta.Layouts, layoutMeta{l.Name, l.XLabel, l.YLabel, name})
	}
	return nil
}

// classes adds labels and predictions.
func (b *builder) classes(context.Context) (err error) {
	if b.Labels != nil {
		if b.meta.Labels, err = b.add("labels", int32s(b.Labels)); err != nil {
			return err
		}
	}
	predictions := b.Predictions
	if predictions == nil && b.Probabilities != nil {
		predictions = make([]int, b.n)
		for i, row := range b.Probabilities {
			predictions[i] = -1
			if row != nil {
				predictions[i] = slices.Index(row, slices.Max(row))
			}
		}
	}
	if predictions != nil {
		b.meta.Predicted, err = b.add("predictions", int32s(predictions))
	}
	return err
}

// mostLikely is how many of a point's probabilities are kept, or as many as there are maps
// of each.
const mostLikely = 5

// mapsOfEach is the least number of maps of a point that has any.
func (b *builder) mapsOfEach() int {
	least := 0
	for _, method := range b.Maps {
		for _, maps := range method.Maps {
			if n := len(maps); n > 0 && (least == 0 || n < least) {
				least = n
			}
		}
	}
	return least
}

// likeliest adds the largest probabilities of each point, of equals the first class, and
// that of its label where that is not among them.
func (b *builder) likeliest(context.Context) (err error) {
	if b.Probabilities == nil {
		return nil
	}
	k := min(max(mostLikely, b.mapsOfEach()), len(b.Classes))
	var classes []int
	var probabilities []float64
	labels := make([]float64, b.n) // NaN where there is nothing to add
	elsewhere := false
	order := make([]int, len(b.Classes))
	for i, row := range b.Probabilities {
		labels[i] = math.NaN()
		if row == nil {
			for range k {
				classes, probabilities = append(classes, -1), append(probabilities, 0)
			}
			continue
		}
		for c := range order {
			order[c] = c
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(row[b], row[a]) })
		for _, c := range order[:k] {
			classes, probabilities = append(classes, c), append(probabilities, row[c])
		}
		if b.Labels != nil && b.Labels[i] >= 0 && !slices.Contains(order[:k], b.Labels[i]) {
			labels[i], elsewhere = row[b.Labels[i]], true
		}
	}
	m := &topMeta{Count: k}
	if m.Classes, err = b.add("likeliest-classes", int32s(classes)); err != nil {
		return err
	}
	if m.Probabilities, err = b.add("likeliest-probabilities", float32s(probabilities)); err != nil {
		return err
	}
	if elsewhere {
		m.Labels, err = b.add("label-probabilities", float32s(labels))
	}
	b.meta.Likeliest = m
	return err
}

// texts adds the names of the points.
func (b *builder) texts(context.Context) error {
	if b.Names == nil {
		return nil
	}
	text, err := json.Marshal(b.Names)
	if err != nil {
		return err
	}
	b.meta.Names, err = b.add("names", text)
	return err
}

// columns adds the further columns; of texts, the different ones and their numbers.
func (b *builder) columns(context.Context) error {
	for k, c := range b.Columns {
		m := columnMeta{Name: c.Name, Kind: "number"}
		raw := planes(float64s(c.Numbers), 8)
		if c.Texts != nil {
			m.Kind = "text"
			m.Values = slices.Compact(slices.Sorted(slices.Values(c.Texts)))
			numbers := make([]int, len(c.Texts))
			for i, t := range c.Texts {
				numbers[i], _ = slices.BinarySearch(m.Values, t)
			}
			raw = int32s(numbers)
		}
		name, err := b.add(fmt.Sprintf("column-%d", k), raw)
		if err != nil {
			return err
		}
		m.Block = name
		b.meta.Columns = append(b.meta.Columns, m)
	}
	return nil
}

// maps adds the maps of each method.
func (b *builder) maps(context.Context) error {
	for k, method := range b.Maps {
		var counts, classes, sizes []int // each alone, which gzip makes a quarter of them together
		var levels []byte
		for _, maps := range method.Maps {
			counts = append(counts, len(maps))
			for _, m := range maps {
				classes, sizes = append(classes, m.Class), append(sizes, m.Width, m.Height)
				levels = append(levels, m.Levels...)
			}
		}
		m := mapsMeta{Name: method.Name}
		for _, part := range []struct {
			block *string
			name  string
			raw   []byte
		}{
			{&m.Counts, "counts", int32s(counts)}, {&m.Classes, "classes", int32s(classes)},
			{&m.Sizes, "sizes", int32s(sizes)}, {&m.Levels, "levels", levels},
		} {
			var err error
			if *part.block, err = b.add(fmt.Sprintf("maps-%d-%s", k, part.name), part.raw); err != nil {
				return err
			}
		}
		b.meta.Maps = append(b.meta.Maps, m)
	}
	return nil
}

// live adds the program that explains new images.
func (b *builder) live(context.Context) error {
	if b.Live == nil {
		return nil
	}
	b.meta.Live = true
	names := make([]string, 0, len(b.Live.Blocks))
	for name := range b.Live.Blocks {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, r := range name {
			if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-') {
				return fmt.Errorf("a live block is named %q, want small letters, digits and -", name)
			}
		}
		b.addRaw("live-"+name, b.Live.Blocks[name])
	}
	return nil
}
