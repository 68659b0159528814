package jpeg

import "bytes"

// segments hands out the entropy-coded data between two markers, without the zeros that
// are stuffed behind each ff (T.81 B.1.1.5).
type segments struct {
	data   []byte // what stands before the next marker, and zeros behind
	length int    // without these
	marker byte   // the next marker; 0 at the end of the file
	next   byte   // the restart marker that is due, 0 to 7
	// starved: the data ended within an MCU. What comes up to the next restart marker is
	// left as it is, as libjpeg does.
	starved bool
}

// padding is more than one MCU can take: 10 blocks of 64 coefficients of up to 16 bits,
// behind codes of up to 16, or as many correction bits.
const padding = 10*64*4 + 16

var zeros [padding]byte

// fetch takes the data from position at on, and returns that of the marker behind them.
func (s *segments) fetch(file []byte, at int) int {
	s.data, s.marker = s.data[:0], 0
	for {
		n := bytes.IndexByte(file[at:], 0xff)
		if n < 0 {
			s.data = append(s.data, file[at:]...)
			at = len(file)
			break
		}
		s.data = append(s.data, file[at:at+n]...)
		at += n
		end := at + 1
		for end < len(file) && file[end] == 0xff {
			end++
		}
		if end == len(file) {
			at = end
			break
		}
		if file[end] != 0 {
			s.marker = file[end]
			break
		}
		s.data = append(s.data, 0xff)
		at = end + 1
	}
	s.pad()
	return at
}

// empty is a segment of no data.
func (s *segments) empty() {
	s.data = s.data[:0]
	s.pad()
}

func (s *segments) pad() {
	s.length = len(s.data)
	s.data = append(s.data, zeros[:]...)
}

// restart goes on to the data behind the restart marker that is due. Where another one
// stands, it goes on as jpeg_resync_to_restart of jdmarker.c: one of the next two means
// that the interval was lost, so that there are no data for it; one of the last two is
// passed over; any other is taken for the right one.
func (s *segments) restart(file []byte, at int) int {
	due := s.next
	s.next = (s.next + 1) & 7
	for {
		switch {
		case s.marker == 0: // the end of the file
			s.empty()
			return at
		case s.marker < markerSOF0: // no marker of T.81
		case s.marker < markerRST0 || s.marker > markerRST7:
			s.empty()
			return at
		default:
			switch (s.marker - markerRST0 - due) & 7 {
			case 1, 2:
				s.empty()
				return at
			case 6, 7:
			default:
				s.starved = false
				return s.fetch(file, s.behind(file, at))
			}
		}
		at = s.fetch(file, s.behind(file, at))
	}
}

// behind is the position behind the marker at at, with its fill bytes.
func (s *segments) behind(file []byte, at int) int {
	for at < len(file) && file[at] == 0xff {
		at++
	}
	return min(at+1, len(file))
}
