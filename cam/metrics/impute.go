package metrics

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// Impute fills in the pixels of an image, channels x height x width, that are not known:
// each becomes the mean of its neighbours, those beside it weighed by 1/6 and those across a
// corner by 1/12 (Rong et al. 2022, section 4.2; at the border by what there is of them). So
// an unknown pixel's value tells nothing, and less of the pattern of the known ones than a
// constant would. Where nothing is known, all pixels become their channel's mean.
//
// The linear system is solved to about 1e-7 of the image's range by conjugate gradients,
// preconditioned by a cycle of multigrid (Briggs, Henson and McCormick, "A multigrid
// tutorial", 2000): the same equations over every other pixel of every other row, over a
// quarter of those, and so on.
func Impute(ctx context.Context, image []float32, known []bool, channels, height, width int) ([]float32, error) {
	if channels < 1 || height < 1 || width < 1 || len(image) != channels*height*width || len(known) != height*width {
		return nil, fmt.Errorf("metrics: %d numbers and a mask of %d for an image of %d x %d x %d", len(image), len(known), channels, height, width)
	}
	out := slices.Clone(image)
	return out, newImputer(height, width).fill(ctx, out, image, known)
}

// imputer is the memory of all levels, for images of one size.
type imputer struct {
	levels []*level
	u      []float64 // the image, and what becomes of it
	p, q   []float64 // of conjugate gradients: direction, and what the system makes of it
}

// level is the system over every 2^l'th pixel of every 2^l'th row. Its planes have a border
// of zeros.
type level struct {
	width, height, stride int
	hole                  []bool    // whether a pixel is unknown
	unknown               []int32   // where those are, in a plane
	diagonal, inverse     []float64 // of the system's matrix, for each
	weights               [][9]float64
	x, b, r, line         []float64 // solution, right-hand side, residual
}

func newImputer(height, width int) *imputer {
	size := (width + 2) * (height + 2)
	im := &imputer{u: make([]float64, size), p: make([]float64, size), q: make([]float64, size)}
	for {
		size := (width + 2) * (height + 2)
		l := &level{width: width, height: height, stride: width + 2, hole: make([]bool, size)}
		for _, plane := range []*[]float64{&l.x, &l.b, &l.r, &l.line} {
			*plane = make([]float64, size)
		}
		im.levels = append(im.levels, l)
		if width*height <= 4 {
			return im
		}
		width, height = (width+1)/2, (height+1)/2
	}
}

// The weights of neighbours, and what is around a pixel: they, with 0 for itself.
const beside, across = 1.0 / 6, 1.0 / 12

var stencil = [9]float64{across, beside, across, beside, 0, beside, across, beside, across}

// index sets up the finest level for its holes.
func (l *level) index() {
	l.unknown, l.diagonal, l.inverse = l.unknown[:0], l.diagonal[:0], l.inverse[:0]
	for y := 1; y <= l.height; y++ {
		for x := 1; x <= l.width; x++ {
			if !l.hole[y*l.stride+x] {
				continue
			}
			// How many neighbours there are along each axis.
			nx, ny := 2, 2
			if x == 1 {
				nx--
			}
			if x == l.width {
				nx--
			}
			if y == 1 {
				ny--
			}
			if y == l.height {
				ny--
			}
			l.add(y*l.stride+x, beside*float64(nx+ny)+across*float64(nx*ny))
		}
	}
}

// add makes a pixel an unknown.
func (l *level) add(at int, diagonal float64) {
	l.unknown = append(l.unknown, int32(at))
	l.diagonal = append(l.diagonal, diagonal)
	l.inverse = append(l.inverse, 1/diagonal)
}

