package tiff

import (
	"context"
	"fmt"
	"io"

	"github.com/glimpse-go/glimpse/internal/orientation"
)

// decoder unpacks a picture chunk by chunk and each of them row by row, so that
// beside the picture there are only a few rows in memory.
type decoder struct {
	*directory
	*layout
	jpeg    JPEG
	tables  []byte // of JPEG
	convert converter
	streams []*stream // one a plane
	rows    [][]byte  // of each plane
	row     []byte    // of all samples side by side
	colours []uint8   // of a row of pixels, before it is placed
	picture *Picture
	place   orientation.Placement
	taken   int64 // bytes of chunks that have been read: the work, with the picture's
}

func (d *decoder) decode(ctx context.Context) (*Picture, error) {
	g := &d.grid
	if d.compression == compressJPEG {
		if err := d.prepareJPEG(); err != nil {
			return nil, err
		}
	}
	w, h := d.orientation.Size(d.width, d.height)
	d.picture = &Picture{w, h, make([]uint8, 3*w*h)}
	d.place = d.orientation.Placement(d.width, d.height)
	d.convert = d.converter(d.directory)
	for range d.planes {
		d.streams = append(d.streams, newStream(d))
		d.rows = append(d.rows, make([]byte, g.rowBytes))
	}
	d.row = d.rows[0]
	if d.planes > 1 {
		d.row = make([]byte, g.rowBytes*d.planes)
	}
	d.colours = make([]uint8, 3*min(g.width, d.width)*d.down)
	for y := range g.down {
		for x := range g.across {
			if err := d.chunk(ctx, x, y); err != nil {
				if done := ctx.Err(); done != nil {
					return nil, done
				}
				what := "strip"
				if g.tiles {
					what = "tile"
				}
				return nil, fmt.Errorf("%s %d of %d: %w", what, y*g.across+x+1, g.across*g.down, err)
			}
		}
	}
	return d.picture, nil
}

// chunk decodes the chunk in column cx and row cy of the grid, of all planes at a
// time. What lies right of or below the picture is unpacked, but not kept.
func (d *decoder) chunk(ctx context.Context, cx, cy int) error {
	g := &d.grid
	x, y := cx*g.width, cy*g.height
	width, height := min(g.width, d.width-x), min(g.height, d.height-y)
	for p, s := range d.streams {
		if err := s.open(ctx, uint64((p*g.down+cy)*g.across+cx), height); err != nil {
			return err
		}
	}
	for row := 0; row < height; row += d.down {
		if err := ctx.Err(); err != nil {
			return err
		}
		for p, s := range d.streams {
			if err := s.read(d.rows[p]); err != nil {
				return fmt.Errorf("row %d of %d: %w", row+1, height, err)
			}
		}
		if d.planes > 1 {
			interleave(d.row, d.rows, d.bits/8)
		}
		colours := d.colours[:3*width*d.down]
		d.convert(colours, d.row)
		for i := range min(d.down, height-row) {
			d.place.Put(d.picture.Pix, colours[3*width*i:3*width*(i+1)], x, y+row+i)
		}
	}
	for _, s := range d.streams {
		if err := s.close(); err != nil {
			return err
		}
	}
	return nil
}

// interleave puts samples of size bytes that each have a row of their own side by
// side.
func interleave(row []byte, planes [][]byte, size int) {
	for p, plane := range planes {
		for i, b := range plane {
			row[(i/size*len(planes)+p)*size+i%size] = b
		}
	}
}

// mostTaken is how many bytes of chunks may be read. Chunks that share their bytes
// are honest, as of a picture that has one tile many times, but many that share
// many bytes would take time that neither the file nor the picture accounts for.
func (d *decoder) mostTaken() int64 {
	return d.size + int64(3*d.width*d.height) + 1<<16
}

// eof makes of an early end an error that says what has ended.
func eof(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("its bytes end too early")
	}
	return err
}
