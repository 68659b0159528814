package jpeg

import (
	"errors"
	"fmt"
)

// part is what a scan knows of one of its components.
type part struct {
	*component
	dcNumber, acNumber byte
	dc, ac             *huffmanTable
	predicted          int32 // the DC coefficient of the block before
	context            int   // how it differed from the one before that (arithmetic coding)
}

// scan is one pass over blocks (T.81 B.2.3).
type scan struct {
	parts      []*part
	first      int  // the band of coefficients, in zigzag order
	last       int  // inclusive
	high, low  uint // bits: those that came before are above high, those that come now above low
	sequential bool
}

// coder reads blocks from a segment.
type coder interface {
	// restart begins a segment.
	restart(data []byte)
	// block decodes one of p into b. Of a sequential scan b is zero before, and what is
	// written is dequantized; of a progressive one nonzero has a bit for each coefficient
	// that is not zero, in zigzag order.
	block(p *part, b *[64]int16, nonzero *uint64)
	// over tells whether more was needed than the first length bytes of the segment.
	over(length int) bool
}

// maxPasses bounds the work of a file: passes over all blocks. Encoders that search for
// the best script end with a dozen scans of single components.
const maxPasses = 32

// readScan reads the header of a scan and its data. It is done when nothing can follow.
func (d *decoder) readScan(body []byte) (done bool, err error) {
	f := d.frame
	if f == nil {
		return false, errors.New("a scan before the frame header")
	}
	s, err := d.scanHeader(body)
	if err != nil {
		return false, err
	}
	mcusX, mcusY, blocks := s.parts[0].blocksX, s.parts[0].blocksY, 1
	if len(s.parts) > 1 {
		mcusX, mcusY, blocks = f.mcusX, f.mcusY, 0
		for _, p := range s.parts {
			blocks += p.h * p.v
		}
		if blocks > 10 {
			return false, fmt.Errorf("%d blocks in an MCU, expected at most 10", blocks)
		}
	}
	d.visits += mcusX * mcusY * blocks
	if d.visits > maxPasses*f.blocks()+100*len(d.file) {
		return false, errors.New("more scans than a picture of its size needs")
	}
	f.allocate(d.work)
	if err := d.readBlocks(s, d.coder(s), mcusX, mcusY); err != nil {
		return false, err
	}
	return s.sequential && len(s.parts) == len(f.components), nil
}

// scanHeader reads a header and checks it against the frame.
func (d *decoder) scanHeader(body []byte) (*scan, error) {
	f := d.frame
	if len(body) < 1 || body[0] < 1 || body[0] > 4 || len(body) != 4+2*int(body[0]) {
		return nil, fmt.Errorf("a scan header of %d bytes", len(body))
	}
	n := int(body[0])
	band := body[1+2*n:]
	s := &scan{first: int(band[0]), last: int(band[1]), high: uint(band[2] >> 4), low: uint(band[2] & 15)}
	if !f.progressive {
		s.sequential = true
		s.first, s.last, s.high, s.low = 0, 63, 0, 0
	} else if s.first > s.last || s.last > 63 || s.first == 0 && s.last != 0 || s.first > 0 && n > 1 ||
		s.high != 0 && s.low != s.high-1 || s.low > 13 {
		return nil, fmt.Errorf("a progressive scan of coefficients %d to %d, bits %d to %d, %d components", s.first, s.last, s.high, s.low, n)
	}
	for i := range n {
		c := f.component(body[1+2*i])
		if c == nil {
			return nil, fmt.Errorf("a scan of component %d, which the frame has not", body[1+2*i])
		}
		for _, p := range s.parts {
			if p.component == c {
				return nil, fmt.Errorf("component %d twice in a scan", c.id)
			}
		}
		p := &part{component: c, dcNumber: body[2+2*i] >> 4, acNumber: body[2+2*i] & 15}
		if err := d.tablesOf(s, p); err != nil {
			return nil, fmt.Errorf("component %d: %w", c.id, err)
		}
		for k := s.first; k <= s.last; k++ {
			c.bits[k] = int8(s.low)
		}
		s.parts = append(s.parts, p)
	}
	return s, nil
}

