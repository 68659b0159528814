// Package jpeg decodes JPEG files to the very samples that libjpeg-turbo decodes, and so
// Pillow, OpenCV and torchvision: its integer inverse cosine transform, its triangle
// filter for chroma, its fixed-point colours, and its way on past damage. It reads what
// cameras, scanners and libraries write: baseline, extended and progressive files,
// Huffman's or arithmetic coding, any sampling factors, one, three or four components,
// with or without markers of JFIF and Adobe, with the tables left out (Motion JPEG).
//
// References: ITU-T T.81 (1992) for the format, whose figures and tables the comments
// name; ITU-T T.871 (JFIF) for its colours; Adobe's technical note 5116 for its marker.
package jpeg

import (
	"context"
	"errors"
	"fmt"
)

// ErrTruncated says that the file ends before the picture does.
var ErrTruncated = errors.New("the file ends too early")

// Colours says what the three or four components of a file are.
type Colours int

// The colours of a file.
const (
	Guess Colours = iota // by the markers of JFIF and Adobe and the components' names
	Plain                // gray, RGB or CMYK: the components are the samples
	YCbCr                // YCbCr or YCCK: a conversion lies before them
)

// Options of [Decode]. The zero value reads a file as Pillow does.
type Options struct {
	// MaxPixels is the size of the largest picture that is decoded. Default: no bound
	// but the format's, 65,535 on each side.
	MaxPixels int
	// Truncated accepts a file that ends too early, or lacks scans: what is missing is
	// gray, as with Pillow's LOAD_TRUNCATED_IMAGES (but that it guesses at missing scans
	// by smoothing).
	Truncated bool
	// Tables is a stream of tables alone that come before those of the file, as in TIFF.
	Tables []byte
	// Colours tells what the file does not. Default: what it tells.
	Colours Colours
}

// Picture is what a file shows: Components samples a pixel, 1 gray, 3 RGB, 4 CMYK, 0
// for no ink (they are turned around in the file, as Adobe writes them; Pillow does so
// with every file).
type Picture struct {
	Width, Height, Components int
	Pix                       []uint8
}

// Header tells the size of a picture, in pixels, and its components, of a file that is
// read up to there. It returns an error when the file is none that [Decode] can read.
func Header(r Reader) (width, height, components int, err error) {
	d := decoder{}
	for d.frame == nil {
		marker, body, err := ReadSegment(r)
		if err != nil {
			return 0, 0, 0, err
		}
		switch {
		case isFrame(marker):
			if err := d.readFrame(marker, body); err != nil {
				return 0, 0, 0, err
			}
		case marker == MarkerSOS || marker == MarkerEOI:
			return 0, 0, 0, errors.New("no picture before its data")
		}
	}
	f := d.frame
	return f.width, f.height, len(f.components), nil
}

// Decode decodes a file. It returns an error when that is no JPEG file, one of a kind
// that libjpeg-turbo refuses (hierarchical, two components, 12 bits), when it ends too
// early, when its scans are more work than a picture of its size can need, when it is
// larger than opt allows, or ctx is done. Damage that libjpeg passes over is passed over
// in the same way.
func Decode(ctx context.Context, file []byte, opt Options) (*Picture, error) {
	d := &decoder{ctx: ctx, opt: opt}
	if len(opt.Tables) > 0 {
		d.file = opt.Tables
		if err := d.readTables(); err != nil {
			return nil, fmt.Errorf("tables: %w", err)
		}
	}
	d.file, d.at = file, 0
	d.work = workspaces.Get().(*workspace)
	d.segments.data = d.work.data
	defer func() {
		d.work.data = d.segments.data
		workspaces.Put(d.work)
	}()
	if err := d.read(); err != nil {
		return nil, err
	}
	return d.picture()
}

// decoder holds the state of one file.
type decoder struct {
	ctx  context.Context
	opt  Options
	file []byte
	at   int // the next byte

	quant      [4]*[64]uint16 // in natural order
	dc, ac     [4]*huffmanTable
	condition  conditioning
	interval   int // MCUs between restart markers; 0: none
	sawJFIF    bool
	sawAdobe   bool
	transform  byte // Adobe's
	frame      *frame
	arithmetic bool
	visits     int // of blocks
	segments   segments
	work       *workspace
}
