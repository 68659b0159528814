//go:build !purego

package jpeg

import "golang.org/x/sys/cpu"

// machine lists the loops in assembly that this processor can run.
func machine() []*loops {
	if !cpu.X86.HasAVX2 {
		return nil
	}
	avx2 := loops{"avx2", inverseAVX2, dequantizeAVX2, rgbAVX2, doubleWidthAVX2, doubleBothAVX2}
	// Rows of samples are too short to gain by wider vectors.
	avx512 := avx2
	avx512.name = "avx512"
	return []*loops{&avx512, &avx2}
}

//go:noescape
func inverseAVX2(b *[64]int16, dst *uint8, stride int)

//go:noescape
func dequantizeAVX2(b, coefficients *[64]int16, quant *[64]uint16)

//go:noescape
func rgbAVX2(dst, y, cb, cr *uint8, n int)

//go:noescape
func doubleWidthAVX2(dst, src *uint8, n int)

//go:noescape
func doubleBothAVX2(dst, near, far *uint8, n int)
