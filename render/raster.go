package render

import (
	"context"
	"image"
	"image/color"
	"image/draw"
	"math"

	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/vector"
)

// raster is the canvas of pixels. Colours are blended as their bytes are, as
// matplotlib and browsers do.
type raster struct {
	ctx   context.Context // lines and markers are no longer drawn once it has ended
	im    *image.RGBA
	fonts *typeface
	cache map[marker]*stamps // by shape and radius alone
}

// newRaster returns a white canvas.
func newRaster(ctx context.Context, width, height int, fonts *typeface) *raster {
	im := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(im, im.Rect, image.White, image.Point{}, draw.Src)
	return &raster{ctx, im, fonts, map[marker]*stamps{}}
}

func (r *raster) rect(b image.Rectangle, c color.RGBA) {
	draw.Draw(r.im, b, image.NewUniform(c), image.Point{}, draw.Over)
}

func (r *raster) line(at []pt, width float64, c color.RGBA) {
	if r.ctx.Err() != nil {
		return
	}
	z := vector.NewRasterizer(r.im.Rect.Dx(), r.im.Rect.Dy())
	for i, b := range at {
		circle(z, b.x, b.y, width/2)
		if i == 0 {
			continue
		}
		a := at[i-1]
		length := math.Hypot(b.x-a.x, b.y-a.y)
		if length == 0 {
			continue
		}
		// All parts turn the same way round, so that where they overlap they
		// add up to full coverage and do not cancel.
		nx, ny := -(b.y-a.y)/length*width/2, (b.x-a.x)/length*width/2
		polygon(z, []pt{{a.x - nx, a.y - ny}, {b.x - nx, b.y - ny}, {b.x + nx, b.y + ny}, {a.x + nx, a.y + ny}}, 0, 0)
	}
	z.Draw(r.im, r.im.Rect, image.NewUniform(c), image.Point{})
}

func (r *raster) markers(m marker, at []pt) {
	key := marker{shape: m.shape, radius: m.radius}
	s := r.cache[key]
	if s == nil {
		s = newStamps(key)
		r.cache[key] = s
	}
	opacity := uint32(math.Round(m.alpha * 255))
	for i, c := range at {
		if i%markersAtOnce == 0 && r.ctx.Err() != nil {
			return
		}
		mask, corner := s.at(c)
		r.stamp(mask, corner, m.color, opacity)
	}
}

// stamp blends a colour through a mask whose upper left corner is given.
func (r *raster) stamp(mask *image.Alpha, corner image.Point, c color.RGBA, opacity uint32) {
	b := mask.Rect.Add(corner).Intersect(r.im.Rect)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		row := mask.Pix[(y-corner.Y)*mask.Stride+b.Min.X-corner.X:]
		dst := r.im.Pix[r.im.PixOffset(b.Min.X, y):]
		for x := range b.Dx() {
			if row[x] == 0 {
				continue
			}
			a := (uint32(row[x])*opacity + 127) / 255
			p := dst[4*x : 4*x+3 : 4*x+3]
			p[0] = uint8((uint32(c.R)*a + uint32(p[0])*(255-a) + 127) / 255)
			p[1] = uint8((uint32(c.G)*a + uint32(p[1])*(255-a) + 127) / 255)
			p[2] = uint8((uint32(c.B)*a + uint32(p[2])*(255-a) + 127) / 255)
		}
	}
}

func (r *raster) text(at pt, text string, s textStyle) {
	w := r.fonts[s.size]
	width := w.width(text)
	back := 0 // from the anchor to the left end of the text
	switch s.anchor {
	case middle:
		back = width / 2
	case end:
		back = width
	}
	x, y := int(math.Round(at.x)), int(math.Round(at.y))
	if !s.upwards {
		w.draw(r.im, x-back, y, text, s.color)
		return
	}
	// Written on a strip of its own, which is then turned to read upwards.
	strip := image.NewAlpha(image.Rect(0, -w.ascent, width, w.descent))
	w.draw(strip, 0, 0, text, color.Opaque)
	turned := image.NewAlpha(image.Rect(0, 0, strip.Rect.Dy(), width))
	for sy := range strip.Rect.Dy() {
		for sx := range width {
			turned.Pix[(width-1-sx)*turned.Stride+sy] = strip.Pix[sy*strip.Stride+sx]
		}
	}
	place := turned.Rect.Add(image.Pt(x-w.ascent, y-width+back))
	draw.DrawMask(r.im, place, image.NewUniform(s.color), image.Point{}, turned, image.Point{}, draw.Over)
}

func (r *raster) picture(b image.Rectangle, im image.Image) {
	xdraw.CatmullRom.Scale(r.im, b, im, im.Bounds(), xdraw.Over, nil)
}
