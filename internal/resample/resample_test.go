package resample

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"slices"
	"testing"
)

// every lists the loops of this machine, and the portable ones.
func every() []*loops { return append(machine(), &portable) }

func randomBytes(r *rand.Rand, n int) []uint8 {
	out := make([]uint8, n)
	for i := range out {
		out[i] = uint8(r.Uint32())
	}
	return out
}

// plainPass is Pillow's loop along one axis (ImagingResampleHorizontal_8bpc,
// ImagingResampleVertical_8bpc) in 64 bits: of lines that begin at each of starts, of
// inputs step bytes apart.
func plainPass(dst, src []uint8, t *weights, dstStarts, starts []int, step int) {
	for i := range starts {
		for x, from := range t.from {
			sum := int64(1) << 21
			for j, k := range t.taps(x) {
				sum += int64(k) * int64(src[starts[i]+(from+j)*step])
			}
			dst[dstStarts[i]+x*step] = uint8(min(sum>>22, 255))
		}
	}
}

// plain resizes the whole picture, with no thought of memory or time.
func plain(src []uint8, width, height, w, h int) []uint8 {
	across, down := newWeights(&portable, width, w, 0, w), newWeights(&portable, height, h, 0, h)
	acrossAll := func(src []uint8, rows int) []uint8 {
		dst := make([]uint8, 3*w*rows)
		var from, to []int
		for y := range rows {
			for c := range 3 {
				from, to = append(from, 3*y*width+c), append(to, 3*y*w+c)
			}
		}
		plainPass(dst, src, across, to, from, 3)
		return dst
	}
	downAll := func(src []uint8, columns int) []uint8 {
		dst := make([]uint8, 3*columns*h)
		var at []int
		for x := range 3 * columns {
			at = append(at, x)
		}
		plainPass(dst, src, down, at, at, 3*columns)
		return dst
	}
	if height > h && height-h > 2*(width-w) {
		return acrossAll(downAll(src, width), h)
	}
	return downAll(acrossAll(src, height), w)
}

// scaled is RGB with given loops, but for the case of nothing to do.
func scaled(ctx context.Context, l *loops, src []uint8, width, height, w, h int, win image.Rectangle) ([]uint8, error) {
	s := scaling{l, newWeights(l, width, w, win.Min.X, win.Dx()), newWeights(l, height, h, win.Min.Y, win.Dy())}
	return s.resize(ctx, src, width, height, w, h)
}

func check(t *testing.T, src []uint8, width, height, w, h int, win image.Rectangle) {
	t.Helper()
	whole := plain(src, width, height, w, h)
	var want []uint8
	for y := win.Min.Y; y < win.Max.Y; y++ {
		want = append(want, whole[3*(y*w+win.Min.X):3*(y*w+win.Max.X)]...)
	}
	for _, l := range every() {
		got, err := scaled(t.Context(), l, src, width, height, w, h, win)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %v of %d x %d to %d x %d differs", l.name, win, width, height, w, h)
		}
	}
}

func TestRandomSizes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	side := func() int {
		if r.IntN(4) == 0 {
			return 1 + r.IntN(8)
		}
		return 1 + r.IntN(150)
	}
	for range 400 {
		width, height, w, h := side(), side(), side(), side()
		win := image.Rect(0, 0, w, h)
		if r.IntN(2) == 0 {
			x, y := r.IntN(w), r.IntN(h)
			win = image.Rect(x, y, x+1+r.IntN(w-x), y+1+r.IntN(h-y))
		}
		check(t, randomBytes(r, 3*width*height), width, height, w, h, win)
	}
}

func TestExtremeSizes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range [][4]int{
		{1, 1, 1, 40}, {1, 1, 40, 1}, {1, 1, 33, 35}, {1, 5000, 1, 3}, {1, 5000, 20, 40}, {5000, 1, 3, 1}, {5000, 1, 40, 20},
		{1, 1, 1, 5000}, {1, 1, 5000, 1}, {40, 5000, 39, 1}, {5000, 40, 1, 39}, {3000, 2, 1, 2}, {9000, 9, 11, 7},
		{17, 40, 17, 20}, {17, 40, 20, 40}, {64, 64, 64, 63}, {2, 3, 700, 500},
	} {
		check(t, randomBytes(r, 3*c[0]*c[1]), c[0], c[1], c[2], c[3], image.Rect(0, 0, c[2], c[3]))
		check(t, bytes.Repeat([]uint8{255}, 3*c[0]*c[1]), c[0], c[1], c[2], c[3], image.Rect(0, 0, c[2], c[3]))
	}
}

