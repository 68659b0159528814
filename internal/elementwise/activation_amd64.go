//go:build !purego

package elementwise

var (
	activateAVX512 = [functions]func(y, x *float32, n int){relu6AVX512, sigmoidAVX512, siluAVX512, hardsigmoidAVX512, hardswishAVX512, geluAVX512}
	gradientAVX512 = [functions]func(dx, dy, x *float32, n int){relu6GradientAVX512, sigmoidGradientAVX512, siluGradientAVX512, hardsigmoidGradientAVX512, hardswishGradientAVX512, geluGradientAVX512}
	activateAVX2   = [functions]func(y, x *float32, n int){relu6AVX2, sigmoidAVX2, siluAVX2, hardsigmoidAVX2, hardswishAVX2, geluAVX2}
	gradientAVX2   = [functions]func(dx, dy, x *float32, n int){relu6GradientAVX2, sigmoidGradientAVX2, siluGradientAVX2, hardsigmoidGradientAVX2, hardswishGradientAVX2, geluGradientAVX2}
)

//go:noescape
func relu6AVX512(y, x *float32, n int)

//go:noescape
func sigmoidAVX512(y, x *float32, n int)

//go:noescape
func siluAVX512(y, x *float32, n int)

//go:noescape
func hardsigmoidAVX512(y, x *float32, n int)

//go:noescape
func hardswishAVX512(y, x *float32, n int)

//go:noescape
func geluAVX512(y, x *float32, n int)

//go:noescape
func relu6GradientAVX512(dx, dy, x *float32, n int)

//go:noescape
func sigmoidGradientAVX512(dx, dy, x *float32, n int)

//go:noescape
func siluGradientAVX512(dx, dy, x *float32, n int)

//go:noescape
func hardsigmoidGradientAVX512(dx, dy, x *float32, n int)

//go:noescape
func hardswishGradientAVX512(dx, dy, x *float32, n int)

//go:noescape
func geluGradientAVX512(dx, dy, x *float32, n int)

//go:noescape
func relu6AVX2(y, x *float32, n int)

//go:noescape
func sigmoidAVX2(y, x *float32, n int)

//go:noescape
func siluAVX2(y, x *float32, n int)

//go:noescape
func hardsigmoidAVX2(y, x *float32, n int)

//go:noescape
func hardswishAVX2(y, x *float32, n int)

//go:noescape
func geluAVX2(y, x *float32, n int)

//go:noescape
func relu6GradientAVX2(dx, dy, x *float32, n int)

//go:noescape
func sigmoidGradientAVX2(dx, dy, x *float32, n int)

//go:noescape
func siluGradientAVX2(dx, dy, x *float32, n int)

//go:noescape
func hardsigmoidGradientAVX2(dx, dy, x *float32, n int)

//go:noescape
func hardswishGradientAVX2(dx, dy, x *float32, n int)

//go:noescape
func geluGradientAVX2(dx, dy, x *float32, n int)
