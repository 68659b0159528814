package tiff

import "regexp"

// orientation says which corner and which edge the first pixel and the first row
// are at: the values 1 to 8 of the tag. Pillow turns the picture when it loads it.
type orientation int

// size is that of a picture of w x h pixels when it has been turned.
func (o orientation) size(w, h int) (int, int) {
	if o >= 5 {
		return h, w
	}
	return w, h
}

// placement is where pixel (x, y) of the file goes: pixel start + x*right + y*down
// of the picture.
type placement struct{ start, right, down int }

func (o orientation) placement(w, h int) placement {
	switch o {
	case 2: // mirrored left to right
		return placement{w - 1, -1, w}
	case 3: // turned by half
		return placement{w*h - 1, -1, -w}
	case 4: // mirrored top to bottom
		return placement{w * (h - 1), 1, -w}
	case 5: // rows become columns
		return placement{0, h, 1}
	case 6: // turned clockwise
		return placement{h - 1, h, -1}
	case 7: // rows become columns, from the lower right
		return placement{w*h - 1, -h, -1}
	case 8: // turned counterclockwise
		return placement{(w - 1) * h, -h, 1}
	}
	return placement{0, 1, w}
}

// put places a row of pixels that begins at (x, y) of the file.
func (p placement) put(pix, row []uint8, x, y int) {
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

var xmpOrientation = regexp.MustCompile(`tiff:Orientation(?:="|>)([0-9])`)

// readOrientation reads the tag, or where there is none, what XMP metadata say of
// it. What is no orientation leaves the picture as it is.
func readOrientation(d *directory) (orientation, error) {
	if _, ok := d.tags[tagOrientation]; ok {
		v, err := d.uint(tagOrientation, 1)
		if v < 1 || v > 8 {
			v = 1
		}
		return orientation(v), err
	}
	e, ok, err := d.find(tagXMP)
	if !ok || err != nil {
		return 1, nil
	}
	xmp := make([]byte, e.count*e.unit())
	if err := d.readAt(xmp, int64(e.offset)); err != nil {
		return 1, err
	}
	found := xmpOrientation.FindSubmatch(xmp)
	if found == nil {
		return 1, nil
	}
	if v := found[1][0] - '0'; v >= 1 && v <= 8 {
		return orientation(v), nil
	}
	return 1, nil
}
