package render

import (
	"fmt"
	"math"
)

// maxSide bounds the sides, in pixels, of everything that is drawn.
const maxSide = 20_000

// Resize scales an 8-bit image of one channel, row-major, from w x h to
// outW x outH pixels as OpenCV's cv2.resize does with INTER_LINEAR, byte for
// byte. It returns an error when a side is not in 1 to 20,000 or src does not
// have w*h bytes.
//
// Output pixel d lies at (d+0.5)*w/outW - 0.5 in the source and mixes the
// 2 x 2 pixels around that point. OpenCV does so in fixed point of 11 bits
// (modules/imgproc/src/resize.cpp), which decides the last bit of the result;
// its vector paths, with IPP or without, give the same bytes. Nothing is
// averaged when an image shrinks, as with OpenCV.
func Resize(src []uint8, w, h, outW, outH int) ([]uint8, error) {
	if err := checkSides(w, h); err != nil {
		return nil, err
	}
	if err := checkSides(outW, outH); err != nil {
		return nil, err
	}
	if len(src) != w*h {
		return nil, fmt.Errorf("render: %d bytes do not make a gray image of %d x %d pixels", len(src), w, h)
	}
	out := make([]uint8, outW*outH)
	cols, rows := columnTaps(w, outW), rowTaps(h, outH)
	// An output row needs two source rows, y and y+1 or one of them twice, and
	// the next output row mostly the same two: row y is kept in slot y%2.
	var slots [2][]int32
	held := [2]int{-1, -1}
	for i := range slots {
		slots[i] = make([]int32, outW)
	}
	scaled := func(y int) []int32 {
		if slot := y % 2; held[slot] != y {
			held[slot] = y
			scaleRow(slots[slot], src[y*w:(y+1)*w], cols)
		}
		return slots[y%2]
	}
	for y, t := range rows {
		mixRows(out[y*outW:(y+1)*outW], scaled(t.i0), scaled(t.i1), t)
	}
	return out, nil
}

// scaleRow scales one source row horizontally, to values times 2048.
func scaleRow(dst []int32, row []uint8, cols []tap) {
	for x, t := range cols {
		dst[x] = int32(row[t.i0])*t.w0 + int32(row[t.i1])*t.w1
	}
}

// mixRows mixes two scaled rows. The weights sum to 2048 within 1, so that
// the result can exceed 255 by rounding alone.
func mixRows(dst []uint8, upper, lower []int32, t tap) {
	upper, lower = upper[:len(dst)], lower[:len(dst)]
	for x := range dst {
		v := ((t.w0*(upper[x]>>4))>>16 + (t.w1*(lower[x]>>4))>>16 + 2) >> 2
		dst[x] = uint8(min(max(v, 0), 255))
	}
}

// tap is where an output coordinate falls in the source: two indices and
// their weights in 1/2048.
type tap struct {
	i0, i1 int
	w0, w1 int32
}

// columnTaps are the taps along x: beyond the centre of an edge pixel, that
// pixel takes all the weight.
func columnTaps(in, out int) []tap {
	taps := make([]tap, out)
	for d := range taps {
		i, f := position(d, in, out)
		if i < 0 || i >= in-1 {
			i, f = min(max(i, 0), in-1), 0
		}
		taps[d] = weigh(i, min(i+1, in-1), f)
	}
	return taps
}

// rowTaps are the taps along y: there OpenCV clamps the indices but keeps the
// weights, so that an edge row is mixed with itself and may round otherwise.
func rowTaps(in, out int) []tap {
	taps := make([]tap, out)
	for d := range taps {
		i, f := position(d, in, out)
		taps[d] = weigh(min(max(i, 0), in-1), min(max(i+1, 0), in-1), f)
	}
	return taps
}

// position maps output coordinate d to a source index and a fraction. The
// inner conversion keeps the product from being fused with the subtraction.
func position(d, in, out int) (i int, f float32) {
	scale := 1 / (float64(out) / float64(in))
	f = float32(float64((float64(d)+0.5)*scale) - 0.5)
	i = int(math.Floor(float64(f)))
	return i, f - float32(i)
}

func weigh(i0, i1 int, f float32) tap {
	fixed := func(v float32) int32 { return int32(math.RoundToEven(float64(v * 2048))) }
	return tap{i0, i1, fixed(1 - f), fixed(f)}
}

// checkSides returns an error unless both sides are in 1 to maxSide.
func checkSides(w, h int) error {
	if w < 1 || h < 1 || w > maxSide || h > maxSide {
		return fmt.Errorf("render: an image of %d x %d pixels; sides are from 1 to %d", w, h, maxSide)
	}
	return nil
}
