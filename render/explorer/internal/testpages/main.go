// Command testpages writes the pages that the tests of page/test open in a browser, and
// expected.json with what they must show, into a folder:
//
//	go run ./render/explorer/internal/testpages FOLDER [POINTS ...]
//
// POINTS are sizes of further pages for measuring, without images: scatter_N.html.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/render"
	"github.com/glimpse-go/glimpse/render/explorer"
)

// hostile is a class that would run, were names markup.
const hostile = "</script><img src=x onerror=alert(1)>"

const (
	points = 60
	side   = 40
)

// expected is what the page small.html must show.
type expected struct {
	X, Y        []float64
	Labels      []int
	Predictions []int
	Names       []string
	Near        [][]int
	// Overlays are the pixels of each image under its first map, RGBA, as package render
	// draws them; Second those of the second map where there is one; Plain those of the
	// images alone.
	Overlays, Plain [][]int
	Second          map[int][]int
	// Other are those of the first image at an opacity of 0.75, by viridis, and over its
	// colours.
	Other [][]int
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal("usage: testpages FOLDER [POINTS ...]")
	}
	dir := os.Args[1]
	page, want, err := small()
	if err != nil {
		log.Fatal(err)
	}
	if err := save(dir, "small.html", page); err != nil {
		log.Fatal(err)
	}
	text, err := json.Marshal(want)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "expected.json"), text, 0o644); err != nil {
		log.Fatal(err)
	}
	for name, page := range map[string]*explorer.Page{"many.html": many(100_001), "indexed.html": indexed(70_000)} {
		if err := save(dir, name, page); err != nil {
			log.Fatal(err)
		}
	}
	page.Gallery = true
	page.Layouts = nil
	if err := save(dir, "gallery.html", page); err != nil {
		log.Fatal(err)
	}
	for _, arg := range os.Args[2:] {
		n, err := strconv.Atoi(arg)
		if err != nil {
			log.Fatal(err)
		}
		if err := save(dir, fmt.Sprintf("scatter_%d.html", n), scatter(n)); err != nil {
			log.Fatal(err)
		}
	}
}

func save(dir, name string, page *explorer.Page) error {
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := page.Write(context.Background(), f); err != nil {
		return err
	}
	return f.Close()
}

// small is a page of few points with images and maps that are known to the pixel.
func small() (*explorer.Page, *expected, error) {
	random := rand.New(rand.NewPCG(1, 2))
	want := &expected{Second: map[int][]int{}}
	at, other := mat.NewDense(points, 2, nil), mat.NewDense(points, 2, nil)
	page := &explorer.Page{
		Title: "Small <b>page</b>", Classes: []string{"cat", "dog", hostile}, Lossless: true,
		Layouts: []explorer.Layout{{Name: "t-SNE", At: at}, {Name: "PCA", At: other}},
		Maps:    []explorer.Method{{Name: "cam"}, {Name: "gradcam"}},
	}
	size := explorer.Column{Name: "size"}
	group := explorer.Column{Name: "group"}
	var images []*image.RGBA
	for i := range points {
		x, y := float64(i%10)*3+random.Float64(), float64(i/10)*5+random.Float64()
		at.SetRow(i, []float64{x, y})
		other.SetRow(i, []float64{y, -x})
		label, said := i%3, i%3
		if i%7 == 0 {
			said = (label + 1) % 3
		}
		p := []float64{0.1, 0.1, 0.1}
		p[said] = 0.8
		want.X, want.Y = append(want.X, x), append(want.Y, y)
		want.Labels, want.Predictions = append(want.Labels, label), append(want.Predictions, said)
		name := fmt.Sprintf("folder/image %02d.png", i)
		if i == 5 {
			name = "\"><script>alert(2)</script>\u2028"
		}
		want.Names = append(want.Names, name)
		page.Labels, page.Names = append(page.Labels, label), append(page.Names, name)
		page.Probabilities = append(page.Probabilities, p)
		size.Numbers, group.Texts = append(size.Numbers, math.Sqrt(float64(i))), append(group.Texts, string(rune('A'+i%4)))
		im := picture(random, side, side-i%3)
		images = append(images, im)
		first := coarse(random, said, 7, 5)
		second := coarse(random, label, 4, 4)
		maps := []explorer.Map{first}
		if said != label {
			maps = append(maps, second)
		}
		page.Maps[0].Maps = append(page.Maps[0].Maps, maps)
		page.Maps[1].Maps = append(page.Maps[1].Maps, []explorer.Map{coarse(random, said, 3, 3)})
		over, err := overlaid(im, first, nil, render.DefaultAlpha, false)
		if err != nil {
			return nil, nil, err
		}
		want.Overlays, want.Plain = append(want.Overlays, over), append(want.Plain, numbers(im.Pix))
		if said != label {
			if want.Second[i], err = overlaid(im, second, nil, render.DefaultAlpha, false); err != nil {
				return nil, nil, err
			}
		}
	}
	viridis, err := render.ColormapByName("viridis")
	if err != nil {
		return nil, nil, err
	}
	for _, o := range []struct {
		colours *render.Colormap
		alpha   float64
		colour  bool
	}{{nil, 0.75, false}, {viridis, render.DefaultAlpha, false}, {nil, render.DefaultAlpha, true}} {
		over, err := overlaid(images[0], page.Maps[0].Maps[0][0], o.colours, o.alpha, o.colour)
		if err != nil {
			return nil, nil, err
		}
		want.Other = append(want.Other, over)
	}
	for i := range points {
		row := []int{(i + 1) % points, (i + 7) % points, (i + 30) % points}
		want.Near = append(want.Near, row)
	}
	page.Neighbours, page.NeighbourCount = want.Near, 3
	page.Columns = []explorer.Column{size, group}
	page.Images = func(i int) (image.Image, error) { return images[i], nil }
	return page, want, nil
}

