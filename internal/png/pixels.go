package png

import (
	"compress/flate"
	"compress/zlib"
	"context"
	"errors"
	"io"

	"github.com/glimpse-go/glimpse/internal/ctxio"
)

// pixels reads the rows of a picture into memory that is laid out as an image of
// package image.
type pixels struct {
	*header
	pix    []byte
	stride int
	size   int // bytes of a pixel in pix
}

// pass is one of the reductions of an interlaced picture (section 8.1): the pixels
// from (x, y) on, every dx-th and dy-th.
type pass struct{ x, y, dx, dy int }

var adam7 = []pass{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}

// errEnd is the end of the compressed data between two rows.
var errEnd = errors.New("no more rows")

// read unpacks and places all rows.
func (p *pixels) read(ctx context.Context, c *chunks) error {
	z, err := zlib.NewReader(c)
	if err != nil {
		return noEOF(err)
	}
	packed := ctxio.Reader(ctx, z)
	passes := []pass{{0, 0, 1, 1}}
	if p.interlaced {
		passes = adam7
	}
	rows := 0
	for _, s := range passes {
		n, err := p.readPass(ctx, packed, s)
		rows += n
		if err == errEnd && rows > 0 {
			return nil // Pillow leaves the rows that are missing black
		} else if err == errEnd {
			return io.ErrUnexpectedEOF
		} else if err != nil {
			return err
		}
	}
	// What follows the last row is not looked at. Where nothing does, this reads the
	// checksum; Pillow, too, takes the picture when that is cut off.
	var more [1]byte
	n, err := packed.Read(more[:])
	if _, corrupt := errors.AsType[flate.CorruptInputError](err); n == 0 && (corrupt || errors.Is(err, zlib.ErrChecksum)) {
		return err
	}
	return ctx.Err()
}

// readPass places the rows of one pass, and returns how many it has read.
func (p *pixels) readPass(ctx context.Context, packed io.Reader, s pass) (rows int, err error) {
	w := (p.frame.Dx() - s.x + s.dx - 1) / s.dx
	if w <= 0 {
		return 0, nil
	}
	bits := p.depth * channels[p.kind]
	// Each row has the number of its filter before it.
	row, above := make([]byte, 1+(w*bits+7)/8), make([]byte, 1+(w*bits+7)/8)
	var wide []byte
	if s.dx > 1 {
		wide = make([]byte, w*p.size)
	}
	for y := s.y; y < p.frame.Dy(); y += s.dy {
		if _, err := io.ReadFull(packed, row); err == io.EOF {
			return rows, errEnd
		} else if err != nil {
			return rows, err
		}
		if err := unfilter(row[0], row[1:], above[1:], (bits+7)/8); err != nil {
			return rows, err
		}
		rows++
		dst := p.pix[(p.frame.Min.Y+y)*p.stride+p.frame.Min.X*p.size:]
		if s.dx == 1 {
			p.expand(dst[:w*p.size], row[1:])
		} else {
			p.expand(wide, row[1:])
			for i := range w {
				copy(dst[(s.x+i*s.dx)*p.size:][:p.size], wide[i*p.size:])
			}
		}
		row, above = above, row
	}
	return rows, nil
}

// expand writes a row of samples as pixels of the image: fewer than 8 bits become
// 8, and what has no alpha gets one where the image has it.
func (p *pixels) expand(dst, row []byte) {
	switch {
	case p.depth < 8:
		// A sample of gray is stretched to 0 to 255, an index is what it is.
		scale := byte(1)
		if p.kind == gray {
			scale = 255 / (1<<p.depth - 1)
		}
		mask, each := byte(1<<p.depth-1), 8/p.depth
		for i := range dst {
			shift := 8 - p.depth*(i%each+1)
			dst[i] = row[i/each] >> shift & mask * scale
		}
	case p.kind == rgb && p.depth == 8:
		for len(dst) >= 4 {
			d, s := dst[:4:4], row[:3:3]
			d[0], d[1], d[2], d[3] = s[0], s[1], s[2], 255
			dst, row = dst[4:], row[3:]
		}
	case p.kind == rgb:
		for len(dst) >= 8 {
			copy(dst[:6], row[:6])
			dst[6], dst[7] = 255, 255
			dst, row = dst[8:], row[6:]
		}
	case p.kind == grayAlpha && p.depth == 8:
		for len(dst) >= 4 {
			d, s := dst[:4:4], row[:2:2]
			d[0], d[1], d[2], d[3] = s[0], s[0], s[0], s[1]
			dst, row = dst[4:], row[2:]
		}
	case p.kind == grayAlpha:
		for len(dst) >= 8 {
			for i := range 3 {
				copy(dst[2*i:2*i+2], row[:2])
			}
			copy(dst[6:8], row[2:4])
			dst, row = dst[8:], row[4:]
		}
	default:
		copy(dst, row)
	}
}
