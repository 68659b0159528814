package fft

import (
	"context"

	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/internal/scratch"
)

// A Convolver convolves real grids of nx rows and ny columns with an even real
// kernel:
//
//	out[i][j] = sum over all (k, l) of kernel(i-k, j-l) grid[k][l]
//
// by two-dimensional Fourier transforms of the grid with zeros around it. Along
// the first axis two columns at a time are the real and the imaginary part of
// one transform. Half of the spectrum is enough, and that of the kernel is
// real.
type Convolver struct {
	NX, ny int // of the grid
	Stride int // the distance of two rows of the grid: ny, rounded up
	MX, MY int // lengths of the transforms

	plans [2]*dft // along the first axis and the second
	// spectrum holds the first mx/2+1 rows of what the first axis' transform
	// makes, times 2, and as many more as fill blocks of lanes rows: block,
	// column, real parts of the rows, imaginary parts.
	spectrum []float64
	// response is the kernel's spectrum over mx*my: block, column up to my/2,
	// row.
	response []float64

	scratch [][2][]float64 // of each worker
}

// Shape makes c ready for grids of nx x ny, and transforms of at least mx x my,
// and returns whether the size of a transform has changed, so that the response
// must be made anew. Each transform must be at least twice as long as the grid,
// less one.
func (c *Convolver) Shape(nx, ny, mx, my int) bool {
	// With two blocks there is a whole one on either side of the middle.
	mx, my = keep(c.MX, max(mx, 2*lanes)), keep(c.MY, my)
	c.NX, c.ny, c.Stride = nx, ny, (ny+elementLen-1)/elementLen*elementLen
	c.spectrum = scratch.Resize(c.spectrum, c.blocks(mx)*c.Stride*elementLen)
	if mx == c.MX && my == c.MY {
		return false
	}
	c.MX, c.MY = mx, my
	for a, m := range [2]int{mx, my} {
		if c.plans[a] == nil || c.plans[a].n != m {
			c.plans[a] = newDFT(m)
		}
	}
	return true
}

// keep returns the length of a transform of at least want: the one there is, if
// it is not much too long, so that grids whose size goes to and fro do not need
// a new response each time.
func keep(have, want int) int {
	if have >= want && have <= want+want/4 {
		return have
	}
	return lengthFor(want)
}

// blocks returns how many blocks of rows half of a spectrum of m rows is.
func (c *Convolver) blocks(m int) int { return (m/2 + lanes) / lanes }

// workers makes scratch memory for all workers of n tasks.
func (c *Convolver) workers(n int) {
	for len(c.scratch) < parallel.Workers(n, 1) {
		c.scratch = append(c.scratch, [2][]float64{})
	}
	size := (max(c.MX, c.MY) + 1) * elementLen
	for i := range c.scratch {
		for j := range c.scratch[i] {
			c.scratch[i][j] = scratch.Resize(c.scratch[i][j], size)
		}
	}
}

// tasks calls f for each i below n, with scratch memory, unless ctx has ended.
func (c *Convolver) tasks(ctx context.Context, n int, f func(i int, x, scratch []float64)) error {
	c.workers(n)
	done := ctx.Done()
	parallel.ForWorker(n, 1, func(worker, lo, _ int) {
		select {
		case <-done:
		default:
			f(lo, c.scratch[worker][0], c.scratch[worker][1])
		}
	})
	return ctx.Err()
}

// Respond sets the kernel, given at offsets up to half of each transform, and
// filters that its spectrum is multiplied by, indexed by the frequency along
// each axis up to half of the transform.
func (c *Convolver) Respond(ctx context.Context, kernel func(i, j int) float64, filterX, filterY []float64) error {
	halfX, halfY := c.MX/2+1, c.MY/2+1
	// The spectrum of an even real sequence is even and real: two sequences
	// that are the real and the imaginary part of one keep to themselves.
	first := make([]float64, c.blocks(c.MX)*halfY*lanes) // block, column, row
	err := c.tasks(ctx, (halfY+elementLen-1)/elementLen, func(t int, x, scratch []float64) {
		for i := range halfX {
			row := element(x, i)
			for l := range row {
				row[l] = kernel(i, min(t*elementLen+l, halfY-1))
			}
			if i > 0 {
				*element(x, c.MX-i) = *row
			}
		}
		x = c.plans[0].transform(x, scratch)
		for k := range c.blocks(c.MX) * lanes {
			for l, v := range element(x, k) {
				if j := t*elementLen + l; j < halfY {
					first[(k/lanes*halfY+j)*lanes+k%lanes] = v
				}
			}
		}
	})
	if err != nil {
		return err
	}
	c.response = scratch.Resize(c.response, len(first))
	scale := 1 / (2 * float64(c.MX) * float64(c.MY)) // the spectrum is doubled
	blocks := c.blocks(c.MX)
	return c.tasks(ctx, (blocks+1)/2, func(t int, x, scratch []float64) {
		both := [2][]float64{}
		for half := range both {
			b := min(2*t+half, blocks-1)
			both[half] = first[b*halfY*lanes : (b+1)*halfY*lanes]
		}
		for j := range halfY {
			row := element(x, j)
			for half, block := range both {
				copy(row[half*lanes:], block[j*lanes:(j+1)*lanes])
			}
			if j > 0 {
				*element(x, c.MY-j) = *row
			}
		}
		x = c.plans[1].transform(x, scratch)
		for half := range min(2, blocks-2*t) {
			b := 2*t + half
			for j := range halfY {
				out := c.response[(b*halfY+j)*lanes:]
				for l := range lanes {
					k := b*lanes + l
					out[l] = x[j*elementLen+half*lanes+l] * scale * filterX[min(k, c.MX-k)] * filterY[j]
				}
			}
		}
	})
}

