package render

import (
	"fmt"
	"math"
)

// Resize scales an 8-bit image of one channel, row-major, from w x h to
// outW x outH pixels as OpenCV's cv2.resize does with INTER_LINEAR, byte for
// byte. It returns an error when a side is not positive or too large, or src
// does not have w*h bytes.
//
// A target pixel d lies at (d + 0.5) w/outW - 0.5 in the source and takes the
// four pixels around it, weighted in fixed point of 11 bits, which is what
// decides the last bit of the result.
func Resize(src []uint8, w, h, outW, outH int) ([]uint8, error) {
	if w <= 0 || h <= 0 || w > maxSide || h > maxSide || len(src) != w*h {
		return nil, fmt.Errorf("render: %d bytes do not make a gray image of %d x %d pixels", len(src), w, h)
	}
	if outW <= 0 || outH <= 0 || outW > maxSide || outH > maxSide {
		return nil, fmt.Errorf("render: cannot resize to %d x %d pixels", outW, outH)
	}
	out := make([]uint8, outW*outH)
	if w == 2*outW && h == 2*outH {
		halve(out, src, outW, outH)
		return out, nil
	}
	cols, rows := taps(w, outW, true), taps(h, outH, false)
	// The two source rows that the last target row needed, scaled across.
	var lines [2][]int32
	held := [2]int{-1, -1}
	for i := range lines {
		lines[i] = make([]int32, outW)
	}
	line := func(y int) []int32 {
		if held[y&1] != y {
			held[y&1] = y
			across(lines[y&1], src[y*w:(y+1)*w], cols)
		}
		return lines[y&1]
	}
	for y, t := range rows {
		upper := line(clamp(t.at, h))
		lower := line(clamp(t.at+1, h))
		dst := out[y*outW : (y+1)*outW]
		for x := range dst {
			v := ((t.w0*(upper[x]>>4))>>16 + (t.w1*(lower[x]>>4))>>16 + 2) >> 2
			dst[x] = uint8(min(max(v, 0), 255))
		}
	}
	return out, nil
}

// maxSide bounds the sides of everything that is drawn.
const maxSide = 1 << 15

// halve averages blocks of 2x2, which OpenCV does in place of INTER_LINEAR
// when both sides shrink by exactly two.
func halve(dst, src []uint8, outW, outH int) {
	w := 2 * outW
	for y := range outH {
		a, b := src[2*y*w:(2*y+1)*w], src[(2*y+1)*w:(2*y+2)*w]
		for x := range outW {
			dst[y*outW+x] = uint8((int(a[2*x]) + int(a[2*x+1]) + int(b[2*x]) + int(b[2*x+1]) + 2) >> 2)
		}
	}
}

// tap is a target position: the first of its two source pixels, and the
// weights of both in 1/2048.
type tap struct {
	at     int
	w0, w1 int32
}

// taps computes the positions along one axis. Across (x), the edges take one
// pixel with all the weight; down (y), OpenCV keeps the weights there and
// clamps the rows alone.
func taps(in, out int, across bool) []tap {
	scale := 1 / (float64(out) / float64(in))
	t := make([]tap, out)
	for d := range t {
		f := float32((float64(d)+0.5)*scale - 0.5)
		at := int(math.Floor(float64(f)))
		f -= float32(at)
		if across && at < 0 {
			at, f = 0, 0
		}
		if across && at >= in-1 {
			at, f = in-1, 0
		}
		t[d] = tap{at, int32(math.RoundToEven(float64((1 - f) * 2048))), int32(math.RoundToEven(float64(f * 2048)))}
	}
	return t
}

// across scales one row, in units of 1/2048.
func across(dst []int32, row []uint8, cols []tap) {
	for x, t := range cols {
		next := min(t.at+1, len(row)-1)
		dst[x] = int32(row[t.at])*t.w0 + int32(row[next])*t.w1
	}
}

func clamp(y, n int) int { return min(max(y, 0), n-1) }