func (f *frame) component(id byte) *component {
	for _, c := range f.components {
		if c.id == id {
			return c
		}
	}
	return nil
}

// tablesOf finds the tables that a component needs.
func (d *decoder) tablesOf(s *scan, p *part) error {
	if !d.arithmetic && (p.dcNumber > 3 || p.acNumber > 3) {
		return fmt.Errorf("tables %d and %d of codes, expected at most 3", p.dcNumber, p.acNumber)
	}
	if p.quant == nil {
		if p.quantNumber > 3 || d.quant[p.quantNumber] == nil {
			return fmt.Errorf("no quantization table %d", p.quantNumber)
		}
		p.quant = d.quant[p.quantNumber]
	}
	if d.arithmetic {
		return nil
	}
	p.dc, p.ac = d.dc[p.dcNumber], d.ac[p.acNumber]
	if s.sequential && (p.dc == nil || p.ac == nil) {
		// Motion JPEG has the standard tables, and leaves them out.
		standard, err := standardTables()
		if err != nil {
			return err
		}
		if p.dc == nil && p.dcNumber < 2 {
			p.dc = standard.dc[p.dcNumber]
		}
		if p.ac == nil && p.acNumber < 2 {
			p.ac = standard.ac[p.acNumber]
		}
	}
	if needsDC := s.first == 0 && s.high == 0; needsDC {
		if p.dc == nil {
			return fmt.Errorf("no Huffman table %d for DC coefficients", p.dcNumber)
		}
		if v := p.dc.largest(); v > 15 {
			return fmt.Errorf("a DC difference of %d bits, expected at most 15", v)
		}
	}
	if s.last > 0 && p.ac == nil {
		return fmt.Errorf("no Huffman table %d for AC coefficients", p.acNumber)
	}
	return nil
}

// coder is the one for a scan.
func (d *decoder) coder(s *scan) coder {
	switch {
	case d.arithmetic:
		return newArithmetic(s, d.condition)
	case s.sequential:
		return &sequential{}
	}
	return &progressive{scan: s}
}

// readBlocks decodes all blocks of a scan, and those of a sequential one to samples.
func (d *decoder) readBlocks(s *scan, c coder, mcusX, mcusY int) error {
	seg := &d.segments
	seg.next, seg.starved = 0, false
	d.at = seg.fetch(d.file, d.at)
	c.restart(seg.data)
	left := d.interval
	var block [64]int16
	decode := func(p *part, x, y int) {
		b, nonzero := &block, (*uint64)(nil)
		if at := y*p.stride + x; !s.sequential {
			b, nonzero = &p.coefficients[at], &p.nonzero[at]
		}
		if !seg.starved {
			c.block(p, b, nonzero)
		}
		if s.sequential {
			inverseDCT(chosen, b, p.samples[64*p.stride*y+8*x:], 8*p.stride)
			block = [64]int16{}
		}
	}
	for my := range mcusY {
		if err := d.ctx.Err(); err != nil {
			return err
		}
		for mx := range mcusX {
			if d.interval > 0 && left == 0 {
				d.at = seg.restart(d.file, d.at)
				c.restart(seg.data)
				for _, p := range s.parts {
					p.predicted, p.context = 0, 0
				}
				left = d.interval
			}
			left--
			if len(s.parts) == 1 {
				decode(s.parts[0], mx, my)
			} else {
				for _, p := range s.parts {
					for y := range p.v {
						for x := range p.h {
							decode(p, mx*p.h+x, my*p.v+y)
						}
					}
				}
			}
			if !seg.starved && c.over(seg.length) {
				if seg.marker == 0 && !d.opt.Truncated {
					return ErrTruncated
				}
				seg.starved = !d.arithmetic
			}
		}
	}
	return nil
}