// RGB itself, with the tables that are kept and memory that was used before.
func TestRGB(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	for range 3 {
		for _, c := range [][4]int{{50, 40, 80, 64}, {500, 375, 224, 224}, {40, 90, 33, 30}, {9, 9, 9, 9}, {9, 300, 9, 5}} {
			src := randomBytes(r, 3*c[0]*c[1])
			got, err := RGB(t.Context(), src, c[0], c[1], c[2], c[3], image.Rect(0, 0, c[2], c[3]))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, plain(src, c[0], c[1], c[2], c[3])) {
				t.Errorf("%v differs", c)
			}
		}
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range [][4]int{{50, 40, 80, 64}, {40, 90, 33, 30}, {9, 9, 9, 9}} {
		_, err := RGB(ctx, make([]uint8, 3*c[0]*c[1]), c[0], c[1], c[2], c[3], image.Rect(0, 0, c[2], c[3]))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v: %v", c, err)
		}
	}
}

// arbitraryWeights are any taps, up to a sum.
func arbitraryWeights(r *rand.Rand, l *loops, in, n int, sum uint32) *weights {
	t := &weights{}
	for range n {
		taps := 1 + r.IntN(min(in, 12))
		t.from = append(t.from, r.IntN(in-taps+1))
		for range taps {
			k := r.Uint32N(1<<22 + 1)
			if r.IntN(4) == 0 {
				k = 1 << 22
			}
			t.fixed = append(t.fixed, min(k, sum/uint32(taps)))
		}
		t.ends = append(t.ends, len(t.fixed))
	}
	if l.filter != nil {
		t.arrange(l)
	}
	return t
}

// Each loop alone, on taps that no triangle has; nothing is written but what it may.
func TestLoops(t *testing.T) {
	for _, l := range every() {
		r := rand.New(rand.NewPCG(1, 4))
		for range 300 {
			in, n, stride := 1+r.IntN(40), 1+r.IntN(40), 0
			stride = 3*in + r.IntN(20)
			w := arbitraryWeights(r, l, in, n, 1<<24-1<<14) // sums leave a byte, but not 32 bits
			s := scaling{l, w, nil}
			src := randomBytes(r, 2*stride)
			dst := randomBytes(r, 2*(3*n+spare))
			before := bytes.Clone(dst)
			count := 1 + r.IntN(2)
			s.filterRows(dst, src, stride, 2-count, count, 3*n+spare, &memory{})
			for i := range count {
				want := make([]uint8, 3*n)
				plainPass(want, src[(2-count+i)*stride:], w, []int{0, 1, 2}, []int{0, 1, 2}, 3)
				row := dst[i*(3*n+spare):][:3*n+spare]
				if !bytes.Equal(row[:3*n], want) {
					t.Fatalf("%s: filter of %d to %d pixels differs", l.name, in, n)
				}
				if !bytes.Equal(row[3*n+1:], before[i*(3*n+spare)+3*n+1:][:spare-1]) {
					t.Fatalf("%s: filter of %d to %d pixels writes beyond them", l.name, in, n)
				}
			}

			w = arbitraryWeights(r, l, in, n, 1<<22)
			s = scaling{l, nil, w}
			columns := 1 + r.IntN(150)
			stride = columns + r.IntN(9)
			src = randomBytes(r, in*stride)
			dst = randomBytes(r, columns+40)
			before = bytes.Clone(dst)
			y := r.IntN(n)
			s.mix(dst[:columns], src, w.from[y]*stride, stride, y)
			for x := range columns {
				sum := int64(1) << 21
				for j, k := range w.taps(y) {
					sum += int64(k) * int64(src[(w.from[y]+j)*stride+x])
				}
				if want := uint8(min(sum>>22, 255)); dst[x] != want {
					t.Fatalf("%s: mix of %d columns: column %d is %d, want %d", l.name, columns, x, dst[x], want)
				}
			}
			if !bytes.Equal(dst[columns:], before[columns:]) {
				t.Fatalf("%s: mix of %d columns writes beyond them", l.name, columns)
			}
		}
		// Of so many taps that their roundings leave a byte.
		w := &weights{from: []int{0}, fixed: slices.Repeat([]uint32{129}, 1<<15), ends: []int{1 << 15}}
		if l.filter != nil {
			w.arrange(l)
		}
		s := scaling{l, nil, w}
		src, dst := bytes.Repeat([]uint8{255, 254, 0}, 15), make([]uint8, 45)
		s.mix(dst, src, 0, 0, 0)
		if !bytes.Equal(dst, bytes.Repeat([]uint8{255, 255, 0}, 15)) {
			t.Errorf("%s: many taps make %v", l.name, dst)
		}
		// Of so many that each rounds to zero.
		s = scaling{l, nil, &weights{from: []int{5}, ends: []int{0}}}
		dst = []uint8{1, 2, 3}
		s.mix(dst, nil, 5, 1, 0)
		if !bytes.Equal(dst, make([]uint8, 3)) {
			t.Errorf("%s: no taps make %v", l.name, dst)
		}
	}
}

