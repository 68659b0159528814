package cli

import (
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/data"
)

// plotFlags are those of a command line.
func plotFlags(t *testing.T, args ...string) *PlotFlags {
	t.Helper()
	p := &PlotFlags{}
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	p.AddFlags(flags, "tsne")
	if err := Parse(flags, args, nil, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, name := range PlotFlagNames {
		if flags.Lookup(name) == nil {
			t.Errorf("no flag -%s", name)
		}
	}
	return p
}

func TestPlotFlags(t *testing.T) {
	if p := plotFlags(t); !reflect.DeepEqual(*p, PlotFlags{Out: "tsne.png", NPY: "tsne.npy", CSV: "tsne.csv", Palette: "tab10"}) {
		t.Errorf("defaults %+v", p)
	}
	p := plotFlags(t, "-out", "a.svg", "-npy", "b", "-csv", "c", "-palette", "okabe-ito", "-thumbnails", "-radius", "3", "-alpha", "0.5")
	if !reflect.DeepEqual(*p, PlotFlags{"a.svg", "b", "c", "okabe-ito", true, 3, 0.5, Fonts{}}) {
		t.Errorf("%+v", p)
	}
	if got := fmt.Sprint(p.Outputs(), p.Written()); got != "[{out a.svg} {npy b} {csv c}]a.svg, b, c" {
		t.Errorf("outputs %s", got)
	}
	p.NPY = ""
	if got := p.Written(); got != "a.svg, c" {
		t.Errorf("written %s", got)
	}
}

func TestPlotErrors(t *testing.T) {
	for _, c := range []struct {
		change func(*PlotFlags)
		want   string
	}{
		{func(*PlotFlags) {}, ""},
		{func(p *PlotFlags) { p.Palette = "okabe-ito" }, ""},
		{func(p *PlotFlags) { p.Palette = "rainbow" }, "-palette: "},
		{func(p *PlotFlags) { p.Out = "x.SVG" }, ""},
		{func(p *PlotFlags) { p.Out = "x.PNG" }, ""},
		{func(p *PlotFlags) { p.Out = "x.jpg" }, `-out: "x.jpg": want a name that ends in .png or .svg`},
		{func(p *PlotFlags) { p.Out = "png" }, "-out: "},
		{func(p *PlotFlags) { p.Alpha = 1 }, ""},
		{func(p *PlotFlags) { p.Alpha = 1.01 }, "-alpha 1.01: want 0 to 1"},
		{func(p *PlotFlags) { p.Alpha = -0.1 }, "-alpha -0.1"},
		{func(p *PlotFlags) { p.Alpha = math.NaN() }, "-alpha NaN"},
		{func(p *PlotFlags) { p.Radius = 100 }, ""},
		{func(p *PlotFlags) { p.Radius = 100.5 }, "-radius 100.5: want 0 to 100"},
		{func(p *PlotFlags) { p.Radius = -1 }, "-radius -1"},
		{func(p *PlotFlags) { p.Radius = math.NaN() }, "-radius NaN"},
	} {
		p := plotFlags(t)
		c.change(p)
		err := p.Check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v, want %q", p, err, c.want)
		}
		if _, usage := errors.AsType[usageError](err); usage != (err != nil) {
			t.Errorf("%+v: %v is no error of the command line", p, err)
		}
	}
}

