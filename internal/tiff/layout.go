package tiff

import (
	"errors"
	"fmt"
	"slices"

	"github.com/glimpse-go/glimpse/internal/orientation"
)

// layout is what the tags say of a picture.
type layout struct {
	width, height int // as stored, not yet turned
	orientation   orientation.Orientation
	compression   int
	predictor     int
	photometric   int
	reversed      bool // FillOrder 2: the first pixel is in the lowest bit
	planes        int  // 1, or as many as samples where each has its own plane
	samples       int  // of a pixel, that are stored and read
	bits          int  // of a sample
	format        int  // of samples
	extra         []uint64
	table         *[256][3]uint8 // the colours of samples of at most 8 bits that stand alone
	across, down  int            // pixels that share a pair of chroma samples
	chroma        *lumaChroma
	grid          grid
	ccitt         ccittMode
}

// newLayout reads the tags, and refuses what is not read.
func newLayout(d *directory) (*layout, error) {
	l := &layout{planes: 1, across: 1, down: 1}
	for _, read := range []func(*directory) error{
		l.readSize, l.readCompression, l.readColours, l.readSamples, l.readTable, l.readPlanes, l.readChroma, l.check,
	} {
		if err := read(d); err != nil {
			return nil, err
		}
	}
	var err error
	if l.orientation, err = readOrientation(d); err != nil {
		return nil, err
	}
	l.grid, err = newGrid(d, l)
	return l, err
}

// number is a tag of one value, and its place.
type number struct {
	t    tag
	into *int
}

// numbers reads single values into their places; what the file does not have
// stays as it is.
func (d *directory) numbers(numbers ...number) error {
	for _, n := range numbers {
		var err error
		if *n.into, err = d.uint(n.t, *n.into); err != nil {
			return err
		}
	}
	return nil
}

// mostPixels is the size of the largest picture that any caller may ask for.
const mostPixels = 1 << 30

func (l *layout) readSize(d *directory) error {
	if err := d.numbers(number{tagImageWidth, &l.width}, number{tagImageLength, &l.height}); err != nil {
		return err
	}
	if l.width <= 0 || l.height <= 0 || l.width > mostPixels/l.height {
		return fmt.Errorf("an image of %d x %d pixels, expected 1 to %d", l.width, l.height, mostPixels)
	}
	return nil
}

func (l *layout) readCompression(d *directory) error {
	fillOrder, t4, t6 := 1, 0, 0
	l.compression, l.predictor = compressNone, 1
	if err := d.numbers(number{tagCompression, &l.compression}, number{tagFillOrder, &fillOrder},
		number{tagPredictor, &l.predictor}, number{tagT4Options, &t4}, number{tagT6Options, &t6}); err != nil {
		return err
	}
	if fillOrder != 1 && fillOrder != 2 {
		return fmt.Errorf("tag %v is %d, expected 1 or 2", tagFillOrder, fillOrder)
	}
	l.reversed = fillOrder == 2 && l.compression != compressJPEG
	switch l.compression {
	case compressLZW, compressDeflate, compressOldDeflate:
		return nil
	case compressCCITTRLE:
		l.ccitt = ccittMode{aligned: true}
	case compressGroup3:
		l.ccitt = ccittMode{lines: true, twoD: t4&1 != 0}
		t6 = t4
	case compressGroup4:
		l.ccitt = ccittMode{twoD: true}
	case compressNone, compressPackBits, compressJPEG:
	default:
		if name := unread[l.compression]; name != "" {
			return fmt.Errorf("compression %d, %s, is not read; save the file without compression, with LZW or Deflate", l.compression, name)
		}
		return fmt.Errorf("compression %d is not known", l.compression)
	}
	// As libtiff has it, the predictor is a matter of LZW and Deflate alone.
	l.predictor = 1
	if l.ccitt != (ccittMode{}) && t6&2 != 0 {
		return errors.New("CCITT with uncompressed mode is not read")
	}
	return nil
}

func (l *layout) readColours(d *directory) error {
	l.photometric = whiteIsZero
	if err := d.numbers(number{tagPhotometric, &l.photometric}); err != nil {
		return err
	}
	switch l.photometric {
	case whiteIsZero, blackIsZero, trueColour, palette, separated, yCbCr:
		return nil
	}
	if name := otherColours[l.photometric]; name != "" {
		return fmt.Errorf("photometric interpretation %d, %s, is not read; convert the file to RGB", l.photometric, name)
	}
	return fmt.Errorf("photometric interpretation %d is not known", l.photometric)
}

// colours is the number of samples that make the colour of a pixel.
func (l *layout) colours() int {
	switch l.photometric {
	case trueColour, yCbCr:
		return 3
	case separated:
		return 4
	}
	return 1
}

// mostSamples bounds the samples of a pixel, as Pillow does.
const mostSamples = 6

