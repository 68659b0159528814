package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/internal/testkit/explored"
)

// pageMeta is what these tests look at in a page.
type pageMeta struct {
	Points    int
	Classes   []string
	Names     string
	Alpha     float64
	Colormap  string
	Color     bool
	Gallery   bool
	Labels    string
	Likeliest struct {
		Count                  int
		Classes, Probabilities string
	}
	Sprites *struct{ Sizes string }
	Maps    []struct{ Name, Index, Levels string }
}

// The page has the images, what the network said of them, and the maps that -maps writes.
func TestPage(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "cam.html")
	_, err := cam1(t, "-acc", "0", "-count", "5", "-method", "cam,layercam", "-out", filepath.Join(dir, "cam.png"), "-maps", filepath.Join(dir, "maps"),
		"-json", filepath.Join(dir, "cam.json"), "-html", file, "-thumb", "80", "-alpha", "0.6", "-colormap", "turbo", "-overlay", "color")
	if err != nil {
		t.Fatal(err)
	}
	var m pageMeta
	blocks := explored.ReadFile(t, file, &m)
	if m.Points != 5 || !m.Gallery || m.Alpha != 0.6 || m.Colormap != "turbo" || !m.Color || len(m.Classes) != 10 || m.Sprites == nil {
		t.Errorf("%+v", m)
	}
	for raw := blocks[m.Sprites.Sizes]; len(raw) > 0; raw = raw[2:] {
		if side := binary.LittleEndian.Uint16(raw); side != 80 {
			t.Errorf("an image of %d pixels, want 80", side)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "cam.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	likeliest := ints(blocks[m.Likeliest.Classes])
	for k, name := range []string{"cam", "layercam"} {
		if m.Maps[k].Name != name {
			t.Fatalf("method %q, want %q", m.Maps[k].Name, name)
		}
		index, levels := ints(blocks[m.Maps[k].Index]), blocks[m.Maps[k].Levels]
		for i := range 5 {
			a, err := npy.Load(t.Context(), filepath.Join(dir, "maps", fmt.Sprintf("cam_%05d_%s.npy", 10+i, name)))
			if err != nil {
				t.Fatal(err)
			}
			want := &cam.Map{Height: a.Shape[0], Width: a.Shape[1]}
			for _, v := range a.Float64s() {
				want.Values = append(want.Values, float32(v))
			}
			predicted := likeliest[i*m.Likeliest.Count]
			if !slices.Equal(index[4*i:4*i+4], []int{i, predicted, want.Width, want.Height}) || m.Classes[predicted] != r.Images[i].Predicted {
				t.Errorf("%s: map %v of an image that is %s", name, index[4*i:4*i+4], r.Images[i].Predicted)
			}
			size := want.Width * want.Height
			if have := levels[:size]; !slices.Equal(have, want.Rectified().Bytes()) {
				t.Errorf("%s: levels %v of image %d, want %v", name, have, i, want.Rectified().Bytes())
			}
			levels = levels[size:]
		}
	}
}

// Without images there are none, and without labels nothing is right or wrong.
func TestPageWithoutImages(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "cam.html")
	pictures, err := filepath.Glob(filepath.Join(photos(t, 4), "*", "*.png"))
	if err != nil {
		t.Fatal(err)
	}
	weights := filepath.Join("..", "..", "nn", "pretrained", "scenes.safetensors")
	args := []string{"-weights", weights, "-top", "2", "-html", file, "-no-images", "-out", filepath.Join(dir, "cam.png"), "-image"}
	if _, err := cam1(t, append(args, pictures...)...); err != nil {
		t.Fatal(err)
	}
	var m pageMeta
	blocks := explored.ReadFile(t, file, &m)
	if m.Labels != "" || m.Sprites != nil || len(ints(blocks[m.Maps[0].Index])) != 4*2*len(pictures) {
		t.Errorf("%+v", m)
	}
	var names []string
	if err := json.Unmarshal(blocks[m.Names], &names); err != nil || !slices.Equal(names, pictures) {
		t.Errorf("names %v (%v), want %v", names, err, pictures)
	}
}

func ints(raw []byte) (out []int) {
	for ; len(raw) >= 4; raw = raw[4:] {
		out = append(out, int(int32(binary.LittleEndian.Uint32(raw))))
	}
	return out
}
