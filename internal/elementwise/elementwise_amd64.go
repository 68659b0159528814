//go:build !purego

package elementwise

import "golang.org/x/sys/cpu"

// machine lists the loops in assembly that this processor can run.
func machine() []*loops {
	var list []*loops
	if cpu.X86.HasAVX512F {
		list = append(list, &loops{
			name:              "avx512",
			activate:          activateAVX512,
			gradient:          gradientAVX512,
			affine:            affineAVX512,
			times:             timesAVX512,
			pass:              passAVX512,
			sums:              sumsAVX512,
			dots:              dotsAVX512,
			layerNorm:         layerNormAVX512,
			layerNormGradient: layerNormGradientAVX512,
			moments:           momentsAVX512,
			products:          productsAVX512,
			norm:              normAVX512,
		})
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		list = append(list, &loops{
			name:              "avx2",
			activate:          activateAVX2,
			gradient:          gradientAVX2,
			affine:            affineAVX2,
			times:             timesAVX2,
			pass:              passAVX2,
			sums:              sumsAVX2,
			dots:              dotsAVX2,
			layerNorm:         layerNormAVX2,
			layerNormGradient: layerNormGradientAVX2,
			moments:           momentsAVX2,
			products:          productsAVX2,
			norm:              normAVX2,
		})
	}
	return list
}

//go:noescape
func affineAVX512(a *affine)

//go:noescape
func sumsAVX512(y, x *float32, n, rows, stride int)

//go:noescape
func dotsAVX512(y, a, b *float32, n, rows, aStride, bStride int)

//go:noescape
func layerNormAVX512(y, x, weight, bias *float32, n, rows int, eps, each float32)

//go:noescape
func layerNormGradientAVX512(dx, dy, x, weight *float32, n, rows int, eps, each float32)

//go:noescape
func affineAVX2(a *affine)

//go:noescape
func sumsAVX2(y, x *float32, n, rows, stride int)

//go:noescape
func dotsAVX2(y, a, b *float32, n, rows, aStride, bStride int)

//go:noescape
func layerNormAVX2(y, x, weight, bias *float32, n, rows int, eps, each float32)

//go:noescape
func layerNormGradientAVX2(dx, dy, x, weight *float32, n, rows int, eps, each float32)

//go:noescape
func timesAVX512(y, a, b *float32, n int)

//go:noescape
func passAVX512(dy, y *float32, n int, limit, floor float32)

//go:noescape
func timesAVX2(y, a, b *float32, n int)

//go:noescape
func passAVX2(dy, y *float32, n int, limit, floor float32)
