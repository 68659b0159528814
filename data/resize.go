package data

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"sync"
)

// Resize scales an image to w x h pixels, bit for bit as Pillow's
// Image.resize((w, h), BILINEAR) does on RGB images, and so as torchvision's
// Resize: a triangle filter, widened by the scale when shrinking, in 22-bit
// fixed point, along one axis and then along the other, with bytes between.
//
// The order of the axes is Pillow 13's: first along the rows, unless more than
// twice as many rows as columns are lost. Earlier versions of Pillow always
// began along the rows; where the two disagree they differ by a rounding. A
// Resize that keeps the shape meets the difference when it shrinks pictures
// more than twice as high as wide.
//
// Beyond 1<<26 pixels (64 megapixels) it returns an error.
func Resize(im *Image, w, h int) (*Image, error) {
	if err := im.check(); err != nil {
		return nil, err
	}
	if err := checkOutput(w, h); err != nil {
		return nil, err
	}
	return resample(context.Background(), im, w, h, window{0, 0, w, h})
}

// ResizedCrop scales the part of im with the upper left corner (left, top) and the sides
// height and width to h x w pixels, as [Resize] does
// (torchvision.transforms.functional.resized_crop, whose order of arguments this is). It
// returns an error when the part is empty or not within im, and stops with ctx's error
// when ctx ends.
func ResizedCrop(ctx context.Context, im *Image, top, left, height, width, h, w int) (*Image, error) {
	if err := im.check(); err != nil {
		return nil, err
	}
	if top < 0 || left < 0 || height <= 0 || width <= 0 || height > im.Height-top || width > im.Width-left {
		return nil, fmt.Errorf("data: no part of %d x %d pixels at (%d, %d) in an image of %d x %d", width, height, left, top, im.Width, im.Height)
	}
	if err := checkOutput(w, h); err != nil {
		return nil, err
	}
	part, err := resample(ctx, im, im.Width, im.Height, window{left, top, width, height})
	if err != nil || (w == width && h == height) {
		return part, err
	}
	return resample(ctx, part, w, h, window{0, 0, w, h})
}

// maxOutput bounds the pixels that a transform may produce: an image one pixel
// high and a million wide would otherwise grow without limit.
const maxOutput = 1 << 26

func checkOutput(w, h int) error {
	if w <= 0 || h <= 0 || w > maxOutput/h {
		return fmt.Errorf("data: cannot resize to %d x %d pixels, at most %d in all", w, h, maxOutput)
	}
	return nil
}

// window is a part of an image.
type window struct{ x, y, w, h int }

// resample returns the part win of im resized to w x h. It does no more work
// than win needs, and stops between rows when ctx is done.
func resample(ctx context.Context, im *Image, w, h int, win window) (*Image, error) {
	out := &Image{win.w, win.h, make([]uint8, 3*win.w*win.h)}
	if w == im.Width && h == im.Height {
		for y := range win.h {
			copy(out.Pix[3*y*win.w:3*(y+1)*win.w], im.Pix[3*((y+win.y)*im.Width+win.x):])
		}
		return out, ctx.Err()
	}
	across := weightsFor(im.Width, w, win.x, win.w)
	down := weightsFor(im.Height, h, win.y, win.h)
	if lost := im.Height - h; lost > 0 && lost > 2*(im.Width-w) {
		first, last := across.span()
		between := make([]uint8, 3*(last-first)*win.h)
		err := resampleDown(ctx, between, im.Pix[3*first:], 3*im.Width, down, 0)
		if err == nil {
			err = resampleAcross(ctx, out.Pix, between, 3*(last-first), across, first)
		}
		return out, err
	}
	first, last := down.span()
	between := make([]uint8, 3*win.w*(last-first))
	err := resampleAcross(ctx, between, im.Pix[3*im.Width*first:3*im.Width*last], 3*im.Width, across, 0)
	if err == nil {
		err = resampleDown(ctx, out.Pix, between, 3*win.w, down, first)
	}
	return out, err
}

// resampleAcross filters every row of src, stride bytes each, whose first
// pixel is input number first.
func resampleAcross(ctx context.Context, dst, src []uint8, stride int, t *weights, first int) error {
	n := 3 * len(t.from)
	for ; len(dst) > 0; dst, src = dst[n:], src[stride:] {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		resampleRow(dst[:n], src[:stride], t, first)
	}
	return nil
}

// resampleDown filters the columns of src, rows of stride bytes of which the
// first is input number first.
func resampleDown(ctx context.Context, dst, src []uint8, stride int, t *weights, first int) error {
	n := len(dst) / len(t.from)
	for y, from := range t.from {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		mixRows(dst[y*n:][:n], src[min((from-first)*stride, len(src)):], stride, t.taps(y))
	}
	return nil
}

const (
	fixedBits = 22 // Pillow's PRECISION_BITS: 32 bits, less 8 of a pixel and 2 spare
	fixedHalf = 1 << (fixedBits - 1)
)

// fixedByte rounds a fixed-point sum to a byte. Weights are not negative, so
// only the upper end can overflow.
func fixedByte(sum uint32) uint8 { return uint8(min(sum>>fixedBits, 255)) }

