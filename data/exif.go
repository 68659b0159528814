package data

import (
	"bytes"
	"encoding/binary"

	"github.com/glimpse-go/glimpse/internal/orientation"
)

// imageMetadata is what a file says about its picture beside the pixels.
type imageMetadata struct {
	exif []byte // Exif data: a TIFF header and its directories
	xmp  []byte // XMP packet
}

// orientation returns the Exif orientation, 1 to 8, as Pillow's Image.getexif finds
// it: the tag of the first directory of the Exif data, or else the XMP property; 1
// where there is none, or none that is known.
func (m imageMetadata) orientation() orientation.Orientation {
	v, ok := exifOrientation(m.exif)
	o := orientation.Orientation(v)
	if !ok {
		o = orientation.OfXMP(m.xmp)
	}
	if !o.Known() {
		return 1
	}
	return o
}

// Tags and types of TIFF 6.0 (sections 2 and 8) that an orientation may have.
const (
	tagOrientation = 0x112
	typeShort      = 3
	typeLong       = 4
	typeSShort     = 8
	typeSLong      = 9
)

// tiffSizes are the sizes in bytes of values of the types 1 to 12; others are
// passed over.
var tiffSizes = [...]int64{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}

// exifOrientation reads the orientation of Exif data, and tells whether there is
// one. As in Pillow, a directory ends at the first value that lies outside of the
// data, and the first of several tags counts.
func exifOrientation(b []byte) (int, bool) {
	for range 2 { // Some writers put it there twice.
		b = bytes.TrimPrefix(b, []byte("Exif\x00\x00"))
	}
	if len(b) < 8 {
		return 0, false
	}
	var order binary.ByteOrder
	switch string(b[:4]) {
	case "II*\x00", "II\x00*":
		order = binary.LittleEndian
	case "MM\x00*", "MM*\x00":
		order = binary.BigEndian
	default:
		return 0, false
	}
	at := int64(order.Uint32(b[4:]))
	if at+2 > int64(len(b)) {
		return 0, false
	}
	entries := b[at+2:]
	for n := order.Uint16(b[at:]); n > 0 && len(entries) >= 12; n-- {
		e := entries[:12]
		entries = entries[12:]
		kind := order.Uint16(e[2:])
		if kind == 0 || int(kind) >= len(tiffSizes) {
			continue
		}
		value := e[8:]
		if size := tiffSizes[kind] * int64(order.Uint32(e[4:])); size > int64(len(b)) || size == 0 {
			continue
		} else if size > 4 {
			at := int64(order.Uint32(value))
			if at+size > int64(len(b)) {
				return 0, false
			}
			value = b[at : at+size]
		}
		if order.Uint16(e) != tagOrientation {
			continue
		}
		switch kind {
		case typeShort, typeSShort:
			return int(order.Uint16(value)), true
		case typeLong, typeSLong:
			return int(order.Uint32(value)), true
		}
		return 0, true
	}
	return 0, false
}
