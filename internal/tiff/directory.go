package tiff

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// directory is the first image file directory of a file (TIFF 6.0, section 2). Of
// the values only the place is kept: they are read when they are asked for, so that
// a long tag costs no memory.
type directory struct {
	r     io.ReaderAt
	size  int64
	order binary.ByteOrder
	tags  map[tag]entry
	buf   [8]byte
}

// entry is where the values of a tag are.
type entry struct {
	kind   kind
	count  uint64
	offset uint64
}

// kind is the type of a tag's values.
type kind uint16

const (
	kindByte     kind = 1
	kindShort    kind = 3
	kindLong     kind = 4
	kindRational kind = 5
	kindFloat    kind = 11
	kindDouble   kind = 12
	kindIFD      kind = 13
	kindLong8    kind = 16
	kindIFD8     kind = 18
)

// kindSizes are the bytes of a value of each kind, 0 for a kind that is not known.
var kindSizes = [...]uint64{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}

// readDirectory reads the header and the first directory. Later directories, other
// pages, are never looked at, so that no chain of them can be endless.
func readDirectory(r io.ReaderAt, size int64) (*directory, error) {
	d := &directory{r: r, size: size, tags: map[tag]entry{}}
	var head [16]byte
	n := min(size, 16)
	if n < 8 {
		return nil, errors.New("the file ends within its header")
	}
	if err := d.readAt(head[:n], 0); err != nil {
		return nil, err
	}
	switch string(head[:2]) {
	case "II":
		d.order = binary.LittleEndian
	case "MM":
		d.order = binary.BigEndian
	default:
		return nil, fmt.Errorf("the file begins with %q, expected II or MM", head[:2])
	}
	switch version := d.order.Uint16(head[2:]); version {
	case 42:
		return d, d.readEntries(uint64(d.order.Uint32(head[4:])), 2, 12)
	case 43:
		if n < 16 || d.order.Uint16(head[4:]) != 8 || d.order.Uint16(head[6:]) != 0 {
			return nil, errors.New("the header of BigTIFF is damaged")
		}
		return d, d.readEntries(d.order.Uint64(head[8:]), 8, 20)
	default:
		return nil, fmt.Errorf("version %d, expected 42 (TIFF) or 43 (BigTIFF)", version)
	}
}

// readEntries reads the directory at offset: a number of the given size, and as
// many entries. Of a tag that comes twice the first counts.
func (d *directory) readEntries(offset uint64, numberSize, entrySize int) error {
	size := uint64(d.size)
	if offset < 8 || offset > size || size-offset < uint64(numberSize) {
		return fmt.Errorf("the directory is at byte %d of a file of %d", offset, size)
	}
	if err := d.readAt(d.buf[:numberSize], int64(offset)); err != nil {
		return err
	}
	n := uint64(d.order.Uint16(d.buf[:]))
	if numberSize == 8 {
		n = d.order.Uint64(d.buf[:])
	}
	offset += uint64(numberSize)
	if n > (size-offset)/uint64(entrySize) {
		return fmt.Errorf("the directory at byte %d says %d entries, more than fit in the file", offset, n)
	}
	r := bufio.NewReaderSize(io.NewSectionReader(d.r, int64(offset), int64(n)*int64(entrySize)), 1<<12)
	b := make([]byte, entrySize)
	for range n {
		if _, err := io.ReadFull(r, b); err != nil {
			return fmt.Errorf("reading the directory: %w", err)
		}
		t := tag(d.order.Uint16(b))
		if _, twice := d.tags[t]; !twice && known[t] != "" {
			d.add(t, b, offset)
		}
		offset += uint64(entrySize)
	}
	return nil
}

// add notes the entry b that is at offset. Values that fit stand in the entry.
func (d *directory) add(t tag, b []byte, offset uint64) {
	e := entry{kind: kind(d.order.Uint16(b[2:]))}
	field := b[8:]
	if len(b) == 20 {
		e.count, field = d.order.Uint64(b[4:]), b[12:]
	} else {
		e.count = uint64(d.order.Uint32(b[4:]))
	}
	unit := e.unit()
	if unit == 0 || e.count == 0 {
		return
	}
	switch {
	case e.count <= uint64(len(field))/unit:
		e.offset = offset + uint64(len(b)-len(field))
	case len(field) == 8:
		e.offset = d.order.Uint64(field)
	default:
		e.offset = uint64(d.order.Uint32(field))
	}
	d.tags[t] = e
}

