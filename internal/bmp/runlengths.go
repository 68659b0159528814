package bmp

import (
	"bufio"
	"errors"
	"io"
)

// runs decodes pixels of 4, 8 or 24 bits that are stored as runs: pairs of a count and
// a pixel (two in turn of 4 bits), or 0 and an escape: 0, the row ends; 1, the picture
// ends; 2, so many pixels to the right and rows up are left out; else, so many pixels
// follow one by one. It calls set for each pixel, with its number in the file's order.
//
// Two ends of a row are one row left out, but some writers end a full row twice.
// Pillow knows only those, so the file is read so first; when that leaves too few
// pixels it is read again.
func (h *header) runs(pixels func() (*bufio.Reader, error), set func(i int, pixel uint32)) error {
	for _, skip := range []bool{false, true} {
		b, err := pixels()
		if err != nil {
			return err
		}
		for i := 0; skip && i < h.width*h.height; i++ {
			set(i, 0)
		}
		d := &runLengths{r: b, header: h, at: h.offset, skip: skip}
		if err := d.decode(set); err != errAgain {
			return err
		}
	}
	return errShort
}

// errAgain is that of rows left out that were passed over.
var errAgain = errors.New("rows are left out")

// runLengths is one reading of runs. Those that leave the picture or their row are
// read as Pillow's BmpRleDecoder reads them: a run is cut at the end of its row, pixels
// one by one go on in the next.
type runLengths struct {
	*header
	r    *bufio.Reader
	at   int64 // in the file: pixels one by one fill up to an even offset
	skip bool  // the second end of a row leaves out one
}

// decode is one reading.
func (d *runLengths) decode(set func(i int, pixel uint32)) error {
	total := d.width * d.height
	pos := 0 // pixels done or left out
	x := 0   // in the row, as counted: beyond its end when pixels went on in the next
	twice := false
	short := func(err error) error {
		if twice && !d.skip && (err == nil || err == io.EOF) {
			return errAgain
		}
		return short(err)
	}
	for pos < total {
		count, err := d.byte()
		if err != nil {
			return short(err)
		}
		if count > 0 {
			pixels, err := d.pair()
			if err != nil {
				return short(err)
			}
			n := min(int(count), max(0, d.width-x))
			for i := range n {
				set(pos+i, pixels[i%2])
			}
			pos += n
			x += n
			continue
		}
		escape, err := d.byte()
		if err != nil {
			return short(err)
		}
		switch escape {
		case 0:
			if pos%d.width != 0 {
				pos += d.width - pos%d.width
			} else if x == 0 {
				twice = true
				if d.skip {
					pos += d.width
				}
			}
			x = 0
		case 1:
			return short(nil)
		case 2:
			right, err := d.byte()
			if err != nil {
				return short(err)
			}
			up, err := d.byte()
			if err != nil {
				return short(err)
			}
			pos = min(pos+int(right)+int(up)*d.width, total)
			x = pos % d.width
		default:
			n := min(int(escape), total-pos)
			var pixels [2]uint32
			for i := range n {
				if i%2 == 0 || d.compression != rle4 {
					if pixels, err = d.pair(); err != nil {
						return short(err)
					}
				}
				set(pos+i, pixels[i%2])
			}
			pos += n
			x += int(escape)
			if d.at%2 != 0 {
				if _, err := d.byte(); err != nil && pos < total {
					return short(err)
				}
			}
		}
	}
	return nil
}

// pair reads two pixels of 4 bits, or one pixel, which it returns twice.
func (d *runLengths) pair() (pixels [2]uint32, err error) {
	var b [3]byte
	n := 1
	if d.compression == rle24 {
		n = 3
	}
	for i := range n {
		if b[i], err = d.byte(); err != nil {
			return pixels, err
		}
	}
	switch d.compression {
	case rle4:
		return [2]uint32{uint32(b[0] >> 4), uint32(b[0] & 15)}, nil
	case rle8:
		return [2]uint32{uint32(b[0]), uint32(b[0])}, nil
	}
	bgr := uint32(b[2])<<16 | uint32(b[1])<<8 | uint32(b[0])
	return [2]uint32{bgr, bgr}, nil
}

// byte reads one.
func (d *runLengths) byte() (byte, error) {
	d.at++
	return d.r.ReadByte()
}
