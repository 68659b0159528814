package data

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"

	"github.com/glimpse-go/glimpse/internal/ctxio"
)

const defaultMaxPixels = 1 << 26

// codec is a kind of image file.
type codec struct {
	name   string
	magic  string // ? stands for any byte
	config func(io.Reader) (image.Config, error)
	decode func(*source) (image.Image, error)
}

var codecs = []codec{
	{"jpeg", "\xff\xd8\xff", jpeg.DecodeConfig, in(jpeg.Decode)},
	{"png", "\x89PNG\r\n\x1a\n", png.DecodeConfig, in(png.Decode)},
	{"gif", "GIF8?a", gif.DecodeConfig, decodeGIF},
	{"webp", "RIFF????WEBP", webp.DecodeConfig, in(webp.Decode)},
	{"bmp", "BM", bmp.DecodeConfig, in(bmp.Decode)},
	{"tiff", "II*\x00", tiff.DecodeConfig, in(tiff.Decode)},
	{"tiff", "MM\x00*", tiff.DecodeConfig, in(tiff.Decode)},
}

// in adapts a decoder that reads the file once.
func in(decode func(io.Reader) (image.Image, error)) func(*source) (image.Image, error) {
	return func(s *source) (image.Image, error) { return decode(s.reader()) }
}

// sniff returns the codec of a file that begins with head, or nil.
func sniff(head []byte) *codec {
	for i, c := range codecs {
		match := len(head) >= len(c.magic)
		for j := 0; match && j < len(c.magic); j++ {
			match = c.magic[j] == '?' || c.magic[j] == head[j]
		}
		if match {
			return &codecs[i]
		}
	}
	return nil
}

// readImage decodes an image file of at most limit pixels.
func readImage(ctx context.Context, path string, limit int) (*Image, error) {
	// Looked at before it is opened: opening a named pipe would wait for ever.
	info, err := os.Stat(path)
	if err != nil {
		return nil, unpath(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, unpath(err)
	}
	defer f.Close()
	return decodeImage(ctx, f, info.Size(), limit)
}

// unpath drops the path from an error of the os package, whose caller names
// the file.
func unpath(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}

// decodeImage decodes the image file in the first size bytes of r, and gives
// up when ctx ends. The size of the picture is known before memory is taken
// for it.
func decodeImage(ctx context.Context, r io.ReaderAt, size int64, limit int) (*Image, error) {
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
		return nil, fmt.Errorf("not an image: it begins with %q, expected JPEG, PNG, GIF, WebP, BMP or TIFF", head[:min(len(head), 8)])
	}
	if c.name == "webp" {
		if err := checkRIFF(head, size); err != nil {
			return nil, err
		}
	}
	file := &source{r, size, c.name == "tiff"}
	config, err := c.config(file.reader())
	if err != nil {
		return nil, c.errorf(err)
	}
	w, h := config.Width, config.Height
	if w <= 0 || h <= 0 {
		return nil, fmt.Errorf("%s: an image of %d x %d pixels", c.name, w, h)
	}
	if w > limit/h {
		return nil, fmt.Errorf("%s: an image of %d x %d pixels, more than the limit of %d pixels", c.name, w, h, limit)
	}
	im, err := c.decode(file)
	if err != nil {
		return nil, c.errorf(err)
	}
	if b := im.Bounds(); b.Dx() != w || b.Dy() != h {
		return nil, fmt.Errorf("%s: a picture of %d x %d pixels in an image of %d x %d", c.name, b.Dx(), b.Dy(), w, h)
	}
	switch m := im.(type) {
	case *image.YCbCr:
		if c.name == "webp" {
			return fromVP8(ctx, m)
		}
		return fromJFIF(ctx, m)
	case *image.NYCbCrA:
		return fromVP8(ctx, &m.YCbCr)
	}
	return toRGB(ctx, im)
}

// checkRIFF returns an error for a WebP file that is shorter than it says: the
// decoder takes memory for what it says, up to 128 MB.
func checkRIFF(head []byte, size int64) error {
	// A byte that fills up the last chunk is left out by some writers.
	if n := 8 + int64(binary.LittleEndian.Uint32(head[4:])); n > size+1 {
		return fmt.Errorf("webp: the file ends too early: %d bytes, it says %d", size, n)
	}
	return nil
}

// source is a file that can be read from its beginning again.
type source struct {
	r    io.ReaderAt
	size int64
	seek bool // the decoder reads at offsets, so that a buffer would not help
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
