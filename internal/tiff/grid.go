package tiff

import (
	"errors"
	"fmt"
)

// grid is how a picture is cut into chunks, which are strips or tiles, and where
// the bytes of each are (TIFF 6.0, section 15). Strips are tiles of full width.
type grid struct {
	width, height int   // of a chunk, in pixels
	across, down  int   // chunks of a plane
	rowBytes      int   // of a row of a chunk, as it is unpacked; of data units where YCbCr is subsampled
	tiles         bool  // or strips
	offsets       entry // of the chunks, plane after plane
	counts        entry // their bytes, if the file says
	offsetTag     tag
	countTag      tag
}

// A chunk may reach beyond the picture, as the tiles at its edges do, and what is
// there is unpacked in vain. These bounds on it leave room for any sensible tile.
const (
	mostBeyond  = 16      // times the picture
	alwaysRows  = 1 << 20 // bytes that are unpacked in any case
	alwaysWidth = 1 << 14 // pixels that a chunk may have in any case
)

func newGrid(d *directory, l *layout) (grid, error) {
	g := grid{width: l.width, height: l.height, offsetTag: tagStripOffsets, countTag: tagStripByteCounts}
	has := func(t tag) bool { _, ok := d.tags[t]; return ok }
	// Some writers give tiles the tags of strips, and none may give both.
	if g.tiles = has(tagTileWidth) && has(tagTileLength); g.tiles && has(tagTileOffsets) {
		g.offsetTag, g.countTag = tagTileOffsets, tagTileByteCounts
	}
	if !has(g.offsetTag) || has(tagStripOffsets) && has(tagTileOffsets) {
		return g, errors.New("expected the offsets of either strips or tiles")
	}
	var err error
	if g.tiles {
		g.width, g.height = 0, 0
		err = d.numbers(number{tagTileWidth, &g.width}, number{tagTileLength, &g.height})
	} else {
		err = g.readRowsPerStrip(d)
	}
	if err != nil {
		return g, err
	}
	if g.width < 1 || g.height < 1 {
		return g, fmt.Errorf("strips or tiles of %d x %d pixels", g.width, g.height)
	}
	if g.width > alwaysWidth && g.width/4 > l.width {
		return g, fmt.Errorf("tiles of %d x %d pixels in an image of %d x %d", g.width, g.height, l.width, l.height)
	}
	g.across, g.down = ceil(l.width, g.width), ceil(l.height, g.height)
	g.rowBytes = l.rowBytes(g.width)
	unpacked := float64(g.across) * float64(g.rowBytes*l.planes) * float64(ceil(l.height, l.down))
	if picture := float64(l.rowBytes(l.width)*l.planes) * float64(l.height); unpacked > mostBeyond*picture+alwaysRows {
		return g, fmt.Errorf("tiles of %d x %d pixels in an image of %d x %d", g.width, g.height, l.width, l.height)
	}
	if g.height%l.down != 0 && g.down > 1 {
		return g, fmt.Errorf("strips of %d rows, where %d share their chroma", g.height, l.down)
	}
	return g, g.find(d, l)
}

// readRowsPerStrip reads the rows of a strip. All ones are a way to say that all
// rows are in one strip.
func (g *grid) readRowsPerStrip(d *directory) error {
	v, err := d.uints(tagRowsPerStrip, 1)
	if err == nil && len(v) > 0 && v[0] < uint64(g.height) {
		g.height = int(v[0])
	}
	return err
}

// find finds where the offsets and the counts are, and that there are enough of
// them.
func (g *grid) find(d *directory, l *layout) error {
	n := uint64(g.across) * uint64(g.down) * uint64(l.planes)
	var ok bool
	var err error
	if g.offsets, _, err = d.find(g.offsetTag); err != nil {
		return err
	}
	if g.offsets.count < n {
		return fmt.Errorf("tag %v has %d values, expected %d", g.offsetTag, g.offsets.count, n)
	}
	if g.counts, ok, err = d.find(g.countTag); err != nil {
		return err
	}
	if ok && g.counts.count < n {
		return fmt.Errorf("tag %v has %d values, expected %d", g.countTag, g.counts.count, n)
	}
	return nil
}

// chunk returns where the bytes of chunk i are. A file that does not say how many
// there are, or says none, may mean all up to its end.
func (g *grid) chunk(d *directory, i uint64) (offset, count int64, err error) {
	at, err := d.value(g.offsetTag, g.offsets, i)
	if err != nil {
		return 0, 0, err
	}
	if at < 8 || at >= uint64(d.size) {
		return 0, 0, fmt.Errorf("its bytes are at %d of a file of %d", at, d.size)
	}
	offset, count = int64(at), d.size-int64(at)
	if g.counts.count > 0 {
		n, err := d.value(g.countTag, g.counts, i)
		if err != nil {
			return 0, 0, err
		}
		if n > 0 && n < uint64(count) {
			count = int64(n)
		}
	}
	return offset, count, nil
}

// rowBytes returns the bytes of a row of one plane, or of a row of data units.
func (l *layout) rowBytes(width int) int {
	if l.across*l.down > 1 {
		return ceil(width, l.across) * (l.across*l.down + 2)
	}
	return ceil(width*l.samples/l.planes*l.bits, 8)
}

func ceil(a, b int) int { return (a + b - 1) / b }
