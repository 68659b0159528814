package cli

import (
	"context"
	"flag"
	"fmt"
	"image"
	"io"
	"path/filepath"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/cmd/internal/live"
	"github.com/glimpse-go/glimpse/cmd/internal/live/answer"
	"github.com/glimpse-go/glimpse/cmd/internal/table"
	"github.com/glimpse-go/glimpse/internal/atomicfile"
	"github.com/glimpse-go/glimpse/pca"
	"github.com/glimpse-go/glimpse/render/explorer"
	"github.com/glimpse-go/glimpse/tsne"
)

// PageFlags are the flags of a program that writes an explorer: one HTML file with points,
// images and maps.
type PageFlags struct {
	HTML     string
	Thumb    int
	NoImages bool
	Top      int    // see AddTop
	Columns  string // a table
	live.Flags

	columns []table.Column // of it, once loaded
}

// PageFlagNames are the names that AddFlags defines, for PrintFlags.
var PageFlagNames = append([]string{"html", "thumb", "no-images", "columns"}, live.FlagNames...)

// AddFlags defines the flags; thumb is the default of -thumb.
func (p *PageFlags) AddFlags(flags *flag.FlagSet, thumb int) {
	flags.StringVar(&p.HTML, "html", "", "`file` of a page to explore it all in a browser, .html: points, images, maps, neighbours, one file that needs no network (default none)")
	flags.IntVar(&p.Thumb, "thumb", thumb, fmt.Sprintf("with -html: make the images' longer side at most so many `pixels`, %d to %d", explorer.MinThumb, explorer.MaxThumb))
	flags.BoolVar(&p.NoImages, "no-images", false, "with -html: leave the images out")
	flags.StringVar(&p.Columns, "columns", "", "with -html: `file` (.csv, .tsv, or FILE.csv:NAME) of more to colour by, to see and to export, a row for each point below a row of names")
	p.Flags.AddFlags(flags)
}

// AddTop defines -top, where no flag of the program's own says which classes are mapped.
func (p *PageFlags) AddTop(flags *flag.FlagSet) {
	flags.IntVar(&p.Top, "top", 0, fmt.Sprintf("with -html: `number` of the likeliest classes of each image to map, among which the page can change (default %d, or of many images down to %d, with a network that ends in pooling and one linear layer, where one pass gives all; else 1); beside them the true class is mapped", FreeClasses, fewestFree))
}

// FreeClasses is how many classes a page has maps of where further ones cost next to nothing,
// in one pass by cam: all of CIFAR-10 and STL-10. Where the levels of so many would be more
// than freeLevels bytes there are fewer, but never below fewestFree: with the 5.7 MB that the
// images of CIFAR-10's test take, a page of maps of 8 x 8 is then one of 11 MB.
const (
	FreeClasses = 10
	fewestFree  = 5
	freeLevels  = 2 << 20
)

// Check returns an error of the command line for flags that make no sense.
func (p *PageFlags) Check() error {
	if ext := strings.ToLower(filepath.Ext(p.HTML)); p.HTML != "" && ext != ".html" && ext != ".htm" {
		return Usagef("-html %q: want a name that ends in .html", p.HTML)
	}
	if p.Top < 0 || p.Top > 100 {
		return Usagef("-top %d: want 1 to 100", p.Top)
	}
	if p.Thumb < explorer.MinThumb || p.Thumb > explorer.MaxThumb {
		return Usagef("-thumb %d: want %d to %d", p.Thumb, explorer.MinThumb, explorer.MaxThumb)
	}
	switch {
	case p.Live && p.HTML == "":
		return Usagef("-live needs -html")
	case p.Columns != "" && p.HTML == "":
		return Usagef("-columns needs -html")
	case p.Wasm != "" && !p.Live:
		return Usagef("-live-wasm needs -live")
	}
	return nil
}

// Wanted tells whether a page is to be written; of nil it is not.
func (p *PageFlags) Wanted() bool { return p != nil && p.HTML != "" }

func (p *PageFlags) wantsImages() bool { return p.Wanted() && !p.NoImages }

// Outputs returns the file that Write writes.
func (p *PageFlags) Outputs() []File { return []File{{"html", p.HTML}} }