// The rows of a triangle come in order, but to keep those that are wanted does not hang on
// that, nor on how many one row takes.
func TestRowsInAnyOrder(t *testing.T) {
	for _, l := range every() {
		r := rand.New(rand.NewPCG(1, 7))
		for range 100 {
			width, height, w, h := 1+r.IntN(20), 1+r.IntN(90), 1+r.IntN(20), 1+r.IntN(20)
			s := scaling{l, newWeights(l, width, w, 0, w), arbitraryWeights(r, l, height, h, 1<<22)}
			src, dst := randomBytes(r, 3*width*height), make([]uint8, 3*w*h)
			if err := s.acrossFirst(t.Context(), dst, src, width, &memory{}); err != nil {
				t.Fatal(err)
			}
			all := &weights{from: make([]int, height), fixed: slices.Repeat([]uint32{1 << 22}, height)}
			for y := range height {
				all.from[y], all.ends = y, append(all.ends, y+1)
			}
			between, want := scaling{l, s.across, all}, make([]uint8, 3*w*h)
			if l.filter != nil {
				all.arrange(l)
			}
			rows := make([]uint8, 3*w*height)
			if err := between.acrossFirst(t.Context(), rows, src, width, &memory{}); err != nil {
				t.Fatal(err)
			}
			columns := make([]int, 3*w)
			for x := range columns {
				columns[x] = x
			}
			plainPass(want, rows, s.down, columns, columns, 3*w)
			if !bytes.Equal(dst, want) {
				t.Fatalf("%s: %d x %d to %d x %d differs", l.name, width, height, w, h)
			}
		}
	}
}

// A tap is at most 1<<22: its halves are its own.
func TestHalve(t *testing.T) {
	taps := []uint32{1 << 22, 1<<22 - 1, 0, 1<<11 - 1, 1 << 11, 0x2abcd5}
	want := append([]uint32(nil), taps...)
	halve(taps)
	for i, k := range want {
		low, high := taps[i/2*2]>>(16*(i%2))&0xffff, taps[i/2*2+1]>>(16*(i%2))&0xffff
		if high<<lowBits+low != k || low >= 1<<15 || high >= 1<<15 {
			t.Errorf("%#x: halves %#x and %#x", k, high, low)
		}
	}
}

var benchSizes = [][4]int{{96, 96, 128, 128}, {500, 375, 224, 224}, {640, 480, 341, 256}, {400, 1500, 380, 224}}

// BenchmarkRGB is of the whole, megabytes as they go in or come out, whichever are more.
func BenchmarkRGB(b *testing.B) {
	for _, c := range benchSizes {
		src := randomBytes(rand.New(rand.NewPCG(1, 5)), 3*c[0]*c[1])
		for _, l := range every() {
			b.Run(fmt.Sprintf("%dx%d-%dx%d/%s", c[0], c[1], c[2], c[3], l.name), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(3 * max(c[0]*c[1], c[2]*c[3])))
				s := scaling{l, newWeights(l, c[0], c[2], 0, c[2]), newWeights(l, c[1], c[3], 0, c[3])}
				for b.Loop() {
					if _, err := s.resize(b.Context(), src, c[0], c[1], c[2], c[3]); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkFilter is two rows at a time of an axis from 500 to 224 and from 96 to 128;
// megabytes are those that go in.
func BenchmarkFilter(b *testing.B) {
	for _, c := range [][2]int{{500, 224}, {96, 128}} {
		src, dst := make([]uint8, 2*3*c[0]+64), make([]uint8, 2*(3*c[1]+spare))
		for _, l := range every() {
			b.Run(fmt.Sprintf("%d-%d/%s", c[0], c[1], l.name), func(b *testing.B) {
				b.SetBytes(int64(2 * 3 * c[0]))
				w := newWeights(l, c[0], c[1], 0, c[1])
				s := scaling{l, w, nil}
				for b.Loop() {
					s.filterRows(dst, src, 3*c[0], 0, 2, 3*c[1]+spare, &memory{})
				}
			})
		}
	}
}

// BenchmarkMix is a row of 672 bytes of so many; megabytes are those that go in.
func BenchmarkMix(b *testing.B) {
	for _, count := range []int{2, 5} {
		src, dst := make([]uint8, 672*count), make([]uint8, 672)
		for _, l := range every() {
			b.Run(fmt.Sprintf("%d/%s", count, l.name), func(b *testing.B) {
				b.SetBytes(int64(len(src)))
				w := &weights{from: []int{0}, fixed: make([]uint32, count), ends: []int{count}}
				for i := range w.fixed {
					w.fixed[i] = uint32(1<<22/count + i)
				}
				if l.filter != nil {
					w.arrange(l)
				}
				s := scaling{l, nil, w}
				for b.Loop() {
					s.mix(dst, src, 0, 672, 0)
				}
			})
		}
	}
}
