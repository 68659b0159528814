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
	kern, channels := chosen, x.C/vector*vector
	if channels == 0 {
		kern, channels = &portable, x.C
	}
	win := window{kernel, stride, padding}
	taps := min(kernel, x.H) * min(kernel, x.W)
	parallel.For(x.N*y.H, max(1, 1<<13/(y.W*x.C)), func(lo, hi int) {
		buffer := mem.take(taps * int(unsafe.Sizeof(int(0))) / 4)
		defer mem.give(buffer)
		p := pooling{srcStride: stride * x.C, dstStride: x.C}
		p.offsets = (*int)(unsafe.Pointer(&buffer[0]))
		offsets := unsafe.Slice(p.offsets, taps)
		for r := lo; r < hi; r++ {
			n, i := r/y.H, r%y.H
			win.runs(x, i, y.W, func(a area, j, count int) {
				p.taps, p.count = 0, count
				for v := range a.h {
					for u := range a.w {
						offsets[p.taps] = 4 * (v*x.W + u) * x.C
						p.taps++
					}
				}
				src, dst := x.data[x.pixel(n, a.y, a.x):], y.data[y.pixel(n, i, j):]
				p.src, p.dst, p.channels = &src[0], &dst[0], channels
				kern.pool(&p)
				if channels < x.C {
					// The last vector takes some channels once more.
					p.src, p.dst, p.channels = &src[x.C-vector], &dst[x.C-vector], vector
					kern.pool(&p)
				}
			})
		}
	})
}

// AvgPool writes the means under a square kernel to y, as nn.AvgPool2d does:
// padding counts as zeros or, if excluded, not at all, and what windows cover
// beyond it never. The rest is as in MaxPool.
func AvgPool(y, x *Maps, kernel, stride, padding int, excludePad bool) {
	win := window{kernel, stride, padding}
	taps := min(kernel, x.H) * min(kernel, x.W)
	zeros := make([]float32, x.C)
	parallel.For(x.N*y.H, rowsEach(x.N*y.H, y.W*y.C*taps), func(lo, hi int) {
		offsets := make([][2]int, taps)
		weights, share := make([]float32, x.C), float32(0)
		for r := lo; r < hi; r++ {
			n, i := r/y.H, r%y.H
			win.runs(x, i, y.W, func(a area, j, count int) {
				if s := 1 / (win.counted(i, x.H, excludePad) * win.counted(j, x.W, excludePad)); s != share {
					share = s
					for c := range weights {
						weights[c] = s
					}
				}
				p := stencil{weights: &weights[0], offsets: &offsets[0], bias: &zeros[0], count: count, channels: x.C}
				p.srcStride, p.dstStride = 4*stride*x.C, 4*y.C
				p.floor, p.ceiling = After{}.limits()
				for v := range a.h {
					for u := range a.w {
						offsets[p.taps] = [2]int{4 * (v*x.W + u) * x.C, 0}
						p.taps++
					}
				}
				p.src, p.dst = &x.data[x.pixel(n, a.y, a.x)], &y.data[y.pixel(n, i, j)]
				chosen.stencil(&p)
			})
		}
	})
}

// A window goes over a map.
type window struct {
	kernel, stride, padding int
}

// An area is what a window sees of a map.
type area struct {
	y, x, h, w int
}

// runs calls f for the windows of row i, from left to right: each with how many others
// behind it see as much, so many pixels further right.
func (win window) runs(x *Maps, i, width int, f func(a area, j, count int)) {
	top := i*win.stride - win.padding
	a := area{y: max(top, 0)}
	a.h = min(top+win.kernel, x.H) - a.y
	for j := 0; j < width; {
		left := j*win.stride - win.padding
		a.x = max(left, 0)
		a.w = min(left+win.kernel, x.W) - a.x
		count := 1
		if left >= 0 && left+win.kernel <= x.W { // and so up to the right edge
			count = min(width-j, (x.W-win.kernel-left)/win.stride+1)
		}
		f(a, j, count)
		j += count
	}
}

// counted is how many pixels of n, along one axis, count in the mean of window i.
func (win window) counted(i, n int, excludePad bool) float32 {
	from := i*win.stride - win.padding
	to := min(from+win.kernel, n+win.padding)
	if excludePad {
		from, to = max(from, 0), min(to, n)
	}
	return float32(to - from)
}
