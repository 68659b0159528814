package data

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"

	"github.com/glimpse-go/glimpse/internal/ctxio"
	"github.com/glimpse-go/glimpse/internal/png"
	"github.com/glimpse-go/glimpse/internal/webp"
)

// readOrientation returns the Exif orientation, 1 to 8, that a JPEG, PNG or WebP
// file tells, and 1 for others: GIF and BMP have no place for it, and a TIFF file's
// own belongs to its pixels. Damaged metadata are none, as the decoder has had its
// say by then; an error is one of reading.
func readOrientation(ctx context.Context, r io.ReaderAt, size int64) (int, error) {
	noted := &noting{ReaderAt: ctxio.ReaderAt(ctx, r)}
	s := &source{r: noted, size: size}
	head := make([]byte, min(size, 32))
	if _, err := noted.ReadAt(head, 0); err != nil && err != io.EOF {
		return 0, err
	}
	var m imageMetadata
	if c := sniff(head); c != nil {
		switch c.name {
		case "jpeg":
			m = jpegMetadata(s.reader())
		case "png":
			m.exif, m.xmp = png.Metadata(s.reader())
		case "webp":
			m.exif, m.xmp = webp.Metadata(s.reader(), s.size)
		}
	}
	return m.orientation(), noted.err
}

// noting notes the first error of its reads that is not the end of the file.
type noting struct {
	io.ReaderAt
	err error
}

func (n *noting) ReadAt(p []byte, off int64) (int, error) {
	read, err := n.ReaderAt.ReadAt(p, off)
	if err != nil && err != io.EOF && n.err == nil {
		n.err = err
	}
	return read, err
}

// jpegMetadata reads the application segments 1 (Exif 2.32, section 4.7.2; XMP
// part 3, section 1.1.3) before the first scan.
func jpegMetadata(r io.Reader) imageMetadata {
	const (
		sos, eoi, app1 = 0xda, 0xd9, 0xe1
		exif, xmp      = "Exif\x00\x00", "http://ns.adobe.com/xap/1.0/\x00"
	)
	var m imageMetadata
	b := bufio.NewReader(r)
	b.Discard(2)
	for {
		// A marker is 0xff and a byte that is neither 0xff nor 0.
		if c, err := b.ReadByte(); err != nil {
			return m
		} else if c != 0xff {
			continue
		}
		marker := byte(0xff)
		for marker == 0xff {
			var err error
			if marker, err = b.ReadByte(); err != nil {
				return m
			}
		}
		switch {
		case marker == sos, marker == eoi:
			return m
		case marker < 0xc0, marker >= 0xd0 && marker < 0xd9: // no segment
			continue
		}
		var length [2]byte
		if _, err := io.ReadFull(b, length[:]); err != nil {
			return m
		}
		n := int(binary.BigEndian.Uint16(length[:])) - 2
		if n < 0 {
			return m
		}
		if marker != app1 {
			if _, err := b.Discard(n); err != nil {
				return m
			}
			continue
		}
		segment := make([]byte, n)
		if _, err := io.ReadFull(b, segment); err != nil {
			return m
		}
		switch {
		case bytes.HasPrefix(segment, []byte(exif)) && m.exif == nil:
			m.exif = segment
		case bytes.HasPrefix(segment, []byte(exif)) && len(m.exif)+n <= 1<<18:
			m.exif = append(m.exif, segment[len(exif):]...) // it goes on
		case bytes.HasPrefix(segment, []byte(xmp)):
			m.xmp = segment[len(xmp):]
		}
	}
}
