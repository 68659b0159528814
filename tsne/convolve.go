package tsne

import (
	"context"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// A convolver convolves real grids of nx rows and ny columns with an even real
// kernel:
//
//	out[i][j] = sum over all (k, l) of kernel(i-k, j-l) grid[k][l]
//
// by two-dimensional Fourier transforms of the grid with zeros around it. Along
// the first axis two columns at a time are the real and the imaginary part of
// one transform. Half of the spectrum is enough, and that of the kernel is
// real.
type convolver struct {
	nx, ny int // of the grid
	stride int // the distance of two rows of the grid: ny, rounded up
	mx, my int // lengths of the transforms

	plans [2]*fftPlan // along the first axis and the second
	// spectrum holds the first mx/2+1 rows of what the first axis' transform
	// makes, times 2, and as many more as fill blocks of fftLanes rows: block,
	// column, real parts of the rows, imaginary parts.
	spectrum []float64
	// response is the kernel's spectrum over mx*my: block, column up to my/2,
	// row.
	response []float64

	scratch [][2][]float64 // of each worker
}

// shape makes c ready for grids of nx x ny, and transforms of at least mx x my,
// and returns whether the size of a transform has changed, so that the response
// must be made anew. Each transform must be at least twice as long as the grid,
// less one.
func (c *convolver) shape(nx, ny, mx, my int) bool {
	// With two blocks there is a whole one on either side of the middle.
	mx, my = keep(c.mx, max(mx, 2*fftLanes)), keep(c.my, my)
	c.nx, c.ny, c.stride = nx, ny, (ny+fftRow-1)/fftRow*fftRow
	c.spectrum = resize(c.spectrum, c.blocks(mx)*c.stride*fftRow)
	if mx == c.mx && my == c.my {
		return false
	}
	c.mx, c.my = mx, my
	for a, m := range [2]int{mx, my} {
		if c.plans[a] == nil || c.plans[a].n != m {
			c.plans[a] = newFFTPlan(m)
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
	return fftSize(want)
}

// blocks returns how many blocks of rows half of a spectrum of m rows is.
func (c *convolver) blocks(m int) int { return (m/2 + fftLanes) / fftLanes }

// workers makes scratch memory for all workers of n tasks.
func (c *convolver) workers(n int) {
	for len(c.scratch) < parallel.Workers(n, 1) {
		c.scratch = append(c.scratch, [2][]float64{})
	}
	size := (max(c.mx, c.my) + 1) * fftRow
	for i := range c.scratch {
		for j := range c.scratch[i] {
			c.scratch[i][j] = resize(c.scratch[i][j], size)
		}
	}
}

// tasks calls f for each i below n, with scratch memory, unless ctx has ended.
func (c *convolver) tasks(ctx context.Context, n int, f func(i int, x, scratch []float64)) error {
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

// respond sets the kernel, given at offsets up to half of each transform, and
// filters that its spectrum is multiplied by, indexed by the frequency along
// each axis up to half of the transform.
func (c *convolver) respond(ctx context.Context, kernel func(i, j int) float64, filterX, filterY []float64) error {
	halfX, halfY := c.mx/2+1, c.my/2+1
	// The spectrum of an even real sequence is even and real: two sequences
	// that are the real and the imaginary part of one keep to themselves.
	first := make([]float64, c.blocks(c.mx)*halfY*fftLanes) // block, column, row
	err := c.tasks(ctx, (halfY+fftRow-1)/fftRow, func(t int, x, scratch []float64) {
		for i := range halfX {
			row := element(x, i)
			for l := range row {
				row[l] = kernel(i, min(t*fftRow+l, halfY-1))
			}
			if i > 0 {
				*element(x, c.mx-i) = *row
			}
		}
		x = c.plans[0].transform(x, scratch)
		for k := range c.blocks(c.mx) * fftLanes {
			for l, v := range element(x, k) {
				if j := t*fftRow + l; j < halfY {
					first[(k/fftLanes*halfY+j)*fftLanes+k%fftLanes] = v
				}
			}
		}
	})
	if err != nil {
		return err
	}
	c.response = resize(c.response, len(first))
	scale := 1 / (2 * float64(c.mx) * float64(c.my)) // the spectrum is doubled
	blocks := c.blocks(c.mx)
	return c.tasks(ctx, (blocks+1)/2, func(t int, x, scratch []float64) {
		both := [2][]float64{}
		for half := range both {
			b := min(2*t+half, blocks-1)
			both[half] = first[b*halfY*fftLanes : (b+1)*halfY*fftLanes]
		}
		for j := range halfY {
			row := element(x, j)
			for half, block := range both {
				copy(row[half*fftLanes:], block[j*fftLanes:(j+1)*fftLanes])
			}
			if j > 0 {
				*element(x, c.my-j) = *row
			}
		}
		x = c.plans[1].transform(x, scratch)
		for half := range min(2, blocks-2*t) {
			b := 2*t + half
			for j := range halfY {
				out := c.response[(b*halfY+j)*fftLanes:]
				for l := range fftLanes {
					k := b*fftLanes + l
					out[l] = x[j*fftRow+half*fftLanes+l] * scale * filterX[min(k, c.mx-k)] * filterY[j]
				}
			}
		}
	})
}

// convolve replaces the grid, rows of stride numbers of which ny count, by its
// convolution with the kernel. The numbers between must be 0 at first.
func (c *convolver) convolve(ctx context.Context, grid []float64) error {
	columns := c.stride / fftRow
	if err := c.tasks(ctx, columns, func(t int, x, scratch []float64) { c.forward(grid, t, x, scratch) }); err != nil {
		return err
	}
	if err := c.tasks(ctx, c.blocks(c.mx), c.multiply); err != nil {
		return err
	}
	return c.tasks(ctx, columns, func(t int, x, scratch []float64) { c.backward(grid, t, x, scratch) })
}

// forward transforms the t-th 16 columns along the first axis.
func (c *convolver) forward(grid []float64, t int, x, scratch []float64) {
	for i := range c.nx {
		*element(x, i) = [fftRow]float64(grid[i*c.stride+t*fftRow:])
	}
	clear(x[c.nx*fftRow : c.mx*fftRow])
	y := c.plans[0].transform(x, scratch)
	y = y[: (c.mx+1)*fftRow : (c.mx+1)*fftRow]
	*element(y, c.mx) = *element(y, 0)
	for b := range c.blocks(c.mx) {
		// The spectra of the real and the imaginary part, A and B:
		// 2A = X[k] + conj X[-k], 2B = (X[k] - conj X[-k]) / i.
		const re, im = 0, fftLanes
		out := (b*c.stride + t*fftRow) * fftRow
		plus, minus := b*fftLanes*fftRow, (c.mx-b*fftLanes)*fftRow
		for _, part := range [4]struct {
			to, a, b int
			sign     float64
		}{
			{out + re, plus + re, minus + re, 1},
			{out + im, plus + im, minus + im, -1},
			{out + fftLanes*fftRow + re, plus + im, minus + im, 1},
			{out + fftLanes*fftRow + im, minus + re, plus + re, -1},
		} {
			stepA, stepB := fftRow, -fftRow
			if part.a == minus {
				stepA, stepB = stepB, stepA
			}
			fftKernels.turn8(c.spectrum, part.to, fftRow, y, part.a, stepA, y, part.b, stepB, part.sign)
		}
	}
}

// multiply transforms the b-th block of rows along the second axis, multiplies
// by the response, and transforms back.
func (c *convolver) multiply(b int, x, scratch []float64) {
	rows := c.spectrum[b*c.stride*fftRow : (b+1)*c.stride*fftRow]
	rows, rest := rows[:c.ny*fftRow], rows[c.ny*fftRow:]
	clear(rest) // columns that do not count, but share transforms with others
	copy(x, rows)
	clear(x[len(rows) : c.my*fftRow])
	y := c.plans[1].transform(x, scratch)
	if &y[0] == &scratch[0] {
		x, scratch = scratch, x
	}
	response := c.response[b*(c.my/2+1)*fftLanes:]
	scaleTurned(element(x, 0), response)
	for j := 1; j < c.my-j; j++ {
		r := response[j*fftLanes:]
		scaleTurned(element(x, j), r)
		scaleTurned(element(x, c.my-j), r)
	}
	if c.my%2 == 0 {
		scaleTurned(element(x, c.my/2), response[c.my/2*fftLanes:])
	}
	y = c.plans[1].transform(x, scratch)
	copy(rows, y) // its real and imaginary parts exchanged
}

// scaleTurned multiplies an element by real factors, and exchanges its real and
// imaginary parts, as the inverse transform wants them.
func scaleTurned(x *[fftRow]float64, factors []float64) {
	f := (*[fftLanes]float64)(factors)
	for l, v := range f {
		x[l], x[l+fftLanes] = x[l+fftLanes]*v, x[l]*v
	}
}

// backward undoes forward. What it finds has its real and imaginary parts
// exchanged, as has what it leaves to the inverse transform.
func (c *convolver) backward(grid []float64, t int, x, scratch []float64) {
	x = x[: (c.mx+1)*fftRow : (c.mx+1)*fftRow]
	for b := range c.blocks(c.mx) {
		// X[k] = A + iB, X[-k] = conj A + i conj B.
		const re, im = fftLanes, 0
		left := (b*c.stride + t*fftRow) * fftRow
		right := left + fftLanes*fftRow
		plus, minus := b*fftLanes*fftRow, (c.mx-b*fftLanes)*fftRow
		for _, part := range [4]struct {
			to, step, a, b int
			sign           float64
		}{
			{minus + re, -fftRow, left + re, right + im, 1},
			{minus + im, -fftRow, right + re, left + im, -1},
			{plus + re, fftRow, left + re, right + im, -1},
			{plus + im, fftRow, right + re, left + im, 1},
		} {
			fftKernels.turn8(x, part.to, part.step, c.spectrum, part.a, fftRow, c.spectrum, part.b, fftRow, part.sign)
		}
	}
	y := c.plans[0].transform(x, scratch)
	for i := range c.nx {
		in, out := element(y, i), grid[i*c.stride+t*fftRow:][:fftRow]
		copy(out[:fftLanes], in[fftLanes:])
		copy(out[fftLanes:], in[:fftLanes])
	}
}
