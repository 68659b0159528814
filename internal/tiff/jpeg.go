package tiff

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// JPEG decodes a strip or tile: a JPEG stream, and the stream of tables that came
// before it, which is empty when it has its own. The result is width*height pixels
// of channels samples each, side by side. Where ycbcr is true the three components
// are YCbCr and are made RGB as by JFIF, whatever markers there are; otherwise they
// are as they were coded.
type JPEG func(ctx context.Context, tables, stream []byte, ycbcr bool) (pix []uint8, width, height, channels int, err error)

// Each stream of JPEG costs memory for its tables, however small its picture is, and
// is decoded as a whole, what is beyond the picture too.
const (
	alwaysJPEG      = 16  // streams
	pixelsPerJPEG   = 256 // a stream, on the average, of further ones
	alwaysJPEGWhole = 1 << 16
)

// prepareJPEG reads the tables, and refuses chunks that are too many or too large.
func (d *decoder) prepareJPEG() error {
	if d.jpeg == nil {
		return errors.New("JPEG is not read")
	}
	g, pixels := &d.grid, d.width*d.height
	if n := g.across * g.down * d.planes; n > alwaysJPEG+pixels/pixelsPerJPEG {
		return fmt.Errorf("%d JPEG streams for %d x %d pixels", n, d.width, d.height)
	}
	if whole := float64(g.across*g.width) * float64(g.down*g.height); whole > 4*float64(pixels)+alwaysJPEGWhole {
		return fmt.Errorf("tiles of %d x %d pixels in an image of %d x %d", g.width, g.height, d.width, d.height)
	}
	e, ok, err := d.find(tagJPEGTables)
	if !ok || err != nil {
		return err
	}
	d.tables = make([]byte, e.count*e.unit())
	return d.readAt(d.tables, int64(e.offset))
}

// openJPEG decodes the chunk of count bytes that raw is at.
func (s *stream) openJPEG(ctx context.Context, count int64) error {
	d := s.d
	if int64(cap(s.pixels.stream)) < count {
		s.pixels.stream = make([]byte, count)
	}
	stream := s.pixels.stream[:count]
	if _, err := io.ReadFull(&s.raw, stream); err != nil {
		return err
	}
	w, h, err := jpegSize(stream)
	if err != nil {
		return err
	}
	// A last strip may be cut short, or be as long as the others.
	if w != d.grid.width || h > d.grid.height {
		return fmt.Errorf("a JPEG of %d x %d pixels, expected %d x %d", w, h, d.grid.width, d.grid.height)
	}
	pix, gotW, gotH, channels, err := d.jpeg(ctx, d.tables, stream, d.photometric == yCbCr && d.planes == 1 && d.samples == 3)
	if err != nil {
		return fmt.Errorf("JPEG: %w", err)
	}
	if gotW != w || gotH != h || channels != d.samples/d.planes || len(pix) != w*h*channels {
		return fmt.Errorf("a JPEG of %d x %d pixels with %d samples, expected %d x %d with %d", gotW, gotH, channels, w, h, d.samples/d.planes)
	}
	s.pixels.left = pix
	return nil
}

// pixelReader gives the pixels of a chunk that was decoded as a whole.
type pixelReader struct{ stream, left []byte }

func (r *pixelReader) Read(p []byte) (int, error) {
	if len(r.left) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}

// jpegSize returns the size that a stream's frame header gives (T.81, B.2.2), so
// that it is known before it is decoded.
func jpegSize(b []byte) (w, h int, err error) {
	for i := 0; i+4 <= len(b); {
		if b[i] != 0xff {
			break
		}
		marker := b[i+1]
		if marker == 0xff || marker == 0xd8 || marker == 0x01 {
			i++
			if marker != 0xff {
				i++
			}
			continue
		}
		length := int(b[i+2])<<8 | int(b[i+3])
		if marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc {
			if i+9 > len(b) {
				break
			}
			h, w = int(b[i+5])<<8|int(b[i+6]), int(b[i+7])<<8|int(b[i+8])
			if w == 0 || h == 0 {
				return 0, 0, fmt.Errorf("a JPEG of %d x %d pixels", w, h)
			}
			return w, h, nil
		}
		i += 2 + length
	}
	return 0, 0, errors.New("a JPEG stream without a frame header")
}
