package conv

import (
	"unsafe"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// MaxPool writes the maxima under a square kernel to y, as nn.MaxPool2d does
// with NaN and padding. Each window must hold a pixel of x; neither has a
// border.
func MaxPool(y, x *Maps, kernel, stride, padding int, mem *Memory) {
	h, w := y.H, y.W
	kern := chosen
	if x.C%vector != 0 {
		kern = &portable
	}
	parallel.For(x.N*h, max(1, 1<<13/(w*x.C)), func(lo, hi int) {
		taps := kernel * kernel
		buffer := mem.take(taps * int(unsafe.Sizeof(int(0))) / 4)
		defer mem.give(buffer)
		p := pooling{srcStride: stride * x.C, dstStride: x.C, channels: x.C}
		p.offsets = (*int)(unsafe.Pointer(&buffer[0]))
		offsets := unsafe.Slice(p.offsets, taps)
		for r := lo; r < hi; r++ {
			n, i := r/h, r%h
			top := i*stride - padding
			y0, y1 := max(top, 0), min(top+kernel, x.H)
			for j := 0; j < w; {
				left := j*stride - padding
				x0, x1 := max(left, 0), min(left+kernel, x.W)
				p.taps = 0
				for v := y0; v < y1; v++ {
					for u := x0; u < x1; u++ {
						offsets[p.taps] = 4 * ((v-y0)*x.W + u - x0) * x.C
						p.taps++
					}
				}
				p.count = 1
				if left >= 0 && left+kernel <= x.W { // and so up to the right edge
					p.count = min(w-j, (x.W-kernel-left)/stride+1)
				}
				p.src, p.dst = &x.data[x.pixel(n, y0, x0)], &y.data[y.pixel(n, i, j)]
				kern.pool(&p)
				j += p.count
			}
		}
	})
}
