// Package orientation turns and flips pictures as the tag of TIFF and Exif says (TIFF 6.0,
// section 8; Exif 2.32, section 4.6.4), as Pillow's ImageOps.exif_transpose does.
package orientation

import "regexp"

// Orientation says which corner and which edge the first pixel and the first row are at:
// the values 1 to 8 of the tag; 1 is as they are.
type Orientation int

// Known tells whether it is one of the tag's values.
func (o Orientation) Known() bool { return o >= 1 && o <= 8 }

// Size is that of a picture of w x h pixels when it has been turned.
func (o Orientation) Size(w, h int) (int, int) {
	if o >= 5 {
		return h, w
	}
	return w, h
}

// A Placement is where pixel (x, y) of the file goes: pixel start + x*right + y*down
// of the picture.
type Placement struct{ start, right, down int }

// Placement is that of a picture of w x h pixels.
func (o Orientation) Placement(w, h int) Placement {
	switch o {
	case 2: // mirrored left to right
		return Placement{w - 1, -1, w}
	case 3: // turned by half
		return Placement{w*h - 1, -1, -w}
	case 4: // mirrored top to bottom
		return Placement{w * (h - 1), 1, -w}
	case 5: // rows become columns
		return Placement{0, h, 1}
	case 6: // turned clockwise
		return Placement{h - 1, h, -1}
	case 7: // rows become columns, from the lower right
		return Placement{w*h - 1, -h, -1}
	case 8: // turned counterclockwise
		return Placement{(w - 1) * h, -h, 1}
	}
	return Placement{0, 1, w}
}

// Put places a row of pixels, three bytes each, that begins at (x, y) of the file.
func (p Placement) Put(pix, row []uint8, x, y int) {
	at := p.start + x*p.right + y*p.down
	if p.right == 1 {
		copy(pix[3*at:], row)
		return
	}
	for ; len(row) >= 3; row = row[3:] {
		*(*[3]uint8)(pix[3*at:]) = [3]uint8(row)
		at += p.right
	}
}

var property = regexp.MustCompile(`tiff:Orientation(?:="|>)([0-9])`)

// OfXMP returns what an XMP packet says of it, 0 where that is nothing.
func OfXMP(packet []byte) Orientation {
	if found := property.FindSubmatch(packet); found != nil {
		return Orientation(found[1][0] - '0')
	}
	return 0
}
