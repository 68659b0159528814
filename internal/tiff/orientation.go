package tiff

import "github.com/glimpse-go/glimpse/internal/orientation"

// readOrientation reads the tag, or where there is none, what XMP metadata say of
// it: Pillow turns the picture when it loads it. What is no orientation leaves the
// picture as it is.
func readOrientation(d *directory) (orientation.Orientation, error) {
	var o orientation.Orientation
	if _, ok := d.tags[tagOrientation]; ok {
		v, err := d.uint(tagOrientation, 1)
		if err != nil {
			return 1, err
		}
		o = orientation.Orientation(v)
	} else {
		e, ok, err := d.find(tagXMP)
		if !ok || err != nil {
			return 1, nil
		}
		xmp := make([]byte, e.count*e.unit())
		if err := d.readAt(xmp, int64(e.offset)); err != nil {
			return 1, err
		}
		o = orientation.OfXMP(xmp)
	}
	if !o.Known() {
		o = 1
	}
	return o, nil
}
