package conv

import "github.com/glimpse-go/glimpse/internal/gemm"

// A kernel is one instruction set's innermost loops. Vectors run over
// channels, which lie side by side.
type kernel struct {
	name   string
	rows   int // of a tile of a product: pixels
	lanes  int // of a tile, and of a panel of weights: output channels
	narrow int // lanes of a panel that is short of lanes, if they suffice

	mul   func(*product)
	outer func(*outer)

	// input and output are Winograd's transforms, of the variants in order.
	input, output [variants]func(*transform)

	// filter is that of the weights, rounded once from float64.
	filter [variants]func(*transform)

	// spread and gather are those of its gradient, see winogradSum.
	spread, gather func(*transform)

	pool    func(*pooling)
	stencil func(*stencil)
	choose  func(*selection)
}

// A product is a tile: each row of A is a row of C, and is summed from several
// runs of depth consecutive elements.
//
//	C[i][j] = sum over t < taps, p < depth of A[i][t][p] * B[t*depth+p][j]
//
// in that order, for i < rows and j < cols. If bias is not nil, then bias[j]
// is added, and add[i][j] if add is not nil, and what is below floor becomes
// floor, what is above ceiling that; NaN stays.
type product struct {
	a       *float32 // the offsets begin here
	offsets *int     // of A[i][t], in bytes, at [t*kernel.rows+i], also for i >= rows
	taps    int
	depth   int      // at least 1
	b       *float32 // panel: taps*depth rows of lanes elements
	lanes   int      // kernel.lanes or kernel.narrow
	c       *float32
	stride  int      // elements from one row of C, and of add, to the next
	rows    int      // at least 1, at most kernel.rows
	cols    int      // at least 1, at most lanes
	bias    *float32 // kernel.lanes elements can be read
	add     *float32 // may be c
	floor   float32
	ceiling float32
}

// An outer is a tile of a sum of outer products, over pixels that lie in runs: those of dy
// dyStep apart, those of x xStep, each run from an offset on.
//
//	tile[i][j] = sum over r < runs, k < depth of x[offsets[r] + k xStep][i] * dy[(r depth + k) dyStep][j]
//
// in that order, for i < kernel.rows and j < lanes. If more is not 0, the sum is added to
// what is there. Offsets and steps are in bytes.
type outer struct {
	x       *float32
	offsets *int
	runs    int // at least 1
	depth   int // at least 1
	xStep   int
	dy      *float32
	dyStep  int
	lanes   int      // kernel.lanes or kernel.narrow
	tile    *float32 // kernel.rows rows of lanes elements
	more    int
}

// A transform is one tile of Winograd's convolution with m x m outputs, of
// n x n points, n = m+2, on channels that are a multiple of [vector].
//
// The input transform reads pixel (i, j) of the tile at src + offsets[i*n+j],
// and writes point (i, j) to dst[(i*n+j)*stride]. The output transform reads
// point (i, j) at src[(i*n+j)*stride], and writes the pixels i < rows and
// j < cols to dst[i*rowStride + j*pixelStride], with bias, add (laid out as
// dst, or nil) and floor as in a product. Strides are in elements.
type transform struct {
	src         *float32
	offsets     *int // in bytes
	dst         *float32
	stride      int
	channels    int
	scratch     *float32 // n*n*vector elements
	constants   *float32 // constants[0], for the assembly
	bias        *float32
	add         *float32
	rowStride   int
	pixelStride int
	rows, cols  int
	floor       float32
}

// The filter transform reads weight (i, j) at src[(i*3+j)*pixelStride], its factor at bias,
// and writes point (i, j) to dst[(i*n+j)*stride]. pixelStride may be negative.
//
// For the gradient, spread reads pixel (i, j) of 4 x 4 at src + offsets[i*4+j] and writes
// the 6 x 6 points to dst[(i*6+j)*stride], and gather reads the 6 x 6 points at
// src[(i*6+j)*stride] and writes the 3 x 3 weights to dst[(i*3+j)*stride].

// A pooling takes maxima, channel by channel, for count pixels in a row:
// pixel i is the largest of src[i*srcStride + offsets[t]/4], t < taps, and goes
// to dst[i*dstStride]. NaN is larger than all else. Channels are a multiple of
// vector.
type pooling struct {
	src       *float32
	offsets   *int // in bytes
	taps      int
	dst       *float32
	count     int
	srcStride int
	dstStride int
	channels  int
}

// A stencil sums weighted pixels, channel by channel, for count pixels in a row,
// which it counts down:
//
//	dst[i][c] = bias[c] + sum over t < taps of src[offsets[t][0] + i srcStride][c] weights[offsets[t][1]][c]
//
// in that order, and what is below floor becomes floor, what is above ceiling that;
// NaN stays. Offsets and strides are in bytes. src and dst are not the same memory.
type stencil struct {
	src       *float32
	weights   *float32
	offsets   *[2]int
	taps      int // at least 1
	bias      *float32
	dst       *float32
	count     int
	srcStride int
	dstStride int
	channels  int
	floor     float32
	ceiling   float32
}

// A selection is the way back of one pixel of a pooling: channel by channel, dy is added
// to dx at the first tap where x is y, or where either is NaN. Offsets, of x and of dx,
// are in bytes.
type selection struct {
	x, dx    *float32
	offsets  *[2]int
	taps     int // at least 1
	y, dy    *float32
	channels int
}

// vector is what the number of channels must be a multiple of for the
// transforms and for pooling: the lanes of the widest vector.
const vector = 16

// mostLanes is the largest kernel.lanes.
const mostLanes = 32

// kernels lists what this machine can run; the portable one is last.
var kernels = append(machineKernels(), &portable)

// chosen is the kernel that internal/gemm chose, by the processor or by
// GLIMPSE_KERNEL.
var chosen, errChosen = choose()

func choose() (*kernel, error) {
	name, err := gemm.Kernel()
	for _, k := range kernels {
		if k.name == name {
			return k, err
		}
	}
	return &portable, err
}
