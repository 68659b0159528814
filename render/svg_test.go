package render

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// element is an SVG element as a reader sees it.
type element struct {
	name  string
	attrs map[string]string
	text  string
}

// elements parses a document, which must be well-formed XML in UTF-8.
func elements(t *testing.T, f *Figure) (out []element) {
	t.Helper()
	var b bytes.Buffer
	if err := f.WriteSVG(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(&b)
	for {
		token, err := d.Token()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := element{token.Name.Local, map[string]string{}, ""}
			for _, a := range token.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			out = append(out, e)
		case xml.CharData:
			if n := len(out) - 1; n >= 0 && out[n].name == "text" {
				out[n].text += strings.TrimSpace(string(token))
			}
		}
	}
}

// The SVG has the same points, colours and texts as the pixels.
func TestSVGIsTheSameFigure(t *testing.T) {
	series := clusters(300, 3)
	series[1].Name = `<b>&"quoted"</b> ` + "\x00\xff"
	f := mustScatter(t, series, ScatterOptions{Title: "Ähnlichkeit", XLabel: "x", YLabel: "y", Thumbnail: checkered})
	want := record(f)
	var texts []string
	circles, images, rotated := map[[2]string]int{}, 0, 0
	all := elements(t, f)
	for _, e := range all {
		switch e.name {
		case "circle":
			circles[[2]string{e.attrs["cx"], e.attrs["cy"]}]++
		case "image":
			images++
			if !strings.HasPrefix(e.attrs["href"], "data:image/png;base64,iVBOR") {
				t.Errorf("image %.40q", e.attrs["href"])
			}
		case "text":
			texts = append(texts, e.text)
			if strings.Contains(e.attrs["transform"], "rotate(-90)") {
				rotated++
			}
		}
	}
	for c, at := range want.points {
		for _, p := range at {
			key := [2]string{coordinate(p.x), coordinate(p.y)}
			if circles[key]--; circles[key] < 0 {
				t.Fatalf("no circle for the point %v of colour %v", p, c)
			}
		}
	}
	if images == 0 || images != len(want.pictures) {
		t.Errorf("%d images, want %d", images, len(want.pictures))
	}
	if rotated != 1 {
		t.Errorf("%d texts are turned, want the name of y alone", rotated)
	}
	for _, s := range []string{"Ähnlichkeit", "x", "y", "class 0", "class 2", `<b>&"quoted"</b> \x00\xff`, "−50"} {
		if !slices.Contains(texts, s) {
			t.Errorf("no text %q in %q", s, texts)
		}
	}
	if w, h := all[0].attrs["width"], all[0].attrs["height"]; w != strconv.Itoa(f.Width) || h != strconv.Itoa(f.Height) {
		t.Errorf("the SVG is %s x %s, the figure %d x %d", w, h, f.Width, f.Height)
	}
}

func coordinate(v float64) string {
	return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
}

// Polygons for the other shapes, with their corners about the point.
func TestSVGShapes(t *testing.T) {
	f := mustScatter(t, clusters(60, 60), ScatterOptions{NoLegend: true})
	circles, paths := 0, 0
	for _, e := range elements(t, f) {
		switch e.name {
		case "circle":
			circles++
		case "path":
			paths++
			if d := e.attrs["d"]; !strings.HasPrefix(d, "M") || !strings.HasSuffix(d, "z") || strings.Count(d, "L") < 2 {
				t.Errorf("path %q", d)
			}
		}
	}
	if circles != 20 || paths != 40 {
		t.Errorf("%d circles and %d polygons, want 20 and 40", circles, paths)
	}
}

func TestSave(t *testing.T) {
	f := mustScatter(t, clusters(20, 2), ScatterOptions{})
	dir := t.TempDir()
	for name, magic := range map[string]string{"a.png": "\x89PNG", "b.SVG": "<svg"} {
		path := filepath.Join(dir, name)
		if err := f.Save(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(b), magic) {
			t.Errorf("%s: %.20q, %v", name, b, err)
		}
	}
	for _, name := range []string{"c.jpg", "d", "png", "no/such/folder.svg"} {
		if err := f.Save(t.Context(), filepath.Join(dir, name)); err == nil {
			t.Errorf("saved as %s", name)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
	if err := f.WriteSVG(t.Context(), full{}); !errors.Is(err, errFull) {
		t.Errorf("a full disk gives %v", err)
	}
}

// full is a disk without room.
type full struct{}

var errFull = errors.New("no room")

func (full) Write([]byte) (int, error) { return 0, errFull }
