package render

import (
	"context"
	"errors"
	"image"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/countdown"
)

// crowd is a figure of n points in two series.
func crowd(t *testing.T, n int) *Figure {
	t.Helper()
	var s [2]Series
	for i := range n {
		a := float64(i)
		s[i%2].X = append(s[i%2].X, math.Cos(a)*a)
		s[i%2].Y = append(s[i%2].Y, math.Sin(a)*a)
	}
	f, err := Scatter(s[:], ScatterOptions{Height: 300})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Drawing stops within some hundred markers, one picture, or 64 KiB of a file,
// and nothing is written then.
func TestDrawingStops(t *testing.T) {
	f := crowd(t, 20_000)
	const pieces = 48 // 24 turns of two series: each ends with one more look
	looks := countdown.Stops(t, "Image", 20, pieces, func(ctx context.Context) error {
		_, err := f.Image(ctx)
		return err
	})
	if looks < 20_000/markersAtOnce {
		t.Errorf("%d looks at the context for 20,000 markers", looks)
	}
	var cells []Cell
	for range 20 {
		cells = append(cells, Cell{Base: image.NewRGBA(image.Rect(0, 0, 20, 20)), Heat: make([]uint8, 400), Title: "title"})
	}
	// Pictures side by side may each look before one of them finds the end.
	if looks := countdown.Stops(t, "Grid", 10, 20, func(ctx context.Context) error {
		_, err := Grid(ctx, cells, GridOptions{})
		return err
	}); looks < len(cells) {
		t.Errorf("%d looks at the context for %d pictures", looks, len(cells))
	}
	noise := image.NewRGBA(image.Rect(0, 0, 600, 600))
	for i := range noise.Pix {
		noise.Pix[i] = uint8(i * i >> 7)
	}
	dir := t.TempDir()
	absent := func(path string, err error) error {
		if _, e := os.Stat(path); (e == nil) != (err == nil) {
			t.Errorf("%s: %v, and the file: %v", path, err, e)
		}
		os.Remove(path)
		return err
	}
	for name, save := range map[string]func(ctx context.Context, path string) error{
		"f.png":     f.Save,
		"f.svg":     f.Save,
		"noise.png": func(ctx context.Context, path string) error { return SavePNG(ctx, path, noise) },
	} {
		path := filepath.Join(dir, name)
		countdown.Stops(t, name, 10, pieces+2, func(ctx context.Context) error { return absent(path, save(ctx, path)) })
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left %v, %v", entries, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if im, err := f.Image(ended); im != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("under an ended context: %v, %v", im != nil, err)
	}
}
