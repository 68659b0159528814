package explorer

import (
	"context"
	"fmt"
	"image"
	"io"

	"gonum.org/v1/gonum/mat"
)

// Page is what is shown. All fields are optional, but there must be a layout, images or maps;
// what is not there is left out of the page. Slices by point have one element a point, and
// say how many points there are; Images alone do not.
// Write does not change them.
type Page struct {
	Title   string
	Layouts []Layout // the first is shown first; others side by side or in turn
	Classes []string // their names, which labels, predictions and maps count from 0
	Labels  []int    // the true class of each point; -1: unknown
	// Predictions are the classes that the network said; -1: unknown. Default: the
	// likeliest of Probabilities.
	Predictions []int
	// Probabilities are those of all classes for each point, 0 to 1; a nil row is
	// unknown. The page keeps the five likeliest of each, or as many as each has maps of,
	// and that of the label.
	Probabilities [][]float64
	Names         []string // such as the names of files
	Columns       []Column // more to colour by and to export
	// Images returns the image of a point, or nil where it has none. It is called for
	// every point in order, once.
	Images func(i int) (image.Image, error)
	// Thumb is the most pixels of an image's longer side, 8 to 512; larger ones are made
	// smaller. Default: 64.
	Thumb int
	// Quality is that of the images as JPEG, 1 to 100. Default: 90.
	Quality int
	// Lossless keeps images as PNG, several times as large.
	Lossless bool
	// Maps are the heat maps of each point, a Method for each way to make them. Where there
	// are several classes of a point, the class that is shown can be changed in the page.
	Maps []Method
	// AllClasses shows the maps of all classes of a point side by side in the gallery at
	// first.
	AllClasses bool
	// Colormap is the name of the maps' colours at first. Default: jet.
	Colormap string
	// Alpha is the opacity of the maps at first, 0 to 1. Default: render.DefaultAlpha.
	Alpha *float64
	// Color keeps the images' colours under the maps at first, instead of gray.
	Color bool
	// Neighbours are the points nearest to each, nearest first. Default: found among
	// Features, where those are given.
	Neighbours [][]int
	// Features are n x d: what the neighbours are found by, with Euclidean distances. Of
	// more than 100,000 points lists of neighbours would be most of the file: then fewer
	// of each are kept, as many as fit into a page of 20 MB or a fifth of it, and none
	// where those would be fewer than three; the page says so, and shows the points that
	// are near in the layout instead.
	Features mat.Matrix
	// NeighbourCount is how many are kept, 1 to 100. Default: 12.
	NeighbourCount int
	// Progress, when not nil, is called while neighbours are searched for among Features,
	// with how many points have found theirs, of all: one call at a time, from any goroutine.
	Progress func(done, total int)
	// Palette is the name of the classes' colours at first, one of render.Palettes.
	Palette string
	// Gallery opens the page on the images and their maps instead of the points.
	Gallery bool
	// Live adds what the page needs to explain new images itself; see page/src/live.js.
	Live *Live
}

// Layout is a place for each point: n x 2, or n x d of which the first two count. A
// layout of one column is drawn against the rows.
type Layout struct {
	Name           string
	XLabel, YLabel string
	At             mat.Matrix
}

// Column is a property of the points: numbers, or texts. A number may be NaN for unknown.
type Column struct {
	Name    string
	Numbers []float64
	Texts   []string
}

// Method is a way of making maps, with the maps of each point: none, one, or one for each
// of several classes, the first of which is shown at first: mostly that of the prediction.
// Each map is kept as it is drawn: that is smaller than what maps of all classes are made of
// (512 channels and the weights of the last layer, say) unless there are hundreds of classes.
type Method struct {
	Name string
	Maps [][]Map
}

// Map is a heat map of Height x Width levels, 0 to 255, row after row: what
// [render.Resize] takes.
type Map struct {
	Class         int // -1: of no class
	Width, Height int
	Levels        []uint8
}

// Live is a program with its data that explains new images in the page: WebAssembly,
// which runs in a worker.
type Live struct {
	Blocks map[string][]byte // by name, as the program reads them; they go in as they are
}

// Write writes the page. It returns an error when there is nothing to show, lengths
// differ, a coordinate is not finite, a class does not exist, an option is out of range,
// Images fails, ctx is done, or w fails.
func (p *Page) Write(ctx context.Context, w io.Writer) error {
	n, err := p.check()
	if err != nil {
		return fmt.Errorf("explorer: %w", err)
	}
	b := &builder{Page: p, n: n}
	if err := b.build(ctx); err != nil {
		return fmt.Errorf("explorer: %w", err)
	}
	return b.write(ctx, w)
}
