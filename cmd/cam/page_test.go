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
	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/internal/testkit/explored"
	"github.com/glimpse-go/glimpse/nn/arch"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
	"github.com/glimpse-go/glimpse/render"
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
	Maps    []struct{ Name, Counts, Classes, Sizes, Levels string }

	AllClasses bool
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
	if m.AllClasses {
		t.Error("the classes stand side by side, want the predicted one alone")
	}
	likeliest := ints(blocks[m.Likeliest.Classes])
	// The maps of each class alone, drawn side by side.
	beside := filepath.Join(dir, "beside")
	if _, err := cam1(t, "-acc", "0", "-count", "5", "-method", "cam", "-top", "5", "-out", filepath.Join(dir, "cam.png"), "-maps", beside); err != nil {
		t.Fatal(err)
	}
	raw := func(path string) *cam.Map {
		t.Helper()
		a, err := npy.Load(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		m := &cam.Map{Height: a.Shape[0], Width: a.Shape[1]}
		for _, v := range a.Float64s() {
			m.Values = append(m.Values, float32(v))
		}
		return m
	}
	for k, name := range []string{"cam", "layercam"} {
		if m.Maps[k].Name != name {
			t.Fatalf("method %q, want %q", m.Maps[k].Name, name)
		}
		counts, classes, sizes, levels := ints(blocks[m.Maps[k].Counts]), ints(blocks[m.Maps[k].Classes]), ints(blocks[m.Maps[k].Sizes]), blocks[m.Maps[k].Levels]
		for i := range 5 {
			likely := likeliest[i*m.Likeliest.Count:][:5]
			if m.Classes[likely[0]] != r.Images[i].Predicted {
				t.Errorf("image %d is %s, want %s", i, m.Classes[likely[0]], r.Images[i].Predicted)
			}
			if name == "layercam" {
				likely = likely[:1] // a further class would be a further pass
			}
			if counts[i] != map[string]int{"cam": 10, "layercam": 1}[name] || !slices.Equal(classes[:len(likely)], likely) {
				t.Fatalf("%s: %d maps of image %d, of the classes %v, want %v", name, counts[i], i, classes, likely)
			}
			for rank := range counts[i] {
				size := sizes[0] * sizes[1]
				if rank < len(likely) {
					path := filepath.Join(dir, "maps", fmt.Sprintf("cam_%05d_%s.npy", 10+i, name))
					if rank > 0 {
						path = filepath.Join(beside, fmt.Sprintf("cam_%05d_class%d.npy", 10+i, classes[0]))
					}
					want := raw(path)
					if have := levels[:size]; !slices.Equal(sizes[:2], []int{want.Width, want.Height}) || !slices.Equal(have, want.Rectified().Bytes()) {
						t.Errorf("%s: levels %v of class %d of image %d, want %v", name, have, classes[0], i, want.Rectified().Bytes())
					}
				}
				classes, sizes, levels = classes[1:], sizes[2:], levels[size:]
			}
		}
	}
}

// A true class that is not likely is mapped too; what -class and -top ask for comes first.
func TestPageClasses(t *testing.T) {
	photographed := photos(t, 60)
	folders, err := os.ReadDir(photographed)
	if err != nil || len(folders) != 10 {
		t.Fatalf("%d classes, want 10: %v", len(folders), err)
	}
	// Every image lies in the folder of another class.
	wrong := t.TempDir()
	for i, f := range folders {
		if err := os.Rename(filepath.Join(photographed, f.Name()), filepath.Join(wrong, folders[(i+1)%10].Name())); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "cam.html")
	for _, c := range []struct {
		flags  []string
		first  int // the class that comes first; -1: the predicted one
		most   int
		beside bool
	}{{nil, -1, 10, false}, {[]string{"-top", "7"}, -1, 7, true}, {[]string{"-class", "4"}, 4, 10, false}} {
		args := append([]string{"-acc", "0", "-weights", filepath.Join("..", "..", "nn", "pretrained", "scenes.safetensors"), "-data", wrong, "-count", "10", "-html", file, "-no-images", "-out", filepath.Join(dir, "cam.png")}, c.flags...)
		if _, err := cam1(t, args...); err != nil {
			t.Fatal(err)
		}
		var m pageMeta
		blocks := explored.ReadFile(t, file, &m)
		counts, classes, labels, likeliest := ints(blocks[m.Maps[0].Counts]), ints(blocks[m.Maps[0].Classes]), ints(blocks[m.Labels]), ints(blocks[m.Likeliest.Classes])
		further := 0
		for i, count := range counts {
			of, first := classes[:count], c.first
			if classes = classes[count:]; first < 0 {
				first = likeliest[i*m.Likeliest.Count]
			}
			if of[0] != first || !c.beside && !slices.Contains(of, labels[i]) || count > c.most || len(slices.Compact(slices.Sorted(slices.Values(of)))) != count {
				t.Errorf("%v: maps of the classes %v of an image of class %d, want %d first", c.flags, of, labels[i], first)
			}
			for _, likely := range likeliest[i*m.Likeliest.Count:][:5] {
				if !slices.Contains(of, likely) {
					t.Errorf("%v: no map of class %d", c.flags, likely)
				}
			}
			further = max(further, count)
		}
		if len(counts) != 10 || m.AllClasses != c.beside || further != c.most {
			t.Errorf("%v: up to %d maps of %d images, want %d; side by side %v", c.flags, further, len(counts), c.most, m.AllClasses)
		}
	}
}

// Of more classes than come for nothing the true one is mapped too.
func TestPageTruth(t *testing.T) {
	dir := t.TempDir()
	for c := range 12 {
		class := filepath.Join(dir, "data", fmt.Sprintf("c%02d", c))
		if err := os.MkdirAll(class, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := render.SavePNG(t.Context(), filepath.Join(class, "1.png"), scenes.Draw(uint64(c)).Image); err != nil {
			t.Fatal(err)
		}
	}
	sd, err := arch.New("resnet18", arch.NewOptions{Classes: 12, Width: 8})
	if err != nil {
		t.Fatal(err)
	}
	weights, file := filepath.Join(dir, "net.safetensors"), filepath.Join(dir, "cam.html")
	if err := checkpoint.SaveSafetensors(t.Context(), weights, sd); err != nil {
		t.Fatal(err)
	}
	if _, err := cam1(t, "-acc", "0", "-weights", weights, "-data", filepath.Join(dir, "data"), "-size", "64", "-start", "0", "-count", "12", "-html", file, "-no-images", "-out", filepath.Join(dir, "cam.png")); err != nil {
		t.Fatal(err)
	}
	var m pageMeta
	blocks := explored.ReadFile(t, file, &m)
	counts, classes, eleven := ints(blocks[m.Maps[0].Counts]), ints(blocks[m.Maps[0].Classes]), 0
	for i, label := range ints(blocks[m.Labels]) {
		of := classes[:counts[i]]
		classes = classes[counts[i]:]
		if !slices.Contains(of, label) {
			t.Errorf("no map of class %d, which image %d is", label, i)
		}
		if len(of) == 11 {
			eleven++
		}
	}
	if eleven == 0 || eleven == 12 {
		t.Errorf("%d of 12 images have maps of 11 classes, want some", eleven)
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
	if m.Labels != "" || m.Sprites != nil || len(ints(blocks[m.Maps[0].Classes])) != 2*len(pictures) || !m.AllClasses {
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
