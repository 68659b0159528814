package elementwise

import "unsafe"

func momentsGo(a sums) {
	sum, squares := unsafe.Slice(a.sum, a.n), unsafe.Slice(a.product, a.n)
	centre := unsafe.Slice(a.centre, a.n)
	for r := range a.rows {
		for i, v := range unsafe.Slice(after(a.x, r*a.stride), a.n) {
			d := float64(v) - centre[i]
			sum[i] += d
			squares[i] += d * d
		}
	}
}

func productsGo(a sums) {
	sum, products := unsafe.Slice(a.sum, a.n), unsafe.Slice(a.product, a.n)
	centre := unsafe.Slice(a.centre, a.n)
	for r := range a.rows {
		dy, x := unsafe.Slice(after(a.dy, r*a.stride), a.n), unsafe.Slice(after(a.x, r*a.stride), a.n)
		if a.y != nil {
			for i, v := range unsafe.Slice(after(a.y, r*a.stride), a.n) {
				if v <= 0 {
					dy[i] = 0
				}
			}
		}
		for i, v := range x {
			d := float64(dy[i])
			sum[i] += d
			products[i] += d * (float64(v) - centre[i])
		}
	}
}

func normGo(a norm) {
	centre, scale, shift := unsafe.Slice(a.centre, a.n), unsafe.Slice(a.scale, a.n), unsafe.Slice(a.shift, a.n)
	row := func(x *float32, r int) []float32 { return unsafe.Slice(after(x, 4*r*a.n), a.n) }
	for r := range a.rows {
		var dy, factor, add []float32
		if a.dy != nil {
			dy, factor = row(a.dy, r), unsafe.Slice(a.factor, a.n)
		}
		if a.add != nil {
			add = row(a.add, r)
		}
		y := row(a.y, r)
		for i, v := range row(a.x, r) {
			v = (v-centre[i])*scale[i] + shift[i]
			if dy != nil {
				v += dy[i] * factor[i]
			}
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
