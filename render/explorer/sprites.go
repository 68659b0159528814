package explorer

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"runtime"
	"sync"

	xdraw "golang.org/x/image/draw"
)

// MinThumb and MaxThumb bound Page.Thumb.
const (
	MinThumb = 8
	MaxThumb = 512
)

const (
	defaultThumb   = 64
	defaultQuality = 90
	// sheetSide is the most pixels of a sheet's side: what telephones decode too.
	sheetSide = 2048
	// jpegUnit is the side of what JPEG with halved colours encodes at once. Images that
	// begin at its multiples do not run into each other.
	jpegUnit = 16
)

// sheet is a sprite sheet while images are put on it.
type sheet struct {
	sheetMeta
	pixels *image.RGBA
}

// sprites adds the images. Each sheet has the pitch of its first image; should a larger
// one follow, a new sheet begins, with room for the largest from then on.
func (b *builder) sprites(ctx context.Context) error {
	if b.Images == nil {
		return nil
	}
	thumb := b.Thumb
	if thumb == 0 {
		thumb = defaultThumb
	}
	e := newSheetEncoder(b.Page)
	sizes := make([]int, 0, 2*b.n)
	pitch := 0
	var s *sheet
	for i := range b.n {
		if err := ctx.Err(); err != nil {
			return err
		}
		im, err := b.Images(i)
		if err != nil {
			return fmt.Errorf("image of point %d: %w", i, err)
		}
		var small *image.RGBA
		if im != nil && !im.Bounds().Empty() {
			small = shrunk(im, thumb)
		}
		side := 1
		if small != nil {
			side = max(small.Rect.Dx(), small.Rect.Dy())
			sizes = append(sizes, small.Rect.Dx(), small.Rect.Dy())
		} else {
			sizes = append(sizes, 0, 0)
		}
		switch {
		case pitch == 0 && small != nil:
			pitch = b.pitchOf(side)
		case side > pitch && pitch > 0:
			pitch = b.pitchOf(thumb)
		}
		if small == nil && s == nil {
			continue // sheets begin with the first image
		}
		if s == nil || s.Pitch != pitch || s.Count == s.Columns*s.Columns {
			e.encode(s)
			s = newSheet(i, b.n-i, pitch)
		}
		if small != nil {
			s.put(small)
		}
		s.Count++
	}
	e.encode(s)
	metas, err := e.wait(b)
	if err != nil {
		return err
	}
	m := &spritesMeta{Type: e.mediaType(), Sheets: metas}
	m.Sizes, err = b.add("image-sizes", uint16s(sizes))
	b.meta.Sprites = m
	return err
}

// pitchOf is how far apart images of a side lie.
func (p *Page) pitchOf(side int) int {
	if p.Lossless {
		return side
	}
	return (side + jpegUnit - 1) / jpegUnit * jpegUnit
}

// newSheet begins a sheet of up to count images.
func newSheet(first, count, pitch int) *sheet {
	columns := max(1, sheetSide/pitch)
	rows := min(columns, (count+columns-1)/columns)
	width := columns
	if rows == 1 {
		width = count
	}
	return &sheet{sheetMeta{First: first, Pitch: pitch, Columns: columns}, image.NewRGBA(image.Rect(0, 0, width*pitch, rows*pitch))}
}

// put puts an image into the next place. The rest of the place repeats its edge, so that
// the transform of JPEG does not meet one there.
func (s *sheet) put(im *image.RGBA) {
	x0, y0 := s.Count%s.Columns*s.Pitch, s.Count/s.Columns*s.Pitch
	w, h := im.Rect.Dx(), im.Rect.Dy()
	for y := range s.Pitch {
		row := s.pixels.Pix[s.pixels.PixOffset(x0, y0+y):][:4*s.Pitch]
		from := im.Pix[im.PixOffset(0, min(y, h-1)):][:4*w]
		copy(row, from)
		for x := w; x < s.Pitch; x++ {
			copy(row[4*x:4*x+4], from[4*(w-1):])
		}
	}
}

// shrunk is an image on white, with its longer side at most so many pixels.
func shrunk(im image.Image, most int) *image.RGBA {
	b := im.Bounds()
	w, h := b.Dx(), b.Dy()
	if long := max(w, h); long > most {
		w, h = max(1, w*most/long), max(1, h*most/long)
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if w == b.Dx() && h == b.Dy() {
		if rgb, ok := im.(*image.RGBA); ok && rgb.Opaque() {
			draw.Draw(out, out.Rect, rgb, b.Min, draw.Src)
			return out
		}
		draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(out, out.Rect, im, b.Min, draw.Over)
		return out
	}
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	xdraw.CatmullRom.Scale(out, out.Rect, im, b, xdraw.Over, nil)
	return out
}

// sheetEncoder encodes sheets on several goroutines and gives them back in order.
type sheetEncoder struct {
	lossless bool
	quality  int
	room     chan struct{}
	group    sync.WaitGroup
	done     []*encoded
}

type encoded struct {
	meta sheetMeta
	data bytes.Buffer
	err  error
}

func newSheetEncoder(p *Page) *sheetEncoder {
	e := &sheetEncoder{lossless: p.Lossless, quality: p.Quality, room: make(chan struct{}, runtime.GOMAXPROCS(0))}
	if e.quality == 0 {
		e.quality = defaultQuality
	}
	return e
}

func (e *sheetEncoder) mediaType() string {
	if e.lossless {
		return "image/png"
	}
	return "image/jpeg"
}

// encode begins to encode a full sheet; nil is none.
func (e *sheetEncoder) encode(s *sheet) {
	if s == nil {
		return
	}
	out := &encoded{meta: s.sheetMeta}
	e.done = append(e.done, out)
	e.room <- struct{}{}
	e.group.Go(func() {
		defer func() { <-e.room }()
		if e.lossless {
			out.err = png.Encode(&out.data, s.pixels)
		} else {
			out.err = jpeg.Encode(&out.data, s.pixels, &jpeg.Options{Quality: e.quality})
		}
	})
}

// wait adds all sheets to the page.
func (e *sheetEncoder) wait(b *builder) ([]sheetMeta, error) {
	e.group.Wait()
	metas := []sheetMeta{}
	for k, s := range e.done {
		if s.err != nil {
			return nil, s.err
		}
		s.meta.Block = b.addRaw(fmt.Sprintf("sheet-%d", k), s.data.Bytes())
		metas = append(metas, s.meta)
	}
	return metas, nil
}
