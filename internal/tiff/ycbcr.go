package tiff

import (
	"fmt"
	"math"
)

// pillowYCbCr converts samples that are not subsampled with the tables of Pillow's
// ConvertYCbCr.c: JFIF's formulas with 6 bits of fraction, whatever the file says of
// coefficients and of reference black and white.
func pillowYCbCr(dst []uint8, src []byte) {
	for x := range len(dst) / 3 {
		p := src[3*x : 3*x+3 : 3*x+3]
		o := dst[3*x : 3*x+3 : 3*x+3]
		y, cb, cr := int(p[0]), int(p[1])-128, int(p[2])-128
		o[0] = clip(y + sixBits(cr, 140200)>>6)
		o[1] = clip(y + (sixBits(cb, -34414)+sixBits(cr, -71414))>>6)
		o[2] = clip(y + sixBits(cb, 177200)>>6)
	}
}

// sixBits is an entry of those tables: c * k/100000 * 64, to which a half is added
// before what is behind the point is cut off, of negative numbers as well.
func sixBits(c, k int) int { return (64*c*k + 50000) / 100000 }

func clip(v int) uint8 { return uint8(max(0, min(v, 255))) }

// lumaChroma converts YCbCr as libtiff does (TIFFYCbCrToRGBInit), with the file's
// coefficients and its reference black and white: TIFF 6.0, section 21.
type lumaChroma struct {
	luma                                    [256]int32
	redOfCr, greenOfCr, greenOfCb, blueOfCb [256]int32
}

func newLumaChroma(d *directory) (*lumaChroma, error) {
	luma, err := d.floats(tagYCbCrCoefficients, []float32{0.299, 0.587, 0.114})
	if err != nil {
		return nil, err
	}
	ref, err := d.floats(tagReferenceBlackWhite, []float32{0, 255, 128, 255, 128, 255})
	if err != nil {
		return nil, err
	}
	if luma[1] == 0 || luma[0] != luma[0] || luma[1] != luma[1] || luma[2] != luma[2] {
		return nil, fmt.Errorf("tag %v is %v", tagYCbCrCoefficients, luma)
	}
	for _, v := range ref {
		if !(v >= math.MinInt32/2 && v <= math.MaxInt32/2) {
			return nil, fmt.Errorf("tag %v is %v", tagReferenceBlackWhite, ref)
		}
	}
	// The conversions to float32 keep a product from being fused with a sum.
	red := float32(2 - float32(2*luma[0]))
	blue := float32(2 - float32(2*luma[2]))
	redOfCr, blueOfCb := fixed(red), fixed(blue)
	greenOfCr := -fixed(float32(luma[0]*red) / luma[1])
	greenOfCb := -fixed(float32(luma[2]*blue) / luma[1])
	c := &lumaChroma{}
	const half = 1 << 15
	for i := range c.luma {
		cr := level(i-128, ref[4]-128, ref[5]-128, 127)
		cb := level(i-128, ref[2]-128, ref[3]-128, 127)
		c.redOfCr[i] = (redOfCr*cr + half) >> 16
		c.blueOfCb[i] = (blueOfCb*cb + half) >> 16
		c.greenOfCr[i] = greenOfCr * cr
		c.greenOfCb[i] = greenOfCb*cb + half
		c.luma[i] = level(i, ref[0], ref[1], 255)
	}
	return c, nil
}

// fixed is a factor between 0 and 2 with 16 bits of fraction.
func fixed(v float32) int32 {
	if !(v >= 0) {
		v = 0
	}
	return int32(float64(min(v, 2))*(1<<16) + 0.5)
}

// level is a sample as a part of what lies between black and white.
func level(code int, black, white, most float32) int32 {
	between := float32(1)
	if white != black {
		between = white - black
	}
	v := float32(float32(int32(code)-int32(black))*most) / between
	return int32(max(-128*32, min(v, 128*32)))
}

func (c *lumaChroma) rgb(dst []uint8, y, cb, cr uint8) {
	l := c.luma[y]
	dst[0] = clip(int(l + c.redOfCr[cr]))
	dst[1] = clip(int(l + (c.greenOfCb[cb]+c.greenOfCr[cr])>>16))
	dst[2] = clip(int(l + c.blueOfCb[cb]))
}

// subsampled writes a row of data units as rows of pixels, each of width of them: a
// unit has the luma of a block of pixels, row by row, and their one Cb and Cr, which
// are not smoothed.
func (c *lumaChroma) subsampled(dst []uint8, src []byte, width, across, down int) {
	luma := across * down
	for row := range down {
		for x := range width {
			unit := src[x/across*(luma+2):]
			c.rgb(dst[3*(row*width+x):], unit[row*across+x%across], unit[luma], unit[luma+1])
		}
	}
}
