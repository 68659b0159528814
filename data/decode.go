package data

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"reflect"
	"strings"

	"github.com/glimpse-go/glimpse/internal/bmp"
	"github.com/glimpse-go/glimpse/internal/ctxio"
	"github.com/glimpse-go/glimpse/internal/gif"
	"github.com/glimpse-go/glimpse/internal/png"
	"github.com/glimpse-go/glimpse/internal/pnm"
	"github.com/glimpse-go/glimpse/internal/webp"
)

const defaultMaxPixels = 1 << 26

// codec is a kind of image file.
type codec struct {
	name   string
	magic  string // ? stands for any byte
	config func(io.Reader) (image.Config, error)
	decode func(context.Context, *source) (image.Image, error)
}

var codecs = []codec{
	{"jpeg", "\xff\xd8\xff", configJPEG, decodeJPEG},
	{"png", "\x89PNG\r\n\x1a\n", png.DecodeConfig, stopping(png.Decode)},
	{"gif", "GIF8?a", gif.DecodeConfig, stopping(gif.Decode)},
	{"webp", "RIFF????WEBP", webp.DecodeConfig, decodeWebP},
	{"bmp", "BM", bmp.DecodeConfig, decodeBMP},
	{"pnm", "P1", pnm.DecodeConfig, in(pnm.Decode)},
	{"pnm", "P2", pnm.DecodeConfig, in(pnm.Decode)},
	{"pnm", "P3", pnm.DecodeConfig, in(pnm.Decode)},
	{"pnm", "P4", pnm.DecodeConfig, in(pnm.Decode)},
	{"pnm", "P5", pnm.DecodeConfig, in(pnm.Decode)},
	{"pnm", "P6", pnm.DecodeConfig, in(pnm.Decode)},
	{"pnm", "P7", pnm.DecodeConfig, in(pnm.Decode)}, // to say what it is
	{"pnm", "Pf", pnm.DecodeConfig, in(pnm.Decode)},
	{"pnm", "PF", pnm.DecodeConfig, in(pnm.Decode)}, // the same
	{"tiff", "II*\x00", configTIFF, decodeTIFF},
	{"tiff", "MM\x00*", configTIFF, decodeTIFF},
	{"tiff", "II+\x00", configTIFF, decodeTIFF}, // BigTIFF
	{"tiff", "MM\x00+", configTIFF, decodeTIFF},
}

// in adapts a decoder that reads the file once, and stops by the reader alone.
func in(decode func(io.Reader) (image.Image, error)) func(context.Context, *source) (image.Image, error) {
	return func(_ context.Context, s *source) (image.Image, error) { return decode(s.reader()) }
}

// stopping adapts a decoder that looks at the context as well.
func stopping(decode func(context.Context, io.Reader) (image.Image, error)) func(context.Context, *source) (image.Image, error) {
	return func(ctx context.Context, s *source) (image.Image, error) { return decode(ctx, s.reader()) }
}

// decodeBMP adapts that of bitmaps, whose pixels may be anywhere in the file.
func decodeBMP(_ context.Context, s *source) (image.Image, error) {
	return bmp.Decode(io.NewSectionReader(s.r, 0, s.size))
}

// sniff returns the codec of a file that begins with head, or nil.
func sniff(head []byte) *codec {
	for i, c := range codecs {
		if begins(head, c.magic) {
			return &codecs[i]
		}
	}
	return nil
}

// DecodeOptions bound what [Decode] takes. The zero value means the defaults.
type DecodeOptions struct {
	// MaxPixels is the size of the largest picture that is decoded. Default:
	// 1<<26, 64 megapixels. Decoding takes up to 24 bytes a pixel, 27 where it is turned.
	MaxPixels int
	// MaxBytes is the size of the longest file that is read, all of it into
	// memory. Default: 1<<28.
	MaxBytes int64
	// ApplyOrientation turns and flips the picture as the orientation in its Exif or
	// XMP data tells, as ImageOps.exif_transpose of Pillow does: of JPEG, PNG and
	// WebP. Without it the pixels are left as they are stored, which is what Pillow
	// and torchvision do. (The orientation of TIFF is applied always, as they do.)
	ApplyOrientation bool
	// Truncated reads JPEG files that end too early, or lack scans: what is missing is
	// gray. As Pillow's LOAD_TRUNCATED_IMAGES.
	Truncated bool
}

// decoding is how files are decoded.
type decoding struct {
	limit     int // pixels
	orient    bool
	truncated bool
}

// newDecoding fills in the default.
func newDecoding(limit int, orient, truncated bool) decoding {
	return decoding{cmp.Or(limit, defaultMaxPixels), orient, truncated}
}