// picture is an image of smooth colours and noise.
func picture(random *rand.Rand, w, h int) *image.RGBA {
	im := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			im.SetRGBA(x, y, color.RGBA{uint8(5 * x), uint8(6 * y), uint8(random.IntN(256)), 255})
		}
	}
	return im
}

func coarse(random *rand.Rand, class, w, h int) explorer.Map {
	m := explorer.Map{Class: class, Width: w, Height: h}
	for range w * h {
		m.Levels = append(m.Levels, uint8(random.IntN(256)))
	}
	return m
}

// overlaid are the pixels of package render.
func overlaid(im *image.RGBA, m explorer.Map, colours *render.Colormap, alpha float64, colour bool) ([]int, error) {
	heat, err := render.Resize(m.Levels, m.Width, m.Height, im.Rect.Dx(), im.Rect.Dy())
	if err != nil {
		return nil, err
	}
	if colour {
		over, err := render.OverlayColor(im, heat, colours, alpha)
		if err != nil {
			return nil, err
		}
		return numbers(over.Pix), nil
	}
	gray, err := render.GrayOf(im)
	if err != nil {
		return nil, err
	}
	over, err := render.Overlay(gray, heat, colours, alpha)
	if err != nil {
		return nil, err
	}
	return numbers(over.Pix), nil
}

// numbers are bytes that JSON does not write in base64.
func numbers(raw []uint8) []int {
	out := make([]int, len(raw))
	for i, v := range raw {
		out[i] = int(v)
	}
	return out
}

// many is a page of so many points that there is no room for neighbours by their features.
func many(n int) *explorer.Page {
	p := scatter(n)
	p.Features, p.NeighbourCount = p.Layouts[0].At, 2
	return p
}

// indexed is a page of neighbours that two bytes cannot count: of point i, 2i and 3i + 1.
func indexed(n int) *explorer.Page {
	p := scatter(n)
	p.NeighbourCount = 2
	for i := range n {
		p.Neighbours = append(p.Neighbours, []int{2 * i % n, (3*i + 1) % n})
	}
	return p
}

// scatter is a page of n points in ten clouds.
func scatter(n int) *explorer.Page {
	random := rand.New(rand.NewPCG(3, 4))
	at := mat.NewDense(n, 2, nil)
	p := &explorer.Page{Title: fmt.Sprintf("%d points", n), Layouts: []explorer.Layout{{Name: "layout", At: at}}, Labels: make([]int, n)}
	for c := range 10 {
		p.Classes = append(p.Classes, fmt.Sprintf("class %d", c))
	}
	for i := range n {
		c := random.IntN(10)
		angle := 2 * math.Pi * float64(c) / 10
		at.SetRow(i, []float64{40*math.Cos(angle) + 8*random.NormFloat64(), 40*math.Sin(angle) + 8*random.NormFloat64()})
		p.Labels[i] = c
	}
	return p
}
