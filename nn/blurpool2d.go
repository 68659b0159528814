package nn

import "context"

// BlurPool2d halves a map after a blur (Zhang, "Making convolutional networks
// shift-invariant again", 2019), as timm does: every second pixel of the map,
// reflected at its edges, under the 3x3 kernel
//
//	1  2  1
//	2  4  2   / 16
//	1  2  1
type BlurPool2d struct{}

// Shape maps N x C x H x W, of at least 2 x 2 pixels, to N x C x ceil(H/2) x
// ceil(W/2).
func (l BlurPool2d) Shape(x ...[]int) ([]int, error) {
	n, c, h, w, err := batch(l, x, 0)
	if err == nil && (h < 2 || w < 2) {
		err = shapeError(l, "a map of 2x2 or more", x[0])
	}
	return []int{n, c, (h + 1) / 2, (w + 1) / 2}, err
}

// Forward blurs every plane of a batch.
func (l BlurPool2d) Forward(ctx context.Context, x ...*Tensor) (*Tensor, error) {
	y, err := prepare(l, x)
	if err != nil {
		return nil, err
	}
	return y, eachPlane(ctx, y.Shape, func(p, _ int) {
		src, dst := x[0].plane(p), y.plane(p)
		l.eachTap(x[0].Shape, y.Shape, func(to, from int, weight float32) { dst[to] += weight * src[from] })
	})
}

// Backward returns the gradient by the input.
func (l BlurPool2d) Backward(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	dx, err := gradients(l, dy, y, x)
	if err != nil {
		return nil, err
	}
	return dx, eachPlane(ctx, y.Shape, func(p, _ int) {
		src, dst := dy.plane(p), dx[0].plane(p)
		l.eachTap(x[0].Shape, y.Shape, func(to, from int, weight float32) { dst[from] += weight * src[to] })
	})
}

// eachTap calls f for every pixel of the output and every pixel of the kernel.
func (BlurPool2d) eachTap(in, out []int, f func(to, from int, weight float32)) {
	h, w := in[2], in[3]
	line := [3]float32{0.25, 0.5, 0.25}
	for i := range out[2] {
		for j := range out[3] {
			for u, down := range line {
				for v, across := range line {
					f(i*out[3]+j, reflect(2*i+u-1, h)*w+reflect(2*j+v-1, w), down*across)
				}
			}
		}
	}
}

// reflect returns the pixel that stands for pixel i, one beyond the edge at most.
func reflect(i, n int) int {
	switch {
	case i < 0:
		return -i
	case i >= n:
		return 2*(n-1) - i
	}
	return i
}
