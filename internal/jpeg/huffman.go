package jpeg

import (
	"fmt"
	"slices"
	"sync"
)

// fastBits is the length of the codes that are looked up at once. Ten catch most codes
// with the bits of their coefficient.
const fastBits = 10

// huffmanTable decodes symbols (T.81 annex C, F.2.2.3).
type huffmanTable struct {
	fast    [1 << fastBits]uint16 // by the next bits: length of the code << 8 | symbol; 0: longer
	limit   [18]uint32            // by length: the first 16 bits that are beyond codes of it
	offset  [17]int32             // by length: place of a code's symbol, less the code
	symbols [256]uint8
	// both decodes a short code with the bits of the coefficient that follow: value << 16 |
	// zeros before it << 8 | bits in all; 0: not within fastBits. The end of a block is
	// no value behind 64 zeros.
	both [1 << fastBits]int32
}

// readHuffman reads tables (T.81 B.2.4.2).
func (d *decoder) readHuffman(body []byte) error {
	for len(body) > 0 {
		if len(body) < 17 {
			return fmt.Errorf("a Huffman table of %d bytes", len(body))
		}
		class, n := body[0]>>4, body[0]&15
		if class > 1 || n > 3 {
			return fmt.Errorf("a Huffman table of class %d, number %d", class, n)
		}
		counts := [16]byte(body[1:17])
		total := 0
		for _, c := range counts {
			total += int(c)
		}
		if total > 256 || len(body) < 17+total {
			return fmt.Errorf("a Huffman table of %d symbols in %d bytes", total, len(body)-17)
		}
		t, err := newHuffmanTable(counts, body[17:17+total])
		if err != nil {
			return err
		}
		if class == 0 {
			d.dc[n] = t
		} else {
			d.ac[n] = t
		}
		body = body[17+total:]
	}
	return nil
}

// newHuffmanTable makes a table of the number of codes of each length and their symbols.
func newHuffmanTable(counts [16]byte, symbols []byte) (*huffmanTable, error) {
	t := &huffmanTable{}
	copy(t.symbols[:], symbols)
	code, k := uint32(0), 0
	for i, c := range counts {
		length := uint(i + 1)
		t.offset[length] = int32(k) - int32(code)
		for range c {
			if code >= 1<<length {
				return nil, fmt.Errorf("a Huffman table of too many codes of %d bits", length)
			}
			if length <= fastBits {
				first := code << (fastBits - length)
				for j := range uint32(1) << (fastBits - length) {
					t.fast[first+j] = uint16(length)<<8 | uint16(symbols[k])
					t.both[first+j] = together(first+j, length, symbols[k])
				}
			}
			code++
			k++
		}
		t.limit[length] = code << (16 - length)
		code <<= 1
	}
	t.limit[17] = 1 << 17 // what no code begins with
	return t, nil
}

// together decodes the coefficient behind a code of the given length, if all of it is
// within the fastBits bits of peek.
func together(peek uint32, length uint, symbol uint8) int32 {
	size := uint(symbol & 15)
	if symbol == 0 {
		return 64<<8 | int32(length)
	}
	if size == 0 || length+size > fastBits {
		return 0
	}
	v := int32(peek >> (fastBits - length - size) & (1<<size - 1))
	return extend(v, size)<<16 | int32(symbol>>4)<<8 | int32(length+size)
}

// symbol decodes one; the reader must be filled. What is no code at all is a symbol of 0,
// behind 17 bits, as libjpeg has it.
func (t *huffmanTable) symbol(b *bitReader) uint8 {
	if e := t.fast[b.acc>>(64-fastBits)]; e != 0 {
		b.skip(uint(e >> 8))
		return uint8(e)
	}
	top := uint32(b.acc >> 48)
	length := uint(fastBits + 1)
	for top >= t.limit[length] {
		length++
	}
	if length > 16 {
		b.skip(17)
		return 0
	}
	b.skip(length)
	return t.symbols[uint8(int32(top>>(16-length))+t.offset[length])]
}

// long decodes a coefficient that both has not, as what both would have of it, of no bits:
// they are read already. Sixteen zeros are a zero behind fifteen.
func (t *huffmanTable) long(b *bitReader) int32 {
	b.fill()
	symbol := t.symbol(b)
	size := uint(symbol & 15)
	if size == 0 && symbol != 0xf0 {
		return 64 << 8
	}
	return extend(b.take(size), size)<<16 | int32(symbol>>4)<<8
}

// largest is the largest symbol.
func (t *huffmanTable) largest() uint8 { return slices.Max(t.symbols[:]) }

// standardTables makes the tables of T.81 annex K.3, which Motion JPEG leaves out, when a
// file first needs them.
var standardTables = sync.OnceValues(func() (t struct{ dc, ac [2]*huffmanTable }, err error) {
	differences := []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	for _, k := range []struct {
		table   **huffmanTable
		counts  [16]byte
		symbols []byte
	}{
		{&t.dc[0], [16]byte{0, 1, 5, 1, 1, 1, 1, 1, 1}, differences},
		{&t.dc[1], [16]byte{0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1}, differences},
		{&t.ac[0], [16]byte{0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d}, standardLuma},
		{&t.ac[1], [16]byte{0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77}, standardChroma},
	} {
		if *k.table, err = newHuffmanTable(k.counts, k.symbols); err != nil {
			break
		}
	}
	return t, err
})
