package conv

import "github.com/glimpse-go/glimpse/internal/parallel"

// AvgPoolGradient writes the gradient by the input of AvgPool: each pixel has its share
// of every window that sees it.
func AvgPoolGradient(dx, dy *Maps, kernel, stride, padding int, excludePad bool) {
	win := window{kernel, stride, padding}
	taps := min(dy.H, ceil(kernel, stride)) * min(dy.W, ceil(kernel, stride))
	zeros := make([]float32, dx.C)
	parallel.For(dx.N*dx.H, rowsEach(dx.N*dx.H, dx.W*dx.C*taps), func(lo, hi int) {
		offsets := make([][2]int, taps)
		// Of each tap, what its windows have of a pixel, for every channel.
		shares, weights := make([]float32, taps), make([]float32, taps*dx.C)
		p := stencil{weights: &weights[0], offsets: &offsets[0], bias: &zeros[0], channels: dx.C}
		p.floor, p.ceiling = After{}.limits()
		for r := lo; r < hi; r++ {
			n, row := r/dx.H, r%dx.H
			i0, i1 := win.seeing(row, dy.H)
			for first := range min(stride, dx.W) {
				for q := first; q < dx.W; {
					j0, j1 := win.seeing(q, dy.W)
					if i0 >= i1 || j0 >= j1 {
						clear(dx.data[dx.pixel(n, row, q):][:dx.C])
						q += stride
						continue
					}
					p.taps = 0
					for i := i0; i < i1; i++ {
						down := win.counted(i, dx.H, excludePad)
						for j := j0; j < j1; j++ {
							if s := 1 / (down * win.counted(j, dx.W, excludePad)); s != shares[p.taps] {
								shares[p.taps] = s
								share := weights[p.taps*dx.C:][:dx.C]
								for c := range share {
									share[c] = s
								}
							}
							offsets[p.taps] = [2]int{4 * ((i-i0)*dy.W + j - j0) * dy.C, 4 * p.taps * dx.C}
							p.taps++
						}
					}
					// So are the pixels further right that windows see which lie inside.
					count := 1
					for win.inside(j0, dx.W) && q+count*stride < dx.W {
						a, b := win.seeing(q+count*stride, dy.W)
						if a != j0+count || b != j1+count || !win.inside(b-1, dx.W) {
							break
						}
						count++
					}
					p.srcStride, p.dstStride, p.count = 4*dy.C, 4*stride*dx.C, count
					p.src, p.dst = &dy.data[dy.pixel(n, i0, j0)], &dx.data[dx.pixel(n, row, q)]
					chosen.stencil(&p)
					q += count * stride
				}
			}
		}
	})
}

// seeing returns the windows [from, to) of n, along one axis, that see a pixel.
func (win window) seeing(pixel, n int) (from, to int) {
	last := pixel + win.padding // it is the first pixel of window last / stride, or behind it
	if last >= win.kernel {
		from = (last-win.kernel)/win.stride + 1
	}
	return from, min(n, last/win.stride+1)
}

// inside tells whether window i covers nothing but pixels of n, along one axis.
func (win window) inside(i, n int) bool {
	from := i*win.stride - win.padding
	return from >= 0 && from+win.kernel <= n
}

// MaxPoolGradient writes the gradient by the input x of MaxPool, whose output is y: it goes
// to the largest pixel of each window, the first of equals.
func MaxPoolGradient(dx, dy, y, x *Maps, kernel, stride, padding int) {
	const run = 64 // channels that go through the map together
	parts := ceil(dx.C, run)
	win := window{kernel, stride, padding}
	parallel.For(dx.N*parts, 1, func(lo, hi int) {
		offsets := make([][2]int, min(kernel, x.H)*min(kernel, x.W))
		for t := lo; t < hi; t++ {
			n, c := t/parts, t%parts*run
			p := selection{offsets: &offsets[0], channels: min(run, dx.C-c)}
			cleared := 0 // rows of dx
			clearTo := func(row int) {
				for ; cleared < row; cleared++ {
					line := dx.data[dx.pixel(n, cleared, 0):][:dx.W*dx.C]
					for at := c; at < len(line); at += dx.C {
						clear(line[at:][:p.channels])
					}
				}
			}
			for i := range dy.H {
				win.runs(x, i, dy.W, func(a area, j, count int) {
					clearTo(a.y + a.h)
					p.taps = 0
					for v := range a.h {
						for u := range a.w {
							offsets[p.taps] = [2]int{4 * (v*(x.W+2*x.Border) + u) * x.C, 4 * (v*dx.W + u) * dx.C}
							p.taps++
						}
					}
					atX, atDX := x.pixel(n, a.y, a.x)+c, dx.pixel(n, a.y, a.x)+c
					atY, atDY := y.pixel(n, i, j)+c, dy.pixel(n, i, j)+c
					for k := range count {
						p.x, p.dx = &x.data[atX+k*stride*x.C], &dx.data[atDX+k*stride*dx.C]
						p.y, p.dy = &y.data[atY+k*y.C], &dy.data[atDY+k*dy.C]
						chosen.choose(&p)
					}
				})
			}
			clearTo(dx.H)
		}
	})
}