// coarsen sets up level c with the matrix P' A P, where A is that of level l and P is
// prolong, "Galerkin's".
func (l *level) coarsen(c *level) {
	c.unknown, c.diagonal, c.inverse, c.weights = c.unknown[:0], c.diagonal[:0], c.inverse[:0], c.weights[:0]
	number := make([]int32, len(l.hole)) // of an unknown of l
	for k, p := range l.unknown {
		number[p] = int32(k)
	}
	for j := 1; j <= c.height; j++ {
		for i := 1; i <= c.width; i++ {
			var sum [9]float64
			for fy := max(2*j-2, 1); fy <= min(2*j, l.height); fy++ {
				for fx := max(2*i-2, 1); fx <= min(2*i, l.width); fx++ {
					f := fy*l.stride + fx
					if !l.hole[f] {
						continue
					}
					k := number[f]
					weights := &stencil
					if l.weights != nil {
						weights = &l.weights[k]
					}
					share := portion(fy, j, c.height) * portion(fx, i, c.width)
					for d := range 9 {
						g := f + (d/3-1)*l.stride + d%3 - 1
						if !l.hole[g] {
							continue
						}
						a := -weights[d] * share
						if d == 4 {
							a = l.diagonal[k] * share
						}
						gy, gx := fy+d/3-1, fx+d%3-1
						for jj := (gy + 1) / 2; jj <= gy/2+1; jj++ {
							wy := portion(gy, jj, c.height)
							if wy == 0 {
								continue
							}
							for ii := (gx + 1) / 2; ii <= gx/2+1; ii++ {
								sum[(jj-j+1)*3+ii-i+1] += a * wy * portion(gx, ii, c.width)
							}
						}
					}
				}
			}
			p := j*c.stride + i
			if c.hole[p] = sum[4] > 0; c.hole[p] {
				c.add(p, sum[4])
				for d := range sum {
					sum[d] = -sum[d]
				}
				sum[4] = 0
				c.weights = append(c.weights, sum)
			}
		}
	}
}

// portion is how much of coarse pixel i, of n along an axis, goes into the finer pixel x: all
// of the one in the same place, half of each of two between which it lies. Both count
// from 1.
func portion(x, i, n int) float64 {
	switch {
	case i < 1 || i > n:
		return 0
	case x == 2*i-1 || i == n && x == 2*n:
		return 1
	case x == 2*i-2 || x == 2*i:
		return 0.5
	}
	return 0
}

// fill writes the unknown pixels of out; what else it holds is where the solution begins.
func (im *imputer) fill(ctx context.Context, out, image []float32, known []bool) error {
	fine := im.levels[0]
	for p, k := range known {
		fine.hole[(p/fine.width+1)*fine.stride+p%fine.width+1] = !k
	}
	fine.index()
	if len(fine.unknown) == 0 {
		return nil
	}
	for i, l := range im.levels[1:] {
		im.levels[i].coarsen(l)
	}
	area := len(known)
	for at := 0; at < len(image); at += area {
		if err := ctx.Err(); err != nil {
			return err
		}
		plane, result := image[at:at+area], out[at:at+area]
		if len(fine.unknown) == area {
			sum := 0.0
			for _, v := range plane {
				sum += float64(v)
			}
			for p := range result {
				result[p] = float32(sum / float64(area))
			}
			continue
		}
		im.solve(result, plane, known)
	}
	return nil
}

// solve does one channel by conjugate gradients.
func (im *imputer) solve(out, image []float32, known []bool) {
	l := im.levels[0]
	clear(l.x)
	low, high := math.Inf(1), math.Inf(-1)
	u := im.u
	for p, k := range known {
		at := (p/l.width+1)*l.stride + p%l.width + 1
		u[at] = float64(out[p])
		if k {
			u[at] = float64(image[p])
			low, high = min(low, u[at]), max(high, u[at])
		}
	}
	_ = fmt.Sprint
	r := l.b
	clear(r)
	clear(im.p)
	for k, p := range l.unknown {
		r[p] = l.around(u, k) - u[p]*l.diagonal[k]
	}
	const most = 100
	old := 1.0
	for iter := range most {
		im.cycle(0)
		z := l.x
		worst, rz := 0.0, 0.0
		for _, p := range l.unknown {
			worst = max(worst, math.Abs(z[p]))
			rz += r[p] * z[p]
		}
		if Trace != nil {
			Trace(iter, worst)
		}
		if worst <= 1e-6*(high-low) || worst == 0 {
			for _, p := range l.unknown {
				u[p] += z[p]
			}
			break
		}
		beta := rz / old
		if iter == 0 {
			beta = 0
		}
		old = rz
		for _, p := range l.unknown {
			im.p[p] = z[p] + beta*im.p[p]
		}
		pq := 0.0
		for k, p := range l.unknown {
			im.q[p] = im.p[p]*l.diagonal[k] - l.around(im.p, k)
			pq += im.p[p] * im.q[p]
		}
		alpha := rz / pq
		for _, p := range l.unknown {
			u[p] += alpha * im.p[p]
			r[p] -= alpha * im.q[p]
		}
	}
	for _, p := range l.unknown {
		y, x := int(p)/l.stride-1, int(p)%l.stride-1
		out[y*l.width+x] = float32(u[p])
	}
}

