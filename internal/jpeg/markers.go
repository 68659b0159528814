package jpeg

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
)

// Markers, T.81 table B.1.
const (
	markerSOF0  = 0xc0 // start of frame: baseline
	markerSOF1  = 0xc1 // extended sequential
	markerSOF2  = 0xc2 // progressive
	markerDHT   = 0xc4
	markerSOF9  = 0xc9 // extended sequential, arithmetic coding
	markerSOF10 = 0xca // progressive, arithmetic coding
	markerDAC   = 0xcc
	markerRST0  = 0xd0
	markerRST7  = 0xd7
	markerSOI   = 0xd8
	MarkerEOI   = 0xd9 // end of image
	MarkerSOS   = 0xda // start of scan
	markerDQT   = 0xdb
	markerDRI   = 0xdd
	markerAPP0  = 0xe0
	MarkerAPP1  = 0xe1 // Exif, XMP
	markerAPP14 = 0xee
	markerTEM   = 0x01
)

// isFrame tells whether a frame header follows, of any kind.
func isFrame(marker byte) bool {
	return marker >= 0xc0 && marker <= 0xcf && marker != markerDHT && marker != 0xc8 && marker != markerDAC
}

// alone tells whether nothing follows a marker.
func alone(marker byte) bool {
	return marker >= markerRST0 && marker <= markerSOI || marker == markerTEM || marker == MarkerEOI
}

// A Reader is what segments are read from: a bufio.Reader, a bytes.Reader.
type Reader interface {
	io.Reader
	io.ByteReader
}

// ReadSegment reads on to the next marker that is not a lone one but the end's, and what
// follows it, as its length says. It returns an error when the file ends before, or the
// length is none.
func ReadSegment(r Reader) (marker byte, body []byte, err error) {
	next := func() byte {
		var b byte
		if err == nil {
			b, err = r.ReadByte()
		}
		return b
	}
	for {
		// Bytes between segments are passed over, as libjpeg does, and so are fill bytes.
		for err == nil && next() != 0xff {
		}
		for marker = 0xff; err == nil && marker == 0xff; {
			marker = next()
		}
		if err != nil || marker == MarkerEOI || marker != 0 && !alone(marker) {
			break
		}
	}
	if err == nil && marker == MarkerEOI {
		return marker, nil, nil
	}
	n := int(next())<<8 | int(next())
	if err == nil && n < 2 {
		return 0, nil, fmt.Errorf("segment %#02x has a length of %d", marker, n)
	}
	if err == nil {
		body = make([]byte, n-2)
		_, err = io.ReadFull(r, body)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = ErrTruncated
	}
	return marker, body, err
}

// segment is ReadSegment of the file in memory.
func (d *decoder) segment() (marker byte, body []byte, err error) {
	r := bytes.NewReader(d.file[d.at:])
	marker, body, err = ReadSegment(r)
	d.at = len(d.file) - r.Len()
	return marker, body, err
}

// readTables reads a stream of tables without a picture.
func (d *decoder) readTables() error {
	for {
		marker, body, err := d.segment()
		if err != nil {
			return err
		}
		if marker == MarkerEOI {
			return nil
		}
		if err := d.table(marker, body); err != nil {
			return err
		}
	}
}

// read reads the file up to its end.
func (d *decoder) read() error {
	if len(d.file) < 2 || d.file[0] != 0xff || d.file[1] != markerSOI {
		return errors.New("no JPEG: it does not begin with ff d8")
	}
	d.at = 2
	for {
		marker, body, err := d.segment()
		switch {
		case err == nil && marker == MarkerEOI || errors.Is(err, ErrTruncated):
			switch f := d.frame; {
			case f == nil || !f.scanned:
				return cmp.Or(err, errors.New("no picture"))
			case !f.complete() && !d.opt.Truncated:
				return cmp.Or(err, errors.New("scans are missing"))
			}
			return nil
		case err != nil:
			return err
		case isFrame(marker):
			if err := d.readFrame(marker, body); err != nil {
				return err
			}
		case marker == MarkerSOS:
			done, err := d.readScan(body)
			if err != nil {
				return err
			}
			if done {
				return nil
			}
		default:
			if err := d.table(marker, body); err != nil {
				return err
			}
		}
	}
}

// table takes a segment that says how to read what comes.
func (d *decoder) table(marker byte, body []byte) error {
	switch marker {
	case markerDQT:
		return d.readQuantization(body)
	case markerDHT:
		return d.readHuffman(body)
	case markerDAC:
		return d.readConditioning(body)
	case markerDRI:
		if len(body) != 2 {
			return fmt.Errorf("a restart interval of %d bytes, expected 2", len(body))
		}
		d.interval = int(body[0])<<8 | int(body[1])
	case markerAPP0:
		if len(body) >= 12 && bytes.HasPrefix(body, []byte("JFIF\x00")) {
			d.sawJFIF = true
		}
	case markerAPP14:
		if len(body) >= 12 && bytes.HasPrefix(body, []byte("Adobe")) {
			d.sawAdobe, d.transform = true, body[11]
		}
	}
	return nil
}

// readQuantization reads tables of 8 or 16 bits, in zigzag order (T.81 B.2.4.1).
func (d *decoder) readQuantization(body []byte) error {
	for len(body) > 0 {
		precision, n := body[0]>>4, body[0]&15
		size := 1 + int(precision)
		if n > 3 || precision > 1 || len(body) < 1+64*size {
			return fmt.Errorf("a bad quantization table: number %d, precision %d, %d bytes left", n, precision, len(body)-1)
		}
		t := new([64]uint16)
		for i := range 64 {
			v := uint16(body[1+i*size])
			if precision == 1 {
				v = v<<8 | uint16(body[2+i*size])
			}
			t[zigzag[i]] = v
		}
		d.quant[n] = t
		body = body[1+64*size:]
	}
	return nil
}

// zigzag is the natural position of the k-th coefficient (T.81 figure A.6). What bad data
// write beyond the last, up to 15 further, lands on the last.
var zigzag = [128]uint8{
	0, 1, 8, 16, 9, 2, 3, 10,
	17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34,
	27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36,
	29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46,
	53, 60, 61, 54, 47, 55, 62, 63,
	63, 63, 63, 63, 63, 63, 63, 63,
	63, 63, 63, 63, 63, 63, 63, 63,
}
