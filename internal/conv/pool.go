package conv

import (
	"unsafe"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// MaxPool writes the maxima under a square kernel to y, as nn.MaxPool2d does
// with NaN and padding. Windows may reach beyond the padded map, as they do
// where the size of y is rounded up, but each must hold a pixel of x; neither
// has a border.
func MaxPool(y, x *Maps, kernel, stride, padding int, mem *Memory) {
	h, w := y.H, y.W
	kern, channels := chosen, x.C/vector*vector
	if channels == 0 {
		kern, channels = &portable, x.C
	}
	parallel.For(x.N*h, max(1, 1<<13/(w*x.C)), func(lo, hi int) {
		taps := kernel * kernel
		buffer := mem.take(taps * int(unsafe.Sizeof(int(0))) / 4)
		defer mem.give(buffer)
		p := pooling{srcStride: stride * x.C, dstStride: x.C, channels: channels}
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
				if channels < x.C {
					// The last vector takes some channels once more.
					last := p
					last.channels = vector
					last.src, last.dst = &x.data[x.pixel(n, y0, x0)+x.C-vector], &y.data[y.pixel(n, i, j)+x.C-vector]
					kern.pool(&last)
				}
				j += p.count
			}
		}
	})
}
