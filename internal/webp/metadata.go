package webp

import (
	"bufio"
	"io"
)

// longest is how much of a chunk of metadata is read.
const longest = 1 << 18

// Metadata reads the Exif and XMP data of a file of size bytes, nil where it has
// none. Of several the first counts. A file that ends too early has what was found
// until there.
func Metadata(r io.Reader, size int64) (exif, xmp []byte) {
	c := &chunks{r: bufio.NewReader(r)}
	if c.begin(size) != nil {
		return nil, nil
	}
	for {
		kind, length, err := c.next()
		if err != nil {
			return exif, xmp
		}
		var into *[]byte
		if kind == "EXIF" && exif == nil {
			into = &exif
		} else if kind == "XMP " && xmp == nil {
			into = &xmp
		}
		if into != nil {
			b := make([]byte, min(length, longest))
			if _, err := io.ReadFull(c.r, b); err != nil {
				return exif, xmp
			}
			c.took(len(b))
			*into = b
		}
		if c.skip() != nil {
			return exif, xmp
		}
	}
}
