package png

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"io"
	"strings"
)

// longest is how much of a chunk of metadata is read, and unpacked.
const longest = 1 << 18

// Metadata reads the Exif and XMP data of a file, nil where it has none: the chunk
// eXIf, or what ImageMagick writes in its place, a text "Raw profile type exif" in
// hexadecimal digits; and the text "XML:com.adobe.xmp". The last of each kind
// counts. A file that ends too early has what was found until there.
func Metadata(r io.Reader) (exif, xmp []byte) {
	c := &chunks{r: bufio.NewReader(r)}
	if n, err := c.r.Discard(len(signature)); n < len(signature) || err != nil {
		return nil, nil
	}
	var profile, packet text
	for c.next() == nil && c.kind != "IEND" {
		if k := c.kind; k != "eXIf" && k != "tEXt" && k != "zTXt" && k != "iTXt" {
			if c.skip() != nil {
				break
			}
			continue
		}
		b, err := c.body(longest)
		if err != nil {
			break
		}
		if c.kind == "eXIf" {
			exif = b
			continue
		}
		switch t := parseText(c.kind, b); t.key {
		case "Raw profile type exif":
			profile = t
		case "XML:com.adobe.xmp":
			packet = t
		}
	}
	if exif == nil {
		exif = profile.digits()
	}
	return exif, packet.unpack()
}

// text is a chunk of text (section 11.3.3).
type text struct {
	key    string
	packed bool
	value  []byte
}

// parseText takes a chunk apart, whose key is empty when it cannot.
func parseText(kind string, b []byte) text {
	key, b, ok := bytes.Cut(b, []byte{0})
	if !ok {
		return text{}
	}
	t := text{string(key), kind == "zTXt", b}
	switch {
	case kind == "zTXt" && len(b) > 0 && b[0] == 0:
		t.value = b[1:]
	case kind == "iTXt" && len(b) > 2 && b[1] == 0:
		t.packed = b[0] != 0
		// Language and translated key.
		_, b, _ = bytes.Cut(b[2:], []byte{0})
		_, t.value, _ = bytes.Cut(b, []byte{0})
	case kind != "tEXt":
		return text{}
	}
	return t
}

// unpack returns the beginning of the text.
func (t text) unpack() []byte {
	if !t.packed {
		return t.value
	}
	z, err := zlib.NewReader(bytes.NewReader(t.value))
	if err != nil {
		return nil
	}
	b, _ := io.ReadAll(io.LimitReader(z, longest))
	return b
}

// digits returns the bytes of a profile in text: a line with its name, one with its
// length, and hexadecimal digits.
func (t text) digits() []byte {
	lines := strings.SplitN(string(t.unpack()), "\n", 4)
	if len(lines) < 4 {
		return nil
	}
	b, err := hex.DecodeString(strings.Join(strings.Fields(lines[3]), ""))
	if err != nil {
		return nil
	}
	return b
}