// The coordinates have the number of the image, its class and every digit.
func TestCoordinates(t *testing.T) {
	dir := t.TempDir()
	p := &PlotFlags{NPY: filepath.Join(dir, "x.npy"), CSV: filepath.Join(dir, "x.csv")}
	layout := mat.NewDense(3, 2, []float64{1. / 3, -2, 3, 4e-300, 5, 6})
	for _, c := range []struct {
		f    Features
		want string
	}{
		{Features{}, "0,,,0.3333333333333333,-2|1,,,3,4e-300|2,,,5,6"},
		{Features{Labels: []int{1, -1, 0}, Names: []string{"a,b", "c"}}, "0,1,c,0.3333333333333333,-2|1,,,3,4e-300|2,0,a,b,5,6"},
		{Features{Labels: []int{1, 1, 0}, Names: []string{"crane", "crane"}, Index: []int{2, 5, 9}}, "2,1,crane,0.3333333333333333,-2|5,1,crane,3,4e-300|9,0,crane,5,6"},
	} {
		if err := p.Coordinates(t.Context(), &c.f, layout, []string{"x", "y"}); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(p.CSV)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(file).ReadAll()
		file.Close()
		if err != nil || strings.Join(rows[0], ",") != "index,label,class,x,y" {
			t.Fatalf("%v, %v", rows, err)
		}
		var got []string
		for _, row := range rows[1:] {
			got = append(got, strings.Join(row, ","))
		}
		if strings.Join(got, "|") != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
		a, err := npy.Load(t.Context(), p.NPY)
		if err != nil || fmt.Sprint(a.Shape, a.Float64s()) != fmt.Sprint([]int{3, 2}, layout.RawMatrix().Data) {
			t.Errorf("%+v, %v", a, err)
		}
	}
	for _, q := range []*PlotFlags{{}, {NPY: filepath.Join(dir, "y.npy")}, {CSV: filepath.Join(dir, "y.csv")}} {
		if err := q.Coordinates(t.Context(), &Features{}, layout, []string{"x", "y"}); err != nil {
			t.Error(err)
		}
		for _, name := range []string{"y.npy", "y.csv"} {
			_, err := os.Stat(filepath.Join(dir, name))
			if want := filepath.Base(q.NPY) == name || filepath.Base(q.CSV) == name; (err == nil) != want {
				t.Errorf("%+v: %s: %v", q, name, err)
			}
			os.Remove(filepath.Join(dir, name))
		}
	}
	for flag, q := range map[string]*PlotFlags{"-npy: ": {NPY: filepath.Join(dir, "no", "x")}, "-csv: ": {CSV: filepath.Join(dir, "no", "x")}} {
		if err := q.Coordinates(t.Context(), &Features{}, layout, []string{"x", "y"}); err == nil || !strings.HasPrefix(err.Error(), flag) {
			t.Errorf("%v, want %q", err, flag)
		}
	}
}

func TestFigure(t *testing.T) {
	dir := t.TempDir()
	im, err := data.NewImage(20, 20)
	if err != nil {
		t.Fatal(err)
	}
	f := &Features{Labels: []int{0, 1, 2, 1}, Names: []string{"crane", "owl", "crane"}, Images: []*data.Image{im, im, im, im}}
	figure := func(p *PlotFlags, layout *mat.Dense) string {
		t.Helper()
		if err := p.Figure(t.Context(), io.Discard, f, layout, "A title", "across", "up"); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(p.Out)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	flat := mat.NewDense(4, 2, []float64{1, 2, 3, 4, 5, 6, 7, 8})
	text := figure(&PlotFlags{Out: filepath.Join(dir, "x.svg"), Palette: "tab10"}, flat)
	for _, want := range []string{"A title", "across", "up", "crane (0)", "crane (2)", "owl", "#1f77b4"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the figure", want)
		}
	}
	if other := figure(&PlotFlags{Out: filepath.Join(dir, "x.svg"), Palette: "okabe-ito"}, flat); strings.Contains(other, "#1f77b4") {
		t.Error("the palette is not -palette's")
	}
	if other := figure(&PlotFlags{Out: filepath.Join(dir, "x.svg"), Palette: "tab10", Radius: 9, Alpha: 0.25}, flat); other == text || !strings.Contains(other, "0.25") {
		t.Error("-radius and -alpha change nothing")
	}
	// One column stands against its rows: as two columns do.
	one := figure(&PlotFlags{Out: filepath.Join(dir, "x.svg"), Palette: "tab10"}, mat.NewDense(4, 1, []float64{5, 7, 6, 8}))
	two := figure(&PlotFlags{Out: filepath.Join(dir, "x.svg"), Palette: "tab10"}, mat.NewDense(4, 3, []float64{5, 0, 9, 7, 1, 9, 6, 2, 9, 8, 3, 9}))
	if one != two {
		t.Error("a layout of one column is not drawn against its rows")
	}
	with := figure(&PlotFlags{Out: filepath.Join(dir, "x.png"), Palette: "tab10", Thumbnails: true}, flat)
	without := figure(&PlotFlags{Out: filepath.Join(dir, "x.png"), Palette: "tab10"}, flat)
	if with == without {
		t.Error("-thumbnails draws none")
	}
	if im, err := png.Decode(strings.NewReader(with)); err != nil || im.Bounds().Empty() || im.Bounds() == (image.Rectangle{}) {
		t.Errorf("%v", err)
	}
	for want, p := range map[string]*PlotFlags{"-out: ": {Out: filepath.Join(dir, "no", "x.png"), Palette: "tab10"}, "rainbow": {Out: "x.png", Palette: "rainbow"}} {
		if err := p.Figure(t.Context(), io.Discard, f, flat, "", "", ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := (&PlotFlags{Out: "x.png", Palette: "tab10"}).Figure(t.Context(), io.Discard, &Features{Labels: []int{0}}, flat, "", "", ""); err == nil {
		t.Error("one label of four points accepted")
	}
}