func (l *layout) readSamples(d *directory) error {
	l.samples = 1
	if err := d.numbers(number{tagSamplesPerPixel, &l.samples}); err != nil {
		return err
	}
	if l.samples < 1 || l.samples > mostSamples {
		return fmt.Errorf("%d samples a pixel, expected 1 to %d", l.samples, mostSamples)
	}
	// Where one value stands for all samples, or more are given than there are
	// samples, the intent is clear.
	one := func(t tag, otherwise int) (int, error) {
		v, err := d.uints(t, l.samples)
		if err != nil || len(v) == 0 {
			return otherwise, err
		}
		if len(v) != 1 && len(v) != l.samples || slices.Min(v) != slices.Max(v) || v[0] > 64 {
			return 0, fmt.Errorf("tag %v is %d for %d samples, expected the same for each", t, v, l.samples)
		}
		return int(v[0]), nil
	}
	var err error
	if l.bits, err = one(tagBitsPerSample, 1); err != nil {
		return err
	}
	if l.format, err = one(tagSampleFormat, unsigned); err != nil {
		return err
	}
	l.extra, err = d.uints(tagExtraSamples, mostSamples)
	return err
}

func (l *layout) readPlanes(d *directory) error {
	planar := 1
	if err := d.numbers(number{tagPlanarConfiguration, &planar}); err != nil {
		return err
	}
	if planar != 1 && planar != 2 {
		return fmt.Errorf("tag %v is %d, expected 1 or 2", tagPlanarConfiguration, planar)
	}
	if planar == 1 || l.samples == 1 {
		return nil
	}
	// Planes of samples that mean nothing need not be read.
	if len(l.extra) > 0 && slices.Max(l.extra) == 0 && len(l.extra) < l.samples {
		l.samples -= len(l.extra)
		l.extra = nil
	}
	l.planes = l.samples
	return nil
}

// readChroma reads how YCbCr is subsampled, which is 2 x 2 when the file does not
// say.
func (l *layout) readChroma(d *directory) error {
	if l.photometric != yCbCr || l.samples == 1 {
		return nil
	}
	var err error
	if l.chroma, err = newLumaChroma(d); err != nil || l.compression == compressJPEG {
		return err
	}
	v, err := d.uints(tagYCbCrSubSampling, 2)
	if err != nil {
		return err
	}
	switch len(v) {
	case 0:
		l.across, l.down = 2, 2
		if l.planes > 1 || l.compression == compressNone && l.isWhole(d) {
			l.across, l.down = 1, 1
		}
	case 2:
		switch v[0]<<4 | v[1] {
		case 0x11, 0x12, 0x21, 0x22, 0x41, 0x42, 0x44:
			l.across, l.down = int(v[0]), int(v[1])
		default:
			return fmt.Errorf("YCbCr is subsampled %d x %d, which is not read", v[0], v[1])
		}
	default:
		return fmt.Errorf("tag %v has one value, expected two", tagYCbCrSubSampling)
	}
	if l.across*l.down > 1 && (l.planes > 1 || l.predictor != 1) {
		return errors.New("subsampled YCbCr in planes or with a predictor is not read")
	}
	return nil
}

// isWhole tells whether the bytes of an uncompressed picture are those of YCbCr that
// is not subsampled, though the file fails to say so.
func (l *layout) isWhole(d *directory) bool {
	e, ok, err := d.find(tagStripByteCounts)
	if !ok || err != nil {
		return false
	}
	rows, err := d.uint(tagRowsPerStrip, l.height)
	if err != nil {
		rows = l.height
	}
	first, err := d.value(tagStripByteCounts, e, 0)
	return err == nil && first >= uint64(3*l.width*min(rows, l.height))
}

// check refuses samples of which no reading is known to be right, which are those
// that Pillow refuses.
func (l *layout) check(d *directory) error {
	extra := l.samples - l.colours()
	// Of RGB with a fourth sample that the file says nothing of, this is alpha.
	missing := len(l.extra) == 0 && extra == 1 && l.photometric == trueColour
	if extra != len(l.extra) && !missing && !(l.photometric == yCbCr && l.samples == 1) {
		return fmt.Errorf("%d samples a pixel, of them %d extra, with photometric interpretation %d", l.samples, len(l.extra), l.photometric)
	}
	if len(l.extra) > 1 && slices.Max(l.extra[1:]) != 0 {
		return fmt.Errorf("extra samples of kinds %d are not read", l.extra)
	}
	if l.converter(d) == nil {
		return fmt.Errorf("%d samples a pixel, each of %d bits and format %d, with photometric interpretation %d, are not read; save the file with 8 bits a sample", l.samples, l.bits, l.format, l.photometric)
	}
	switch {
	case l.predictor == 1:
	case l.predictor == 2 && (l.bits == 8 || l.bits == 16 || l.bits == 32):
	case l.predictor == 3 && l.format == float:
	default:
		return fmt.Errorf("predictor %d with samples of %d bits and format %d is not read", l.predictor, l.bits, l.format)
	}
	if l.ccitt != (ccittMode{}) && (l.bits != 1 || l.samples != 1) {
		return fmt.Errorf("CCITT with %d samples of %d bits, expected one of one", l.samples, l.bits)
	}
	if l.compression == compressJPEG && l.bits != 8 {
		return fmt.Errorf("JPEG with samples of %d bits is not read", l.bits)
	}
	return nil
}
