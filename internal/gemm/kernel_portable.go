package gemm

import "unsafe"

// portable is the kernel in plain Go, that every other is held to.
var portable = kernelPair{
	"portable",
	&kernel[float32]{"portable", goRows, goCols, goCols, 256, 256, mulGo[float32], nil, storeGo4[float32], addToGo4, copyRowsGo[float32]},
	&kernel[float64]{"portable", goRows, goCols, goCols, 256, 128, mulGo[float64], nil, storeGo4[float64], addStored(storeGo4[float64]), copyRowsGo[float64]},
}

const goRows, goCols = 4, 4

// mulGo multiplies a panel of 4 rows by one of 4 columns, two rows at a time:
// eight sums, four columns and two rows fit in sixteen registers.
func mulGo[T Float](k int, a, b, tile *T, _ int) {
	as := unsafe.Slice(a, k*goRows)
	bs := unsafe.Slice(b, k*goCols)
	c := (*[goRows * goCols]T)(unsafe.Pointer(tile))
	for i := 0; i < goRows; i += 2 {
		var c00, c01, c02, c03, c10, c11, c12, c13 T
		for p := 0; p < len(as) && p < len(bs); p += 4 {
			x, y := (*[4]T)(as[p:]), (*[4]T)(bs[p:])
			a0, a1 := x[i&3], x[(i+1)&3]
			b0, b1, b2, b3 := y[0], y[1], y[2], y[3]
			c00 += a0 * b0
			c01 += a0 * b1
			c02 += a0 * b2
			c03 += a0 * b3
			c10 += a1 * b0
			c11 += a1 * b1
			c12 += a1 * b2
			c13 += a1 * b3
		}
		*(*[8]T)(c[4*i:]) = [8]T{c00, c01, c02, c03, c10, c11, c12, c13}
	}
}

func storeGo4[T Float](dst, add, tile *T, stride, rows, cols int) {
	storeGo(goCols, dst, add, tile, stride, rows, cols)
}

// storeGo is kernel.store for a tile of nr columns.
func storeGo[T Float](nr int, dst, add, tile *T, stride, rows, cols int) {
	length := (rows-1)*stride + cols
	out, sums := unsafe.Slice(dst, length), unsafe.Slice(tile, rows*nr)
	var addend []T
	if add != nil {
		addend = unsafe.Slice(add, length)
	}
	for i := range rows {
		d, s := out[i*stride:][:cols], sums[i*nr:][:cols]
		if addend == nil {
			copy(d, s)
			continue
		}
		for j, x := range addend[i*stride:][:cols] {
			d[j] = s[j] + x
		}
	}
}

func addToGo4(dst *float64, tile *float32, stride, rows, cols int) {
	addToGo(goCols, dst, tile, stride, rows, cols)
}

// addToGo is kernel.addTo for a tile of nr columns.
func addToGo(nr int, dst *float64, tile *float32, stride, rows, cols int) {
	out, sums := unsafe.Slice(dst, (rows-1)*stride+cols), unsafe.Slice(tile, rows*nr)
	for i := range rows {
		d := out[i*stride:][:cols]
		for j, x := range sums[i*nr:][:cols] {
			d[j] += float64(x)
		}
	}
}

// addStored is kernel.addTo of float64: a store with what is there added.
func addStored(store func(dst, add, tile *float64, stride, rows, cols int)) func(dst, tile *float64, stride, rows, cols int) {
	return func(dst, tile *float64, stride, rows, cols int) { store(dst, dst, tile, stride, rows, cols) }
}

// copyRowsGo is kernel.copyRows.
func copyRowsGo[T Float](dst *T, dstStride int, src *T, srcStride, rows, cols int) {
	if rows == 0 || cols == 0 {
		return
	}
	d := unsafe.Slice(dst, (rows-1)*dstStride+cols)
	s := unsafe.Slice(src, (rows-1)*srcStride+cols)
	for i := range rows {
		copy(d[i*dstStride:][:cols], s[i*srcStride:])
	}
}