// resampleRow filters one row of RGB pixels, of which the first is input
// number first.
func resampleRow(dst, src []uint8, t *weights, first int) {
	for x, from := range t.from {
		taps := t.taps(x)
		p := src[3*(from-first):]
		r, g, b := uint32(fixedHalf), uint32(fixedHalf), uint32(fixedHalf)
		if len(taps) == 2 { // most outputs, when growing
			q := p[:6:6]
			k, l := taps[0], taps[1]
			r += k*uint32(q[0]) + l*uint32(q[3])
			g += k*uint32(q[1]) + l*uint32(q[4])
			b += k*uint32(q[2]) + l*uint32(q[5])
		} else {
			for _, k := range taps {
				q := p[:3:3]
				r += k * uint32(q[0])
				g += k * uint32(q[1])
				b += k * uint32(q[2])
				p = p[3:]
			}
		}
		o := dst[3*x : 3*x+3 : 3*x+3]
		o[0], o[1], o[2] = fixedByte(r), fixedByte(g), fixedByte(b)
	}
}

// maxLanes is the number of taps up to which no sum can reach 256: each weight
// is at most a half too large, so 255*(1 + n/2^23) + 1/2 must stay below.
const maxLanes = 1 << 14

// mixRows writes the weighted sum of len(taps) rows of src, one every stride
// bytes. Eight bytes at a time are summed as pairs in the 32-bit halves of
// four integers.
func mixRows(dst, src []uint8, stride int, taps []uint32) {
	n := len(dst)
	x := 0
	if len(taps) <= maxLanes {
		const pair = 0xff<<32 | 0xff
		for ; x+8 <= n; x += 8 {
			s0, s1, s2, s3 := uint64(fixedHalf<<32|fixedHalf), uint64(fixedHalf<<32|fixedHalf), uint64(fixedHalf<<32|fixedHalf), uint64(fixedHalf<<32|fixedHalf)
			at := x
			for _, k := range taps {
				v, k := binary.LittleEndian.Uint64(src[at:]), uint64(k)
				s0 += k * (v & pair)
				s1 += k * (v >> 8 & pair)
				s2 += k * (v >> 16 & pair)
				s3 += k * (v >> 24 & pair)
				at += stride
			}
			v := s0>>fixedBits&pair | s1>>fixedBits&pair<<8 | s2>>fixedBits&pair<<16 | s3>>fixedBits&pair<<24
			binary.LittleEndian.PutUint64(dst[x:], v)
		}
	}
	for ; x < n; x++ {
		sum := uint32(fixedHalf)
		at := x
		for _, k := range taps {
			sum += k * uint32(src[at])
			at += stride
		}
		dst[x] = fixedByte(sum)
	}
}

// weights is the filter along one axis: output i is the sum of taps(i) times
// the inputs from from[i] on.
type weights struct {
	from  []int
	ends  []int
	fixed []uint32
}

// span returns the range [first, last) of the inputs that any output needs.
func (t *weights) span() (first, last int) {
	first = t.from[0]
	for i, from := range t.from {
		first, last = min(first, from), max(last, from+len(t.taps(i)))
	}
	return first, last
}

func (t *weights) taps(i int) []uint32 {
	begin := 0
	if i > 0 {
		begin = t.ends[i-1]
	}
	return t.fixed[begin:t.ends[i]]
}

// newWeights mirrors precompute_coeffs and normalize_coeffs_8bpc of Pillow's
// Resample.c for outputs [start, start+n) of a scaling from in to out pixels.
// The conversions to float64 keep a compiler from fusing products into sums,
// which would round differently.
func newWeights(in, out, start, n int) *weights {
	t := &weights{from: make([]int, n), ends: make([]int, n)}
	scale := float64(in) / float64(out)
	support := max(scale, 1)
	inverse := 1 / support
	for i := range n {
		centre := float64((float64(start+i) + 0.5) * scale)
		lo := max(int(centre-support+0.5), 0)
		hi := min(int(centre+support+0.5), in)
		triangle := func(j int) float64 {
			return max(1-math.Abs(float64((float64(j)-centre+0.5)*inverse)), 0)
		}
		sum := 0.0
		for j := lo; j < hi; j++ {
			sum += triangle(j)
		}
		t.from[i] = lo
		began := len(t.fixed)
		for j := lo; j < hi; j++ {
			k := uint32(0.5 + float64(triangle(j)/sum*(1<<fixedBits)))
			if k == 0 && len(t.fixed) == began { // leading zeros change nothing
				t.from[i] = j + 1
				continue
			}
			t.fixed = append(t.fixed, k)
		}
		for len(t.fixed) > began && t.fixed[len(t.fixed)-1] == 0 {
			t.fixed = t.fixed[:len(t.fixed)-1]
		}
		t.ends[i] = len(t.fixed)
	}
	return t
}

// recent keeps the tables of the last sizes seen: a data set has few.
var recent struct {
	sync.Mutex
	tables map[[4]int]*weights
	cost   int
}

// maxRecent bounds what is kept, in numbers.
const maxRecent = 1 << 18

func weightsFor(in, out, start, n int) *weights {
	key := [4]int{in, out, start, n}
	recent.Lock()
	t := recent.tables[key]
	recent.Unlock()
	if t != nil {
		return t
	}
	t = newWeights(in, out, start, n)
	cost := len(t.fixed) + len(t.from) + len(t.ends)
	if cost > maxRecent/4 {
		return t
	}
	recent.Lock()
	defer recent.Unlock()
	if recent.tables[key] != nil {
		return t
	}
	if recent.tables == nil || recent.cost+cost > maxRecent {
		recent.tables, recent.cost = map[[4]int]*weights{}, 0
	}
	recent.tables[key] = t
	recent.cost += cost
	return t
}
