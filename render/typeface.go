package render

import "image/color"

// textHeight is the size of a text in a Figure.
type textHeight int

const (
	tickText  textHeight = iota // the numbers at an axis, a long legend
	labelText                   // the names of the axes, a legend
	titleText                   // above the figure
	textSizes
)

// pixels are the sizes of an em, about those of matplotlib at 100 dpi.
func (h textHeight) pixels() float64 { return [textSizes]float64{13, 15, 18}[h] }

// anchor says which part of a text lies at its place.
type anchor int

const (
	start anchor = iota
	middle
	end
)

// textStyle says how a line of text is drawn.
type textStyle struct {
	size    textHeight
	anchor  anchor
	upwards bool // turned by a quarter, to be read from below
	color   color.RGBA
}

// typefaceFor returns the sizes for texts, which are visible.
func typefaceFor(fonts []*Font, texts ...string) (*typeface, error) {
	more, err := needed(fonts, texts)
	if err != nil {
		return nil, err
	}
	return newTypeface(more...)
}

// typeface holds a writer of each size.
type typeface [textSizes]*writer

func newTypeface(more ...*Font) (*typeface, error) {
	var t typeface
	for h := range textSizes {
		w, err := newWriter(h.pixels(), more...)
		if err != nil {
			return nil, err
		}
		t[h] = w
	}
	return &t, nil
}
