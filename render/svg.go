package render

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"strconv"

	xdraw "golang.org/x/image/draw"
)

// svg is the canvas that writes SVG 1.1.
type svg struct {
	ctx context.Context // markers are no longer drawn once it has ended
	buf bytes.Buffer
	err error // the first
}

// newSVG returns a white canvas.
func newSVG(ctx context.Context, width, height int) *svg {
	s := &svg{ctx: ctx}
	s.printf(`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="%d" height="%d" viewBox="0 0 %d %d"`+
		` font-family="Go, Helvetica, Arial, 'DejaVu Sans', sans-serif">`+"\n", width, height, width, height)
	s.printf(`<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	return s
}

func (s *svg) printf(format string, args ...any) { fmt.Fprintf(&s.buf, format, args...) }

// writeTo ends the document and writes it.
func (s *svg) writeTo(w io.Writer) error {
	if s.err != nil {
		return s.err
	}
	s.buf.WriteString("</svg>\n")
	_, err := w.Write(s.buf.Bytes())
	return err
}

// num writes a coordinate to a hundredth of a pixel.
func (s *svg) num(v float64) {
	s.buf.Write(strconv.AppendFloat(s.buf.AvailableBuffer(), math.Round(v*100)/100+0, 'f', -1, 64))
}

func hex(c color.RGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

func (s *svg) rect(r image.Rectangle, c color.RGBA) {
	s.printf(`<rect x="%d" y="%d" width="%d" height="%d" fill="%s"/>`+"\n", r.Min.X, r.Min.Y, r.Dx(), r.Dy(), hex(c))
}

func (s *svg) line(at []pt, width float64, c color.RGBA) {
	s.printf(`<polyline fill="none" stroke="%s" stroke-width="%g" stroke-linejoin="round" stroke-linecap="round" points="`, hex(c), width)
	for i, p := range at {
		if i > 0 {
			s.buf.WriteByte(' ')
		}
		s.num(p.x)
		s.buf.WriteByte(',')
		s.num(p.y)
	}
	s.buf.WriteString("\"/>\n")
}

func (s *svg) markers(m marker, at []pt) {
	if len(at) == 0 {
		return
	}
	s.printf(`<g fill="%s"`, hex(m.color))
	if m.alpha != 1 {
		s.buf.WriteString(` fill-opacity="`)
		s.num(m.alpha)
		s.buf.WriteByte('"')
	}
	s.buf.WriteString(">\n")
	corners := m.corners()
	for i, p := range at {
		if i%markersAtOnce == 0 && s.ctx.Err() != nil {
			return
		}
		if m.shape == disc {
			s.buf.WriteString(`<circle cx="`)
			s.num(p.x)
			s.buf.WriteString(`" cy="`)
			s.num(p.y)
			s.buf.WriteString(`" r="`)
			s.num(m.radius)
			s.buf.WriteString("\"/>\n")
			continue
		}
		s.buf.WriteString(`<path d="`)
		for i, c := range corners {
			s.buf.WriteByte("ML"[min(i, 1)])
			s.num(p.x + c.x)
			s.buf.WriteByte(' ')
			s.num(p.y + c.y)
		}
		s.buf.WriteString("z\"/>\n")
	}
	s.buf.WriteString("</g>\n")
}

func (s *svg) text(at pt, text string, st textStyle) {
	s.buf.WriteString(`<text`)
	if st.upwards {
		s.buf.WriteString(` transform="translate(`)
		s.num(at.x)
		s.buf.WriteByte(' ')
		s.num(at.y)
		s.buf.WriteString(`) rotate(-90)"`)
	} else {
		s.buf.WriteString(` x="`)
		s.num(at.x)
		s.buf.WriteString(`" y="`)
		s.num(at.y)
		s.buf.WriteByte('"')
	}
	if st.anchor != start {
		s.printf(` text-anchor="%s"`, [...]string{middle: "middle", end: "end"}[st.anchor])
	}
	s.printf(` font-size="%g" fill="%s">`, st.size.pixels(), hex(st.color))
	// Escapes markup, and replaces what XML cannot hold.
	if err := xml.EscapeText(&s.buf, []byte(text)); err != nil && s.err == nil {
		s.err = err
	}
	s.buf.WriteString("</text>\n")
}

// picture embeds an image as PNG, with at most two pixels for each of the
// figure's, which is what a dense screen shows.
func (s *svg) picture(r image.Rectangle, im image.Image) {
	b := im.Bounds()
	w, h := min(b.Dx(), 2*r.Dx()), min(b.Dy(), 2*r.Dy())
	small := image.NewRGBA(image.Rect(0, 0, w, h))
	xdraw.CatmullRom.Scale(small, small.Rect, im, b, xdraw.Src, nil)
	s.printf(`<image x="%d" y="%d" width="%d" height="%d" preserveAspectRatio="none" xlink:href="data:image/png;base64,`, r.Min.X, r.Min.Y, r.Dx(), r.Dy())
	enc := base64.NewEncoder(base64.StdEncoding, &s.buf)
	err := png.Encode(enc, small)
	if cerr := enc.Close(); err == nil {
		err = cerr
	}
	if err != nil && s.err == nil {
		s.err = err
	}
	s.buf.WriteString("\"/>\n")
}
