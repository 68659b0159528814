package tiff

import (
	"bufio"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

// stream gives the rows of one plane's chunks, one chunk after another. What it has
// is used again for each, so that many small chunks cost no more than a large one.
type stream struct {
	d      *decoder
	raw    rawReader
	buf    *bufio.Reader
	rows   io.Reader // unpacks
	zlib   io.ReadCloser
	pixels pixelReader // of a chunk that is JPEG
	undo   func(row []byte)
	end    [1]byte
}

func newStream(d *decoder) *stream {
	s := &stream{d: d, raw: rawReader{d: d}}
	s.buf = bufio.NewReaderSize(&s.raw, 1<<12)
	s.undo = d.undoPredictor()
	switch d.compression {
	case compressPackBits:
		s.rows = &packBits{src: s.buf}
	case compressLZW:
		s.rows = &lzw{src: s.buf}
	case compressCCITTRLE, compressGroup3, compressGroup4:
		s.rows = &ccitt{src: s.buf, mode: d.ccitt, width: d.grid.width}
	case compressJPEG:
		s.rows = &s.pixels
	default:
		s.rows = s.buf
	}
	return s
}

// open begins with chunk i, of which height rows will be read.
func (s *stream) open(ctx context.Context, i uint64, height int) error {
	offset, count, err := s.d.grid.chunk(s.d.directory, i)
	if err != nil {
		return err
	}
	if s.d.compression == compressNone {
		// How many bytes it has is known, and as Pillow has it the file need not know.
		count = min(int64(s.d.grid.rowBytes)*int64(ceil(height, s.d.down)), s.d.size-offset)
	}
	s.raw.offset, s.raw.left = offset, count
	s.buf.Reset(&s.raw)
	switch r := s.rows.(type) {
	case interface{ reset() error }:
		return eof(r.reset())
	case *pixelReader:
		return s.openJPEG(ctx, count)
	}
	if s.d.compression == compressDeflate || s.d.compression == compressOldDeflate {
		return s.openZlib()
	}
	return nil
}

func (s *stream) openZlib() (err error) {
	if s.zlib == nil {
		s.zlib, err = zlib.NewReader(s.buf)
		s.rows = s.zlib
	} else {
		err = s.zlib.(zlib.Resetter).Reset(s.buf, nil)
	}
	return eof(err)
}

// read fills row with the next row of the chunk.
func (s *stream) read(row []byte) error {
	if _, err := io.ReadFull(s.rows, row); err != nil {
		return eof(err)
	}
	s.undo(row)
	return nil
}

// close compares the checksum of a chunk that ends where its rows do. Some writers
// let more rows follow, and libtiff's leave the checksum out where they fill a tile.
func (s *stream) close() error {
	if s.zlib == nil {
		return nil
	}
	if _, err := s.zlib.Read(s.end[:]); errors.Is(err, zlib.ErrChecksum) {
		return err
	}
	return nil
}

// rawReader reads the bytes of a chunk, in the order of their bits that the
// compressions expect, and counts them.
type rawReader struct {
	d            *decoder
	offset, left int64
}

func (r *rawReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), r.left)]
	if r.d.taken += int64(len(p)); r.d.taken > r.d.mostTaken() {
		return 0, fmt.Errorf("the strips or tiles overlap so much that reading them would take more than %d bytes", r.d.mostTaken())
	}
	if err := r.d.readAt(p, r.offset); err != nil {
		return 0, err
	}
	r.offset += int64(len(p))
	r.left -= int64(len(p))
	if r.d.reversed {
		for i, b := range p {
			p[i] = bits.Reverse8(b)
		}
	}
	return len(p), nil
}
