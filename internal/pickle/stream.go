package pickle

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// A stream reads a range of an io.ReaderAt forwards through one small buffer,
// and knows where it is.
type stream struct {
	r    io.ReaderAt
	next int64 // offset in r of the first byte that is not in buf yet
	end  int64
	buf  []byte // bytes before next that are still to be consumed
	mem  [4096]byte
}

// pos returns the offset of the next byte.
func (s *stream) pos() int64 { return s.next - int64(len(s.buf)) }

// left returns how many bytes there are before the end.
func (s *stream) left() int64 { return s.end - s.pos() }

// need is the error for a length that exceeds what is left.
func (s *stream) need(n int64) error {
	return fmt.Errorf("expected %d more bytes, found %d: %w", n, s.left(), io.ErrUnexpectedEOF)
}

// take returns the next n bytes, n at most len(s.mem). They are valid until
// the next call.
func (s *stream) take(n int) ([]byte, error) {
	b, err := s.peek(n)
	if err == nil {
		s.buf = s.buf[n:]
	}
	return b, err
}

// peek is take that consumes nothing.
func (s *stream) peek(n int) ([]byte, error) {
	if len(s.buf) < n {
		if int64(n) > s.left() {
			return nil, s.need(int64(n))
		}
		kept := copy(s.mem[:], s.buf)
		want := int(min(int64(len(s.mem)-kept), s.end-s.next))
		got, err := s.r.ReadAt(s.mem[kept:kept+want], s.next)
		if got < want {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, fmt.Errorf("offset %d: expected %d bytes, found %d: %w", s.next, want, got, err)
		}
		s.next += int64(want)
		s.buf = s.mem[:kept+want]
	}
	return s.buf[:n], nil
}

// uint reads n bytes as a little-endian number, n at most 8.
func (s *stream) uint(n int) (uint64, error) {
	b, err := s.take(n)
	if err != nil {
		return 0, err
	}
	var full [8]byte
	copy(full[:], b)
	return binary.LittleEndian.Uint64(full[:]), nil
}

// length reads n bytes as a length, and checks it against what is left.
func (s *stream) length(n int) (int64, error) {
	v, err := s.uint(n)
	if err != nil {
		return 0, err
	}
	if v > uint64(s.left()) {
		return 0, fmt.Errorf("a length of %d bytes, but only %d are left: %w", v, s.left(), io.ErrUnexpectedEOF)
	}
	return int64(v), nil
}

// skip passes over n bytes that are known to be there.
func (s *stream) skip(n int64) {
	if n <= int64(len(s.buf)) {
		s.buf = s.buf[n:]
		return
	}
	s.next, s.buf = s.pos()+n, nil
}

// text reads n bytes, known to be there and booked, as a string.
func (s *stream) text(n int) (string, error) {
	if n <= len(s.mem) {
		b, err := s.take(n)
		return string(b), err
	}
	var sb strings.Builder
	sb.Grow(n)
	for n > 0 {
		b, err := s.take(min(n, len(s.mem)))
		if err != nil {
			return "", err
		}
		sb.Write(b)
		n -= len(b)
	}
	return sb.String(), nil
}

// fill makes the buffer as full as it gets.
func (s *stream) fill() error {
	kept := len(s.buf)
	want := int(min(int64(len(s.mem)-kept), s.end-s.next))
	if want == 0 {
		return nil
	}
	_, err := s.peek(kept + want)
	return err
}

// lineLength returns how many bytes there are before the next newline. It is an error when
// there is none among the next most+1 bytes.
func (s *stream) lineLength(most int64) (int64, error) {
	if i := bytes.IndexByte(s.buf, '\n'); i >= 0 {
		return int64(i), nil
	}
	if err := s.fill(); err != nil {
		return 0, err
	}
	if i := bytes.IndexByte(s.buf, '\n'); i >= 0 {
		return int64(i), nil
	}
	ahead := stream{r: s.r, next: s.next, end: s.end}
	for {
		if ahead.pos()-s.pos() > most {
			return 0, fmt.Errorf("a line of more than %d bytes", most)
		}
		if ahead.left() == 0 {
			return 0, fmt.Errorf("expected a newline: %w", io.ErrUnexpectedEOF)
		}
		if err := ahead.fill(); err != nil {
			return 0, err
		}
		if i := bytes.IndexByte(ahead.buf, '\n'); i >= 0 {
			return ahead.pos() + int64(i) - s.pos(), nil
		}
		ahead.buf = nil
	}
}

// line reads up to a newline, which is consumed and left out. It is for names
// and numbers, so a line of more than 1024 bytes is an error.
func (s *stream) line() (string, error) {
	const most = 1024
	n, err := s.lineLength(most)
	if err != nil {
		return "", err
	}
	if n > most {
		return "", fmt.Errorf("a line of more than %d bytes", most)
	}
	b, err := s.take(int(n) + 1)
	if err != nil {
		return "", err
	}
	return string(b[:n]), nil
}