// Convolve replaces the grid, rows of stride numbers of which ny count, by its
// convolution with the kernel. The numbers between must be 0 at first.
func (c *Convolver) Convolve(ctx context.Context, grid []float64) error {
	columns := c.Stride / elementLen
	if err := c.tasks(ctx, columns, func(t int, x, scratch []float64) { c.forward(grid, t, x, scratch) }); err != nil {
		return err
	}
	if err := c.tasks(ctx, c.blocks(c.MX), c.multiply); err != nil {
		return err
	}
	return c.tasks(ctx, columns, func(t int, x, scratch []float64) { c.backward(grid, t, x, scratch) })
}

// forward transforms the t-th 16 columns along the first axis.
func (c *Convolver) forward(grid []float64, t int, x, scratch []float64) {
	for i := range c.NX {
		*element(x, i) = [elementLen]float64(grid[i*c.Stride+t*elementLen:])
	}
	clear(x[c.NX*elementLen : c.MX*elementLen])
	y := c.plans[0].transform(x, scratch)
	y = y[: (c.MX+1)*elementLen : (c.MX+1)*elementLen]
	*element(y, c.MX) = *element(y, 0)
	for b := range c.blocks(c.MX) {
		// The spectra of the real and the imaginary part, A and B:
		// 2A = X[k] + conj X[-k], 2B = (X[k] - conj X[-k]) / i.
		const re, im = 0, lanes
		out := (b*c.Stride + t*elementLen) * elementLen
		plus, minus := b*lanes*elementLen, (c.MX-b*lanes)*elementLen
		for _, part := range [4]struct {
			to, a, b int
			sign     float64
		}{
			{out + re, plus + re, minus + re, 1},
			{out + im, plus + im, minus + im, -1},
			{out + lanes*elementLen + re, plus + im, minus + im, 1},
			{out + lanes*elementLen + im, minus + re, plus + re, -1},
		} {
			stepA, stepB := elementLen, -elementLen
			if part.a == minus {
				stepA, stepB = stepB, stepA
			}
			chosen.turn8(c.spectrum, part.to, elementLen, y, part.a, stepA, y, part.b, stepB, part.sign)
		}
	}
}

// multiply transforms the b-th block of rows along the second axis, multiplies
// by the response, and transforms back.
func (c *Convolver) multiply(b int, x, scratch []float64) {
	rows := c.spectrum[b*c.Stride*elementLen : (b+1)*c.Stride*elementLen]
	rows, rest := rows[:c.ny*elementLen], rows[c.ny*elementLen:]
	clear(rest) // columns that do not count, but share transforms with others
	copy(x, rows)
	clear(x[len(rows) : c.MY*elementLen])
	y := c.plans[1].transform(x, scratch)
	if &y[0] == &scratch[0] {
		x, scratch = scratch, x
	}
	response := c.response[b*(c.MY/2+1)*lanes:]
	scaleTurned(element(x, 0), response)
	for j := 1; j < c.MY-j; j++ {
		r := response[j*lanes:]
		scaleTurned(element(x, j), r)
		scaleTurned(element(x, c.MY-j), r)
	}
	if c.MY%2 == 0 {
		scaleTurned(element(x, c.MY/2), response[c.MY/2*lanes:])
	}
	y = c.plans[1].transform(x, scratch)
	copy(rows, y) // its real and imaginary parts exchanged
}

// scaleTurned multiplies an element by real factors, and exchanges its real and
// imaginary parts, as the inverse transform wants them.
func scaleTurned(x *[elementLen]float64, factors []float64) {
	f := (*[lanes]float64)(factors)
	for l, v := range f {
		x[l], x[l+lanes] = x[l+lanes]*v, x[l]*v
	}
}

// backward undoes forward. What it finds has its real and imaginary parts
// exchanged, as has what it leaves to the inverse transform.
func (c *Convolver) backward(grid []float64, t int, x, scratch []float64) {
	x = x[: (c.MX+1)*elementLen : (c.MX+1)*elementLen]
	for b := range c.blocks(c.MX) {
		// X[k] = A + iB, X[-k] = conj A + i conj B.
		const re, im = lanes, 0
		left := (b*c.Stride + t*elementLen) * elementLen
		right := left + lanes*elementLen
		plus, minus := b*lanes*elementLen, (c.MX-b*lanes)*elementLen
		for _, part := range [4]struct {
			to, step, a, b int
			sign           float64
		}{
			{minus + re, -elementLen, left + re, right + im, 1},
			{minus + im, -elementLen, right + re, left + im, -1},
			{plus + re, elementLen, left + re, right + im, -1},
			{plus + im, elementLen, right + re, left + im, 1},
		} {
			chosen.turn8(x, part.to, part.step, c.spectrum, part.a, elementLen, c.spectrum, part.b, elementLen, part.sign)
		}
	}
	y := c.plans[0].transform(x, scratch)
	for i := range c.NX {
		in, out := element(y, i), grid[i*c.Stride+t*elementLen:][:elementLen]
		copy(out[:lanes], in[lanes:])
		copy(out[lanes:], in[:lanes])
	}
}
