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

	"github.com/glimpse-go/glimpse/internal/atomicfile"
	"github.com/glimpse-go/glimpse/pca"
	"github.com/glimpse-go/glimpse/render/explorer"
)

// PageFlags are the flags of a program that writes an explorer: one HTML file with points,
// images and maps.
type PageFlags struct {
	HTML     string
	Thumb    int
	NoImages bool
}

// PageFlagNames are the names that AddFlags defines, for PrintFlags.
var PageFlagNames = []string{"html", "thumb", "no-images"}

// AddFlags defines the flags; thumb is the default of -thumb.
func (p *PageFlags) AddFlags(flags *flag.FlagSet, thumb int) {
	flags.StringVar(&p.HTML, "html", "", "`file` of a page to explore it all in a browser, .html: points, images, maps, neighbours, one file that needs no network; empty: none")
	flags.IntVar(&p.Thumb, "thumb", thumb, fmt.Sprintf("with -html: make the images' longer side at most so many `pixels`, %d to %d", explorer.MinThumb, explorer.MaxThumb))
	flags.BoolVar(&p.NoImages, "no-images", false, "with -html: leave the images out")
}

// Check returns an error of the command line for flags that make no sense.
func (p *PageFlags) Check() error {
	if ext := strings.ToLower(filepath.Ext(p.HTML)); p.HTML != "" && ext != ".html" && ext != ".htm" {
		return Usagef("-html %q: want a name that ends in .html", p.HTML)
	}
	if p.Thumb < explorer.MinThumb || p.Thumb > explorer.MaxThumb {
		return Usagef("-thumb %d: want %d to %d", p.Thumb, explorer.MinThumb, explorer.MaxThumb)
	}
	return nil
}

// Wanted tells whether a page is to be written; of nil it is not.
func (p *PageFlags) Wanted() bool { return p != nil && p.HTML != "" }

func (p *PageFlags) wantsImages() bool { return p.Wanted() && !p.NoImages }

// Outputs returns the file that Write writes.
func (p *PageFlags) Outputs() []File { return []File{{"html", p.HTML}} }

// Write writes a page to the file that -html names.
func (p *PageFlags) Write(ctx context.Context, page *explorer.Page) error {
	page.Thumb = p.Thumb
	err := atomicfile.Write(ctx, p.HTML, func(w io.Writer) error { return page.Write(ctx, w) })
	if err != nil {
		return fmt.Errorf("-html: %w", err)
	}
	return nil
}

// WritePoints writes the page of layouts of features.
func (p *PageFlags) WritePoints(ctx context.Context, f *Features, title, palette string, layouts ...explorer.Layout) error {
	page := &explorer.Page{
		Title: title, Layouts: layouts, Classes: f.Names, Labels: f.Labels, Palette: palette, Features: f.X,
		Probabilities: f.Page.Probabilities, Names: f.Page.Names, Maps: f.Page.Maps,
	}
	if page.Classes == nil {
		page.Classes = f.Page.Classes
	}
	if f.Page.Images != nil {
		page.Images = func(i int) (image.Image, error) { return f.Page.Images[i], nil }
	}
	return p.Write(ctx, page)
}

// PCALayout is the projection of features on their first two principal components, which
// a page shows beside another layout. It is false where there are not two.
func PCALayout(ctx context.Context, f *Features) (explorer.Layout, bool, error) {
	if n, d := f.X.Dims(); min(n, d) < 2 {
		return explorer.Layout{}, false, nil
	}
	model, err := pca.Fit(ctx, f.X, pca.Options{Components: 2})
	if err != nil {
		return explorer.Layout{}, false, err
	}
	var scores *mat.Dense
	if scores, err = model.Transform(ctx, f.X); err != nil {
		return explorer.Layout{}, false, err
	}
	return explorer.Layout{Name: "PCA", At: scores}, true, nil
}
