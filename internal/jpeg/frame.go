package jpeg

import (
	"errors"
	"fmt"
	"sync"

	"github.com/glimpse-go/glimpse/internal/scratch"
)

// frame is the picture that a frame header announces (T.81 B.2.2).
type frame struct {
	width, height int // pixels
	progressive   bool
	components    []*component
	maxH, maxV    int // the largest sampling factors
	mcusX, mcusY  int // MCUs of a scan of all components
	scanned       bool
}

// component is one of the planes of a picture.
type component struct {
	id            byte
	h, v          int // sampling factors
	quantNumber   byte
	width, height int // samples that belong to the picture
	blocksX       int // blocks that have some of them
	blocksY       int
	stride        int // blocks in a row, whole MCUs
	rows          int
	quant         *[64]uint16 // that of the component's first scan
	samples       []uint8     // 8*stride by 8*rows
	coefficients  [][64]int16 // of progressive files, in natural order, stride by rows
	nonzero       []uint64    // of each block: coefficients that are not zero, in zigzag order
	bits          [64]int8    // of them: bits that are still to come; -1: all
}

// readFrame reads a frame header.
func (d *decoder) readFrame(marker byte, body []byte) error {
	if d.frame != nil {
		return errors.New("a second frame header")
	}
	switch marker {
	case markerSOF0, markerSOF1, markerSOF2, markerSOF9, markerSOF10:
	case 0xc3, 0xcb:
		return errors.New("a lossless JPEG, which is not supported; convert it to PNG")
	default:
		return errors.New("a hierarchical JPEG, which is not supported; convert it to PNG")
	}
	if len(body) < 6 || len(body) != 6+3*int(body[5]) {
		return fmt.Errorf("a frame header of %d bytes", len(body))
	}
	if body[0] != 8 {
		return fmt.Errorf("%d bits a sample, expected 8", body[0])
	}
	f := &frame{
		height:      int(body[1])<<8 | int(body[2]),
		width:       int(body[3])<<8 | int(body[4]),
		progressive: marker == markerSOF2 || marker == markerSOF10,
	}
	d.arithmetic = marker == markerSOF9 || marker == markerSOF10
	if f.width == 0 || f.height == 0 {
		return fmt.Errorf("a picture of %d x %d pixels", f.width, f.height)
	}
	if d.opt.MaxPixels > 0 && f.width > d.opt.MaxPixels/f.height {
		return fmt.Errorf("a picture of %d x %d pixels, more than the limit of %d pixels", f.width, f.height, d.opt.MaxPixels)
	}
	if n := body[5]; n != 1 && n != 3 && n != 4 {
		return fmt.Errorf("%d components, expected 1, 3 or 4", n)
	}
	for b := body[6:]; len(b) > 0; b = b[3:] {
		c := &component{id: b[0], h: int(b[1] >> 4), v: int(b[1] & 15), quantNumber: b[2]}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 {
			return fmt.Errorf("sampling factors of %d x %d, expected 1 to 4", c.h, c.v)
		}
		for i := range c.bits {
			c.bits[i] = -1
		}
		f.maxH, f.maxV = max(f.maxH, c.h), max(f.maxV, c.v)
		f.components = append(f.components, c)
	}
	f.mcusX, f.mcusY = ceilDiv(f.width, 8*f.maxH), ceilDiv(f.height, 8*f.maxV)
	for _, c := range f.components {
		if f.maxH%c.h != 0 || f.maxV%c.v != 0 {
			return fmt.Errorf("sampling factors of %d x %d beside %d x %d, expected parts of them", c.h, c.v, f.maxH, f.maxV)
		}
		c.width, c.height = ceilDiv(f.width*c.h, f.maxH), ceilDiv(f.height*c.v, f.maxV)
		c.blocksX, c.blocksY = ceilDiv(c.width, 8), ceilDiv(c.height, 8)
		c.stride, c.rows = f.mcusX*c.h, f.mcusY*c.v
	}
	d.frame = f
	return nil
}

// complete tells whether all coefficients have come in all their bits.
func (f *frame) complete() bool {
	for _, c := range f.components {
		for _, b := range c.bits {
			if b != 0 {
				return false
			}
		}
	}
	return true
}

// workspace is memory that a decoder uses, and the next one again: to clear it, or to have
// it from the system, would take a tenth of the time.
type workspace struct {
	data         []byte
	samples      []uint8
	coefficients [][64]int16
	nonzero      []uint64
}

var workspaces = sync.Pool{New: func() any { return new(workspace) }}

// allocate hands memory to the planes, once. All samples will be written; coefficients are
// zero at first.
func (f *frame) allocate(w *workspace) {
	if f.scanned {
		return
	}
	f.scanned = true
	n := f.blocks()
	w.samples = scratch.Resize(w.samples, 64*n)
	if f.progressive {
		w.coefficients = scratch.Resize(w.coefficients, n)
		clear(w.coefficients)
		w.nonzero = scratch.Resize(w.nonzero, n)
		clear(w.nonzero)
	}
	at := 0
	for _, c := range f.components {
		end := at + c.stride*c.rows
		c.samples = w.samples[64*at : 64*end]
		if f.progressive {
			c.coefficients, c.nonzero = w.coefficients[at:end], w.nonzero[at:end]
		}
		at = end
	}
}

// blocks is how many a scan of all components visits.
func (f *frame) blocks() int {
	n := 0
	for _, c := range f.components {
		n += c.stride * c.rows
	}
	return n
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
