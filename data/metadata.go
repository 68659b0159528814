package data

import (
	"bufio"
	"bytes"
	"context"
	"io"

	"github.com/glimpse-go/glimpse/internal/ctxio"
	"github.com/glimpse-go/glimpse/internal/jpeg"
	"github.com/glimpse-go/glimpse/internal/orientation"
	"github.com/glimpse-go/glimpse/internal/png"
	"github.com/glimpse-go/glimpse/internal/webp"
)

// readOrientation returns the Exif orientation, 1 to 8, that a JPEG, PNG or WebP
// file tells, and 1 for others: GIF and BMP have no place for it, and a TIFF file's
// own belongs to its pixels. Damaged metadata are none, as the decoder has had its
// say by then; an error is one of reading.
func readOrientation(ctx context.Context, r io.ReaderAt, size int64) (orientation.Orientation, error) {
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
	const exif, xmp = "Exif\x00\x00", "http://ns.adobe.com/xap/1.0/\x00"
	var m imageMetadata
	for b := bufio.NewReader(r); ; {
		marker, segment, err := jpeg.ReadSegment(b)
		switch {
		case err != nil, marker == jpeg.MarkerSOS, marker == jpeg.MarkerEOI:
			return m
		case marker != jpeg.MarkerAPP1:
		case bytes.HasPrefix(segment, []byte(exif)) && m.exif == nil:
			m.exif = segment
		case bytes.HasPrefix(segment, []byte(exif)) && len(m.exif)+len(segment) <= 1<<18:
			m.exif = append(m.exif, segment[len(exif):]...) // it goes on
		case bytes.HasPrefix(segment, []byte(xmp)):
			m.xmp = segment[len(xmp):]
		}
	}
}
