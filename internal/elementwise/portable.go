package elementwise

import (
	"math"
	"unsafe"
)

// portable is in plain Go; every other is held to it.
var portable = loops{
	name:              "portable",
	activate:          activateGo,
	gradient:          gradientGo,
	affine:            affineGo,
	times:             timesGo,
	pass:              passGo,
	sums:              sumsGo,
	dots:              dotsGo,
	layerNorm:         layerNormGo,
	layerNormGradient: layerNormGradientGo,
	moments:           momentsGo,
	products:          productsGo,
	norm:              normGo,
}

// after returns the element so many bytes further.
func after(x *float32, bytes int) *float32 {
	return (*float32)(unsafe.Add(unsafe.Pointer(x), bytes))
}

func affineGo(a *affine) {
	scale, shift := unsafe.Slice(a.scale, a.n), unsafe.Slice(a.shift, a.n)
	for r := range a.rows {
		x, y := unsafe.Slice(after(a.x, r*a.xStride), a.n), unsafe.Slice(after(a.y, r*a.yStride), a.n)
		var add []float32
		if a.add != nil {
			add = unsafe.Slice(after(a.add, r*a.addStride), a.n)
		}
		for i, v := range x {
			v = v*scale[i] + shift[i]
			if add != nil {
				v += add[i]
			}
			if v < a.floor {
				v = a.floor
			}
			y[i] = v
		}
	}
}

func sumsGo(y, x *float32, n, rows, stride int) {
	sums := unsafe.Slice(y, n)
	clear(sums)
	for r := range rows {
		for i, v := range unsafe.Slice(after(x, r*stride), n) {
			sums[i] += v
		}
	}
}

func dotsGo(y, a, b *float32, n, rows, aStride, bStride int) {
	sums := unsafe.Slice(y, n)
	clear(sums)
	for r := range rows {
		v := unsafe.Slice(after(b, r*bStride), n)
		for i, u := range unsafe.Slice(after(a, r*aStride), n) {
			sums[i] += u * v[i]
		}
	}
}

func layerNormGo(y, x, weight, bias *float32, n, rows int, eps, _ float32) {
	w, b := unsafe.Slice(weight, n), unsafe.Slice(bias, n)
	for r := range rows {
		from, to := unsafe.Slice(after(x, 4*r*n), n), unsafe.Slice(after(y, 4*r*n), n)
		var sum, squares float64
		for _, v := range from {
			sum += float64(v)
		}
		mean := sum / float64(n)
		for _, v := range from {
			squares += (float64(v) - mean) * (float64(v) - mean)
		}
		factor := 1 / math.Sqrt(squares/float64(n)+float64(eps))
		for i, v := range from {
			to[i] = float32((float64(v)-mean)*factor*float64(w[i]) + float64(b[i]))
		}
	}
}

func layerNormGradientGo(dx, dy, x, weight *float32, n, rows int, eps, _ float32) {
	w := unsafe.Slice(weight, n)
	for r := range rows {
		from, up, to := unsafe.Slice(after(x, 4*r*n), n), unsafe.Slice(after(dy, 4*r*n), n), unsafe.Slice(after(dx, 4*r*n), n)
		var sum, squares, slope, product float64
		for _, v := range from {
			sum += float64(v)
		}
		mean := sum / float64(n)
		for i, v := range from {
			z, dz := float64(v)-mean, float64(up[i])*float64(w[i])
			squares += z * z
			slope += dz
			product += dz * z
		}
		variance := squares/float64(n) + float64(eps)
		slope, product = slope/float64(n), product/(float64(n)*variance)
		factor := 1 / math.Sqrt(variance)
		for i, v := range from {
			dz := float64(up[i]) * float64(w[i])
			to[i] = float32((dz - slope - (float64(v)-mean)*product) * factor)
		}
	}
}

func timesGo(y, a, b *float32, n int) {
	to, from := unsafe.Slice(y, n), unsafe.Slice(b, n)
	for i, v := range unsafe.Slice(a, n) {
		to[i] = v * from[i]
	}
}

func passGo(dy, y *float32, n int, limit, floor float32) {
	d := unsafe.Slice(dy, n)
	for i, v := range unsafe.Slice(y, n) {
		switch {
		case v <= 0 || v >= limit:
			d[i] = 0
		case d[i] < floor:
			d[i] = floor
		}
	}
}
