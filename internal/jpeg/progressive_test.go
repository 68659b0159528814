package jpeg

import (
	"math/rand/v2"
	"testing"
)

// plainProgressive decodes a band bit by bit and coefficient by coefficient, as the figures
// of T.81 G.1.2 have it, with libjpeg's way through damage (jdphuff.c): a coefficient
// beyond the band is written behind it, one beyond the block to its end, and a bit that is
// set already is left.
type plainProgressive struct {
	data   []byte
	at     int // the next bit
	codes  map[[2]int]uint8
	run    int
	first  int
	last   int
	low    uint
	refine bool
}

func (p *plainProgressive) bits(n int) int {
	v := 0
	for range n {
		v = 2*v + int(p.data[p.at/8]>>(7-p.at%8)&1)
		p.at++
	}
	return v
}

func (p *plainProgressive) symbol() int {
	code := 0
	for length := 1; length <= 16; length++ {
		code = 2*code + p.bits(1)
		if s, ok := p.codes[[2]int{length, code}]; ok {
			return int(s)
		}
	}
	p.bits(1)
	return 0
}

func (p *plainProgressive) block(b *[64]int16, nonzero *uint64) {
	set := func(k int, v int16) {
		b[zigzag[min(k, 63)]] = v
		*nonzero |= 1 << min(k, 63)
	}
	before := *nonzero
	correct := func(k int) {
		c := &b[zigzag[k]]
		if p.bits(1) == 1 && *c&(1<<p.low) == 0 {
			if *c >= 0 {
				*c += 1 << p.low
			} else {
				*c -= 1 << p.low
			}
		}
	}
	k := p.first
	for p.run == 0 && k <= p.last {
		symbol := p.symbol()
		zeros, size := symbol>>4, symbol&15
		if size == 0 && zeros < 15 {
			p.run = 1<<zeros + p.bits(zeros)
			break
		}
		if !p.refine {
			k += zeros
			if v := p.bits(size); size > 0 {
				if v < 1<<(size-1) {
					v -= 1<<size - 1
				}
				set(k, int16(v<<p.low))
			}
			k++
			continue
		}
		value := int16(-1 << p.low)
		if size > 0 && p.bits(1) == 1 {
			value = 1 << p.low
		}
		for ; k <= p.last; k++ {
			if before>>k&1 == 1 {
				correct(k)
			} else if zeros--; zeros < 0 {
				break
			}
		}
		if size > 0 {
			set(k, value)
		}
		k++
	}
	if p.run > 0 {
		for ; p.refine && k <= p.last; k++ {
			if before>>k&1 == 1 {
				correct(k)
			}
		}
		p.run--
	}
}

// Random bits are all that a scan can hold, and most of it damage.
func TestProgressiveBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for trial := range 400 {
		symbols := make([]byte, 200)
		for i := range symbols {
			symbols[i] = uint8(r.Uint32())
			if r.IntN(2) == 0 { // what is usual: few zeros, one bit
				symbols[i] = uint8(r.IntN(4)<<4 | 1)
			}
		}
		// Of four bits and of twelve, not all of which are codes.
		table, err := newHuffmanTable([16]byte{3: 13, 11: 187}, symbols)
		if err != nil {
			t.Fatal(err)
		}
		data := make([]byte, 600)
		for i := range data {
			data[i] = uint8(r.Uint32())
		}
		s := &scan{first: 1 + r.IntN(63), low: uint(r.IntN(6))}
		s.last = s.first + r.IntN(64-s.first)
		if trial%2 == 1 {
			s.high = s.low + 1
		}
		plain := plainProgressive{data: data, codes: map[[2]int]uint8{}, first: s.first, last: s.last, low: s.low, refine: s.high > 0}
		for i, symbol := range symbols {
			if i < 13 {
				plain.codes[[2]int{4, i}] = symbol
			} else {
				plain.codes[[2]int{12, 13<<8 + i - 13}] = symbol
			}
		}
		coder := &progressive{scan: s}
		coder.restart(data)
		p := &part{ac: table}
		for block := 0; plain.at < 8*(len(data)-200); block++ {
			var b, want [64]int16
			var nonzero uint64
			for k := range 64 {
				if s.high > 0 && r.IntN(3) == 0 {
					b[zigzag[k]] = int16(r.IntN(2000) - 1000)
					nonzero |= 1 << k
				}
			}
			want, wantNonzero := b, nonzero
			coder.block(p, &b, &nonzero)
			plain.block(&want, &wantNonzero)
			if b != want || nonzero != wantNonzero || int(coder.run) != plain.run || coder.bits.used() != plain.at {
				t.Fatalf("trial %d, block %d, coefficients %d to %d: %v, %#x, a run of %d, %d bits; want %v, %#x, %d, %d",
					trial, block, s.first, s.last, b, nonzero, coder.run, coder.bits.used(), want, wantNonzero, plain.run, plain.at)
			}
			if plain.run > 1000 {
				plain.run, coder.run = 3, 3
			}
		}
	}
}
