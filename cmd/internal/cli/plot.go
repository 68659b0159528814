package cli

import (
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"image"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/internal/atomicfile"
	"github.com/glimpse-go/glimpse/render"
)

// PlotFlags are the flags of a program that draws points and writes their
// coordinates.
type PlotFlags struct {
	Out        string
	NPY        string
	CSV        string
	Palette    string
	Thumbnails bool
	Radius     float64
	Alpha      float64
	Fonts
}

// PlotFlagNames are the names that AddFlags defines, for PrintFlags.
var PlotFlagNames = []string{"out", "npy", "csv", "palette", "font", "thumbnails", "radius", "alpha"}

// AddFlags defines the flags; name is the program's.
func (p *PlotFlags) AddFlags(flags *flag.FlagSet, name string) {
	flags.StringVar(&p.Out, "out", name+".png", "`file` of the figure; its name says which, .png or .svg")
	flags.StringVar(&p.NPY, "npy", name+".npy", "`file` of the coordinates as a NumPy array; empty: none")
	flags.StringVar(&p.CSV, "csv", name+".csv", "`file` of the coordinates, labels and class names as text; empty: none")
	flags.StringVar(&p.Palette, "palette", "tab10", "`name` of the colours: tab10, or okabe-ito, which the colour-blind can tell apart")
	p.Fonts.AddFlags(flags, true)
	flags.BoolVar(&p.Thumbnails, "thumbnails", false, "draw the images at some of their points, as many as do not overlap")
	flags.Float64Var(&p.Radius, "radius", 0, "`pixels` of a marker's radius (default by the number of points)")
	flags.Float64Var(&p.Alpha, "alpha", 0, "`opacity` of the markers, up to 1 (default by the number of points)")
}

// Check returns an error of the command line for flags that make no sense, so
// that it comes before the work and not after it.
func (p *PlotFlags) Check() error {
	if _, err := render.PaletteByName(p.Palette); err != nil {
		return Usagef("-palette: %s", strings.TrimPrefix(err.Error(), "render: "))
	}
	if err := CheckFigureName(p.Out); err != nil {
		return Usagef("-out: %v", err)
	}
	if !(p.Alpha >= 0 && p.Alpha <= 1) {
		return Usagef("-alpha %v: want 0 to 1", p.Alpha)
	}
	if !(p.Radius >= 0 && p.Radius <= 100) {
		return Usagef("-radius %v: want 0 to 100", p.Radius)
	}
	return nil
}

// CheckFigureName returns an error for a name that no figure can be saved as.
func CheckFigureName(path string) error {
	if ext := strings.ToLower(filepath.Ext(path)); ext != ".png" && ext != ".svg" {
		return fmt.Errorf("%q: want a name that ends in .png or .svg", path)
	}
	return nil
}

// Figure draws the first two columns of a layout and saves the picture. A
// layout of one column is drawn against its rows. What the picture cannot show is said on
// stderr.
func (p *PlotFlags) Figure(ctx context.Context, stderr io.Writer, f *Features, layout mat.Matrix, title, xLabel, yLabel string) error {
	n, d := layout.Dims()
	x, y := make([]float64, n), make([]float64, n)
	for i := range n {
		x[i] = layout.At(i, 0)
		if d > 1 {
			y[i] = layout.At(i, 1)
		} else {
			y[i] = float64(i)
		}
	}
	series, err := render.ByClass(x, y, f.Labels, Distinct(f.Names))
	if err != nil {
		return err
	}
	palette, err := render.PaletteByName(p.Palette)
	if err != nil {
		return err
	}
	opt := render.ScatterOptions{Title: title, XLabel: xLabel, YLabel: yLabel, Palette: palette, Radius: p.Radius, Alpha: p.Alpha, Fonts: p.fonts}
	if p.Thumbnails {
		opt.Thumbnail = func(row int) (image.Image, error) { return f.Images[row], nil }
	}
	figure, err := render.Scatter(series, opt)
	if err != nil {
		return err
	}
	if err := figure.Save(ctx, p.Out); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	p.Warn(stderr, p.Out, append([]string{title, xLabel, yLabel}, figure.Legend()...)...)
	for _, note := range figure.Notes() {
		Note(stderr, "%s: %s", p.Out, note)
	}
	return nil
}

// Coordinates writes a layout, n x d, to the files that -npy and -csv name.
// columns are the names of the d columns.
func (p *PlotFlags) Coordinates(ctx context.Context, f *Features, layout *mat.Dense, columns []string) error {
	n, d := layout.Dims()
	if p.NPY != "" {
		data := make([]float64, 0, n*d)
		for i := range n {
			data = append(data, layout.RawRowView(i)...)
		}
		if err := npy.Save(ctx, p.NPY, []int{n, d}, data); err != nil {
			return fmt.Errorf("-npy: %w", err)
		}
	}
	if p.CSV == "" {
		return nil
	}
	err := atomicfile.Write(ctx, p.CSV, func(w io.Writer) error {
		out := csv.NewWriter(w)
		out.Write(append([]string{"index", "label", "class"}, columns...))
		for i := range n {
			row := []string{strconv.Itoa(f.index(i)), "", ""}
			if f.Labels != nil && f.Labels[i] >= 0 {
				row[1], row[2] = strconv.Itoa(f.Labels[i]), f.Names[f.Labels[i]]
			}
			for _, v := range layout.RawRowView(i) {
				row = append(row, strconv.FormatFloat(v, 'g', -1, 64))
			}
			out.Write(row)
		}
		out.Flush()
		return out.Error() // of any of the writes
	})
	if err != nil {
		return fmt.Errorf("-csv: %w", err)
	}
	return nil
}

// Outputs returns the files that Figure and Coordinates write.
func (p *PlotFlags) Outputs() []File {
	return []File{{"out", p.Out}, {"npy", p.NPY}, {"csv", p.CSV}}
}

// Written names the files that were written, for people.
func (p *PlotFlags) Written() string {
	s := p.Out
	for _, name := range []string{p.NPY, p.CSV} {
		if name != "" {
			s += ", " + name
		}
	}
	return s
}