func (e entry) unit() uint64 {
	if int(e.kind) >= len(kindSizes) {
		return 0
	}
	return kindSizes[e.kind]
}

// find returns the entry of a tag, whose values lie within the file.
func (d *directory) find(t tag) (e entry, ok bool, err error) {
	e, ok = d.tags[t]
	size := uint64(d.size)
	if ok && (e.offset > size || e.count > (size-e.offset)/e.unit()) {
		return e, ok, fmt.Errorf("tag %v has %d values at byte %d, beyond the end of the file at %d", t, e.count, e.offset, size)
	}
	return e, ok, nil
}

// value returns value i of a tag of whole numbers.
func (d *directory) value(t tag, e entry, i uint64) (uint64, error) {
	b := d.buf[:e.unit()]
	if err := d.readAt(b, int64(e.offset+i*e.unit())); err != nil {
		return 0, err
	}
	switch e.kind {
	case kindByte:
		return uint64(b[0]), nil
	case kindShort:
		return uint64(d.order.Uint16(b)), nil
	case kindLong, kindIFD:
		return uint64(d.order.Uint32(b)), nil
	case kindLong8, kindIFD8:
		return d.order.Uint64(b), nil
	}
	return 0, fmt.Errorf("tag %v has values of type %d, expected whole numbers", t, e.kind)
}

// uints returns up to most values of a tag of whole numbers, none when the file
// does not have it.
func (d *directory) uints(t tag, most int) ([]uint64, error) {
	e, ok, err := d.find(t)
	if !ok || err != nil {
		return nil, err
	}
	v := make([]uint64, min(e.count, uint64(most)))
	for i := range v {
		if v[i], err = d.value(t, e, uint64(i)); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// uint returns the first value of a tag, and otherwise when the file does not have
// it. A value above 2^31 - 1 is an error: nothing that is asked for here has one.
func (d *directory) uint(t tag, otherwise int) (int, error) {
	v, err := d.uints(t, 1)
	if len(v) == 0 || err != nil {
		return otherwise, err
	}
	if v[0] > math.MaxInt32 {
		return 0, fmt.Errorf("tag %v is %d", t, v[0])
	}
	return int(v[0]), nil
}

// floats returns the values of a tag of n fractions, and otherwise when the file
// does not have it.
func (d *directory) floats(t tag, otherwise []float32) ([]float32, error) {
	e, ok, err := d.find(t)
	if !ok || err != nil {
		return otherwise, err
	}
	if e.count < uint64(len(otherwise)) {
		return nil, fmt.Errorf("tag %v has %d values, expected %d", t, e.count, len(otherwise))
	}
	v := make([]float32, len(otherwise))
	for i := range v {
		b := d.buf[:e.unit()]
		if err := d.readAt(b, int64(e.offset+uint64(i)*e.unit())); err != nil {
			return nil, err
		}
		switch e.kind {
		case kindRational:
			if den := d.order.Uint32(b[4:]); den != 0 {
				v[i] = float32(d.order.Uint32(b)) / float32(den)
			}
		case kindFloat:
			v[i] = math.Float32frombits(d.order.Uint32(b))
		case kindDouble:
			v[i] = float32(math.Float64frombits(d.order.Uint64(b)))
		default:
			n, err := d.value(t, e, uint64(i))
			if err != nil {
				return nil, err
			}
			v[i] = float32(n)
		}
	}
	return v, nil
}

// readAt fills b, which lies within the file.
func (d *directory) readAt(b []byte, offset int64) error {
	if n, err := d.r.ReadAt(b, offset); n < len(b) {
		return fmt.Errorf("reading byte %d: %w", offset, err)
	}
	return nil
}