// Decode decodes an image file, JPEG, PNG, GIF, WebP, BMP, TIFF or PNM (PPM, PGM, PBM),
// from a reader, such as an upload; it reads to the end. The picture is Pillow's to the
// last bit, and that of [OpenFiles] for the same bytes. It returns an error when the bytes are no image of these, or one
// that is damaged, when a bound is exceeded, or ctx is done.
func Decode(ctx context.Context, r io.Reader, opt DecodeOptions) (*Image, error) {
	if opt.MaxPixels < 0 || opt.MaxPixels > 1<<30 {
		return nil, fmt.Errorf("data: MaxPixels is %d, expected at most %d", opt.MaxPixels, 1<<30)
	}
	if opt.MaxBytes < 0 || opt.MaxBytes > maxInMemory {
		return nil, fmt.Errorf("data: MaxBytes is %d, expected at most %d", opt.MaxBytes, maxInMemory)
	}
	content, err := contents(ctx, r, cmp.Or(opt.MaxBytes, 1<<28))
	if err != nil {
		return nil, fmt.Errorf("data: image: %w", err)
	}
	im, err := newDecoding(opt.MaxPixels, opt.ApplyOrientation, opt.Truncated).oriented(ctx, bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, fmt.Errorf("data: image: %w", err)
	}
	return im, nil
}

// FromImage converts a picture to RGB as Pillow's convert("RGB") does: alpha is
// dropped, not blended; 16-bit colour keeps its upper byte, 16-bit gray is clipped
// to 255. An *image.YCbCr, as image/jpeg decodes, becomes the pixels that Pillow
// shows of the file. An [*Image] is returned as it is; otherwise the result
// belongs to the caller, and begins at (0, 0) whatever the bounds of im. It returns
// an error when im is nil, has no pixels or more than 1<<30 of them, or ctx is
// done.
func FromImage(ctx context.Context, im image.Image) (*Image, error) {
	if v := reflect.ValueOf(im); im == nil || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, errors.New("data: the image is nil")
	}
	if im, ok := im.(*Image); ok {
		return im, im.check()
	}
	if b := im.Bounds(); b.Dx() <= 0 || b.Dy() <= 0 || b.Dx() > 1<<30/b.Dy() {
		return nil, fmt.Errorf("data: an image of %d x %d pixels", b.Dx(), b.Dy())
	}
	if m, ok := im.(*image.YCbCr); ok && m.Rect.Min == (image.Point{}) {
		return fromJFIF(ctx, m)
	}
	return toRGB(ctx, im)
}

// file decodes an image file, and orients it.
func (how decoding) file(ctx context.Context, fsys fs.FS, name string) (*Image, error) {
	r, size, c, err := openAt(ctx, fsys, name)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return how.oriented(ctx, r, size)
}

// oriented is decode, and applies the orientation that the file tells, if it is asked for.
func (how decoding) oriented(ctx context.Context, r io.ReaderAt, size int64) (*Image, error) {
	im, err := how.decode(ctx, r, size)
	if err != nil || !how.orient {
		return im, err
	}
	o, err := readOrientation(ctx, r, size)
	if err != nil {
		return nil, err
	}
	return orient(ctx, im, o)
}

// decode decodes the image file in the first size bytes of r, and gives
// up when ctx ends. The size of the picture is known before memory is taken
// for it.
func (how decoding) decode(ctx context.Context, r io.ReaderAt, size int64) (*Image, error) {
	if size == 0 {
		return nil, errors.New("the file is empty")
	}
	r = ctxio.ReaderAt(ctx, r)
	head := make([]byte, min(size, 32))
	if n, err := r.ReadAt(head, 0); n < len(head) {
		return nil, fmt.Errorf("read %d of %d bytes: %w", n, size, err)
	}
	c := sniff(head)
	if c == nil {
		return nil, unknownKind(head)
	}
	file := &source{r, size, c.name == "tiff", how.truncated}
	config, err := c.config(file.reader())
	if err != nil {
		return nil, c.errorf(err)
	}
	w, h := config.Width, config.Height
	if w <= 0 || h <= 0 {
		return nil, fmt.Errorf("%s: an image of %d x %d pixels", c.name, w, h)
	}
	if w > how.limit/h {
		return nil, fmt.Errorf("%s: an image of %d x %d pixels, more than the limit of %d pixels (MaxPixels raises it)", c.name, w, h, how.limit)
	}
	im, err := c.decode(ctx, file)
	if err != nil {
		return nil, c.errorf(err)
	}
	if b := im.Bounds(); b.Dx() != w || b.Dy() != h {
		return nil, fmt.Errorf("%s: a picture of %d x %d pixels in an image of %d x %d", c.name, b.Dx(), b.Dy(), w, h)
	}
	switch m := im.(type) {
	case *Image:
		return m, nil
	case *image.YCbCr:
		return fromJFIF(ctx, m)
	}
	return toRGB(ctx, im)
}

// source is a file that can be read from its beginning again.
type source struct {
	r    io.ReaderAt
	size int64
	seek bool // the decoder reads at offsets, so that a buffer would not help

	truncated bool // what there is of a file that ends too early will do
}

func (s *source) reader() io.Reader {
	section := io.NewSectionReader(s.r, 0, s.size)
	if s.seek {
		return section
	}
	return bufio.NewReaderSize(section, 1<<12)
}

// errorf puts the codec's name before its errors, once.
func (c *codec) errorf(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the file ends too early")
	}
	if strings.HasPrefix(err.Error(), c.name+":") {
		return err
	}
	return fmt.Errorf("%s: %w", c.name, err)
}