var Trace func(int, float64)

// around is what an unknown's neighbours add up to, each times its weight.
func (l *level) around(v []float64, k int) float64 {
	p := int(l.unknown[k])
	up, mid, down := v[p-l.stride-1:p-l.stride+2], v[p-1:p+2], v[p+l.stride-1:p+l.stride+2]
	if l.weights == nil {
		return beside*(up[1]+mid[0]+mid[2]+down[1]) + across*(up[0]+up[2]+down[0]+down[2])
	}
	w := &l.weights[k]
	return w[0]*up[0] + w[1]*up[1] + w[2]*up[2] + w[3]*mid[0] + w[5]*mid[2] + w[6]*down[0] + w[7]*down[1] + w[8]*down[2]
}

// cycle solves a level's system roughly, from zero: a sweep of Gauss and Seidel's method, a
// correction by the coarser level, and a sweep back. As a matrix it is symmetric.
func (im *imputer) cycle(depth int) {
	l := im.levels[depth]
	clear(l.x)
	sweeps := 1
	if depth == len(im.levels)-1 {
		sweeps = 4
	}
	for range sweeps {
		for k, p := range l.unknown {
			l.x[p] = (l.b[p] + l.around(l.x, k)) * l.inverse[k]
		}
	}
	if depth < len(im.levels)-1 {
		coarse := im.levels[depth+1]
		clear(l.r)
		for k, p := range l.unknown {
			l.r[p] = l.b[p] + l.around(l.x, k) - l.x[p]*l.diagonal[k]
		}
		l.restrict(coarse)
		im.cycle(depth + 1)
		l.prolong(coarse)
	}
	for range sweeps {
		for k := len(l.unknown) - 1; k >= 0; k-- {
			p := l.unknown[k]
			l.x[p] = (l.b[p] + l.around(l.x, k)) * l.inverse[k]
		}
	}
}

// restrict adds up the residual onto the coarser level's pixels: the transpose of prolong.
func (l *level) restrict(c *level) {
	for y := 1; y <= l.height; y++ {
		row := l.r[y*l.stride:][:l.stride]
		line := l.line[y*l.stride:][:c.width+2]
		for i := 1; i < c.width; i++ {
			line[i] = row[2*i-1] + (row[2*i-2]+row[2*i])/2
		}
		last := 2*c.width - 1
		line[c.width] = row[last] + row[last-1]/2 + row[last+1]
	}
	for j := 1; j <= c.height; j++ {
		above, at, below := l.line[(2*j-2)*l.stride:], l.line[(2*j-1)*l.stride:], l.line[2*j*l.stride:]
		half := 0.5
		if j == c.height {
			half = 1
		}
		for i := 1; i <= c.width; i++ {
			c.b[j*c.stride+i] = at[i] + above[i]/2 + half*below[i]
		}
	}
}

// prolong adds the coarser level's solution, bilinearly.
func (l *level) prolong(c *level) {
	for _, p := range l.unknown {
		y, x := int(p)/l.stride, int(p)%l.stride
		j, i := (y+1)/2, (x+1)/2
		j2, i2 := min(y/2+1, c.height), min(x/2+1, c.width)
		l.x[p] += (c.x[j*c.stride+i] + c.x[j*c.stride+i2] + c.x[j2*c.stride+i] + c.x[j2*c.stride+i2]) / 4
	}
}
