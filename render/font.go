package render

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// A Font sets the characters that the Go font lacks, such as Chinese and Japanese:
// an option of every figure. Where several fonts are given, the first that has a
// character sets it. Letters stand one after another, those of right-to-left scripts
// in their order; they are neither joined nor combined, as Arabic and Devanagari
// want it: see Unshaped. A Font is safe for concurrent use.
type Font struct {
	file   *fontFile
	outfit *sfnt.Font
	cff    bool // outlines as those of PostScript
}

// fontFile is what the fonts of one file share.
type fontFile struct {
	mu sync.Mutex // guards the meter, and the fonts that read by it
	*meter
}

// ParseFonts reads a TrueType or OpenType font, or all fonts of a collection (.ttc,
// .otc). The bytes must not change afterwards. It returns an error when they are no
// such font, a damaged one, or one whose letters are pictures and not outlines, as
// of most emoji in colour. It allocates at most 4 times their size and 1 MiB.
func ParseFonts(content []byte) ([]*Font, error) {
	if err := checkMagic(content); err != nil {
		return nil, fmt.Errorf("render: font: %w", err)
	}
	file := &fontFile{meter: &meter{content: content}}
	file.allow(4*len(content)+1<<20, reading)
	c, err := opentype.ParseCollectionReaderAt(file.meter)
	if err != nil {
		return nil, file.error(err)
	}
	var fonts []*Font
	for i := range c.NumFonts() {
		outfit, err := c.Font(i)
		if err != nil {
			return nil, file.error(err)
		}
		fonts = append(fonts, &Font{file, outfit, file.isCFF(i)})
	}
	if len(fonts) == 0 {
		return nil, errors.New("render: font: an empty collection")
	}
	if !fonts[0].hasOutlines() {
		if file.spent {
			return nil, file.error(errSpent)
		}
		return nil, errors.New("render: font: it has no outlines: its letters are pictures, as of emoji in colour; take a font of one colour, such as Noto Emoji")
	}
	return fonts, nil
}

// error is an error of package sfnt.
func (f *fontFile) error(err error) error {
	if f.spent {
		err = errSpent
	}
	return fmt.Errorf("render: font: not a TrueType or OpenType font that can be read: %w", err)
}

// isCFF tells whether font i of a file has the outlines of PostScript.
func (f *fontFile) isCFF(i int) bool {
	at := 0
	if string(f.content[:4]) == "ttcf" {
		if at = 12 + 4*i; at+4 > len(f.content) {
			return false
		}
		at = int(binary.BigEndian.Uint32(f.content[at:]))
	}
	return at+4 <= len(f.content) && string(f.content[at:at+4]) == "OTTO"
}

// hasOutlines tells whether any glyph of a font can be drawn.
func (f *Font) hasOutlines() bool {
	var buf sfnt.Buffer
	f.allow()
	f.file.left += 4 * len(f.file.content) // for all that have none
	for x := range f.outfit.NumGlyphs() {
		if f.file.spent {
			break
		}
		if s, err := f.outfit.LoadGlyph(&buf, sfnt.GlyphIndex(x), fixed.I(16), nil); err == nil && len(s) > 0 {
			return true
		}
	}
	return false
}

// allow lets the font read one glyph.
func (f *Font) allow() {
	if f.cff {
		f.file.allow(glyphBytes, drawingCFF)
	} else {
		f.file.allow(glyphBytes, drawingTrueType)
	}
}

// checkMagic looks at the beginning of a file, so that what is no font is named.
func checkMagic(content []byte) error {
	if len(content) < 12 {
		return fmt.Errorf("%d bytes are too few for a font", len(content))
	}
	switch magic := string(content[:4]); {
	case magic == "wOFF" || magic == "wOF2":
		return errors.New("a web font (WOFF): convert it to .ttf or .otf")
	case magic == "\x00\x01\x00\x00", magic == "OTTO", magic == "true", magic == "ttcf":
		return nil
	case binary.BigEndian.Uint32(content) == 0x100: // a Macintosh resource file (.dfont)
		return nil
	default:
		return fmt.Errorf("the file begins with %q, not as a font (.ttf, .otf, .ttc)", magic)
	}
}

// A meter is the bytes of a font, of which so many can be read: package sfnt reads
// what it works on anew each time, so that with the bytes its time and memory are
// bounded. Without it a small file of glyphs made of glyphs made of glyphs, or of
// subroutines that call each other, would keep it busy for years.
type meter struct {
	content []byte
	left    int
	task    task
	spent   bool
}

// task is what a font is read for.
type task int

const (
	reading task = iota
	drawingTrueType
	drawingCFF
)

// glyphBytes is what reading one glyph may cost, about the memory that its outline
// takes. The most intricate ideographs of serif fonts take a third.
const glyphBytes = 1 << 20

// segmentBytes is the size of a sfnt.Segment.
const segmentBytes = 28

var errSpent = errors.New("it takes more work than an honest font of its size")

// allow begins a task that may cost so many bytes.
func (m *meter) allow(bytes int, t task) { m.left, m.task, m.spent = bytes, t, false }

// ReadAt is for package sfnt.
func (m *meter) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off > int64(len(m.content)) || len(p) > len(m.content)-int(off) {
		return 0, errors.New("it ends too early")
	}
	b := m.content[off : int(off)+len(p)]
	// A read of few bytes costs time too.
	if m.left -= 64 + m.cost(b); m.left < 0 || m.spent {
		m.spent = true
		return 0, errSpent
	}
	return copy(p, b), nil
}

// cost is the memory that is made of bytes.
func (m *meter) cost(b []byte) int {
	switch m.task {
	case drawingCFF: // two bytes are a segment
		return len(b) * segmentBytes / 2
	case drawingTrueType:
		return len(b) + points(b)*2*segmentBytes
	}
	return 2 * len(b)
}

// points returns the number of points that a glyph of TrueType says that it has: few
// bytes can say that a point comes again and again.
func points(glyph []byte) int {
	const header = 10
	if len(glyph) < header+2 {
		return 0
	}
	contours := int(int16(binary.BigEndian.Uint16(glyph)))
	last := header + 2*contours - 2
	if contours <= 0 || last+2 > len(glyph) {
		return 0
	}
	return int(binary.BigEndian.Uint16(glyph[last:])) + 1
}
