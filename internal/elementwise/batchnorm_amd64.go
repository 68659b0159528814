//go:build !purego

package elementwise

//go:noescape
func momentsAVX512(a sums)

//go:noescape
func productsAVX512(a sums)

//go:noescape
func normAVX512(a norm)

//go:noescape
func momentsAVX2(a sums)

//go:noescape
func productsAVX2(a sums)

//go:noescape
func normAVX2(a norm)