// Inputs returns the files that Load and Write may read.
func (p *PageFlags) Inputs() []File {
	columns, _ := table.SplitName(p.Columns)
	return []File{{"live-wasm", p.Wasm}, {"columns", columns}}
}

// Load reads the table of -columns, before the long work.
func (p *PageFlags) Load(ctx context.Context) (err error) {
	if p.Columns != "" {
		p.columns, err = table.LoadColumns(ctx, p.Columns)
	}
	if err != nil {
		return fmt.Errorf("-columns: %w", err)
	}
	return nil
}

// Fits returns an error when the table of -columns is not of n points: asked as soon as
// their number is known, and before a page is written.
func (p *PageFlags) Fits(n int) error {
	if p == nil || p.columns == nil {
		return nil
	}
	if rows := max(len(p.columns[0].Numbers), len(p.columns[0].Texts)); rows != n {
		return fmt.Errorf("-columns %s: %d rows below the names, and %d points", p.Columns, rows, n)
	}
	return nil
}

// Write writes a page to the file that -html names. With -live the network that o opened
// goes into it, and space, in which it places new images; nil: none.
func (p *PageFlags) Write(ctx context.Context, stderr io.Writer, page *explorer.Page, o *Opened, space *answer.Space) error {
	page.Thumb = p.Thumb
	for _, c := range p.columns {
		page.Columns = append(page.Columns, explorer.Column(c))
	}
	if p.Live {
		if o == nil {
			return Usagef("-live needs a network: images, and not -features")
		}
		blocks, err := p.Blocks(ctx, o.weights, o.options, space, func(what string) { Note(stderr, "%s", what) })
		if err != nil {
			return err
		}
		page.Live = &explorer.Live{Blocks: blocks}
	}
	step, end := Steps(stderr, "neighbours", "points")
	page.Progress = step
	err := atomicfile.Write(ctx, p.HTML, func(w io.Writer) error { return page.Write(ctx, w) })
	end()
	if err != nil {
		return fmt.Errorf("-html: %w", err)
	}
	return nil
}

// A PageLayout is a layout of a page, and by what a new image finds its place in it: a
// PCA, the options that t-SNE had, or neither, which leaves it to its neighbours.
type PageLayout struct {
	Name string
	At   *mat.Dense
	PCA  *pca.Model
	TSNE *tsne.Options
}

// WritePoints writes the page of layouts of features.
func (p *PageFlags) WritePoints(ctx context.Context, stderr io.Writer, f *Features, title, palette string, layouts ...PageLayout) error {
	n, _ := f.X.Dims()
	if err := p.Fits(n); err != nil {
		return err
	}
	page := &explorer.Page{
		Title: title, Classes: f.Names, Labels: f.Labels, Palette: palette, Features: f.X,
		Probabilities: f.Page.Probabilities, Names: f.Page.Names, Maps: f.Page.Maps,
	}
	space := &answer.Space{Features: f.X}
	for _, l := range layouts {
		page.Layouts = append(page.Layouts, explorer.Layout{Name: l.Name, At: l.At})
		space.Layouts = append(space.Layouts, answer.Layout{Name: l.Name, At: l.At, PCA: l.PCA, TSNE: l.TSNE})
	}
	if page.Classes == nil {
		page.Classes = f.Page.Classes
	}
	if f.Page.Images != nil {
		page.Images = func(i int) (image.Image, error) { return f.Page.Images[i], nil }
	}
	return p.Write(ctx, stderr, page, f.Page.opened, space)
}

// PCALayout is the projection of features on their first two principal components, which
// a page shows beside another layout. It is false where there are not two.
func PCALayout(ctx context.Context, f *Features) (PageLayout, bool, error) {
	if n, d := f.X.Dims(); min(n, d) < 2 {
		return PageLayout{}, false, nil
	}
	model, err := pca.Fit(ctx, f.X, pca.Options{Components: 2})
	if err != nil {
		return PageLayout{}, false, err
	}
	scores, err := model.Transform(ctx, f.X)
	if err != nil {
		return PageLayout{}, false, err
	}
	return PageLayout{Name: "PCA", At: scores, PCA: model}, true, nil
}
