// Package grid sums what points in one or two dimensions do to one another under
// Student's kernel by interpolation on an even grid and one convolution.
package grid

import (
	"context"
	"math"

	"github.com/glimpse-go/glimpse/internal/fft"
	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/internal/scratch"
	"github.com/glimpse-go/glimpse/internal/student"
)

// A Grid finds the repulsion between the points of a layout of one or two
// dimensions by interpolation (Linderman et al. 2019): the potential
//
//	phi(y) = sum_j q(|y - y_j|^2)
//
// is a convolution of the points with the kernel q. The points are spread over
// the nodes of an even grid, the convolution is taken between nodes by Fourier
// transforms, and interpolated back. The sum of q/(1 + d2/dof) (y_i - y_j) that
// the gradient needs is -dof/(dof+1) times the gradient of phi, and so one
// convolution does where the paper has four.
//
// The interpolation is by B-splines of degree five, six nodes an axis. The
// paper's Lagrange polynomials over three nodes were found some twenty times less
// exact on the same grid (TestGridGradient has the errors of this one).
//
// A Grid has been built by Build without new memory where an earlier one was
// as large, and the results do not depend on GOMAXPROCS.
type Grid struct {
	Kernel student.Kernel
	// Most, unless it is 0, is the most cells for each point that Place finds worth it.
	Most  float64
	dims  int
	Low   [2]float64
	Width float64 // of the longer axis
	step  float64 // between two nodes
	cells [2]int  // between nodes, in which points lie
	conv  fft.Convolver
	made  float64 // the step that conv's response was made for
	nodes []float64

	// What the interpolation makes of a point's potential and force at itself,
	// which should be 0 (the potential is less q(0)): the first on average, the
	// second along an axis at each of selfSteps parts of a cell.
	selfPotential float64
	selfForce     [selfSteps + 1]float64

	// The points in the order of the slabs of cells along the first axis.
	order     []int32
	at        []float64 // in steps from low, dims coordinates each
	slabStart []int32
	counts    []int32
}

// gridStep is the distance of nodes: the smaller the kernel's width is covered
// by, the less of its spectrum is lost. At 1/5 the gradient of a finished layout
// of 10,000 points, whose attraction and repulsion cancel to some hundredth, is
// within 1e-3 of the exact one.
const gridStep = 1.0 / 5

// gridCells is the least number of cells along the longer axis (openTSNE's
// min_num_intervals).
const gridCells = 50

// slabCells is how many cells a slab is thick. Points of a slab touch nodes of
// that slab and of the next alone.
const slabCells = 8

// gridPadding is how much longer a transform is than twice the grid. The
// inverse filter of the spline reaches so far across the end of the kernel.
const gridPadding = 16

// Place sets the geometry for n points of dims coordinates each, row by row in y, and returns whether the grid is worth
// its size: of a memory in proportion to the number of points, and within g.Most.
func (g *Grid) Place(n, dims int, y []float64) bool {
	var low, high [2]float64
	copy(low[:], y[:dims])
	high = low
	for i := 0; i < len(y); i += dims {
		for a, v := range y[i : i+dims] {
			low[a], high[a] = min(low[a], v), max(high[a], v)
		}
	}
	span := max(high[0]-low[0], high[1]-low[1])
	// Halve the step until there are enough cells, so that it rarely changes.
	step := gridStep
	if span < gridCells*gridStep {
		_, exp := math.Frexp(span / (gridCells * gridStep))
		step = math.Ldexp(gridStep, max(exp-1, -900))
	}
	most := 1<<19 + 64*float64(n)
	if g.Most > 0 {
		most = min(most, g.Most*float64(n))
	}
	size := 1.0
	var cells [2]int
	for a := range dims {
		c := math.Floor((high[a]-low[a])/step) + 1
		size *= c
		if !(size <= most) {
			return false
		}
		cells[a] = int(c)
	}
	g.dims, g.Low, g.Width, g.step, g.cells = dims, low, span, step, cells
	return true
}

// Build spreads the points that g was placed for, and convolves.
func (g *Grid) Build(ctx context.Context, y []float64) error {
	nx, ny := g.cells[0]+splineOrder-1, 1
	mx, my := 2*nx+gridPadding, 1
	if g.dims == 2 {
		ny = g.cells[1] + splineOrder - 1
		my = 2*ny + gridPadding
	}
	if changed := g.conv.Shape(nx, ny, mx, my); changed || g.made != g.step {
		g.made = 0
		filterY := []float64{1}
		if g.dims == 2 {
			filterY = splineFilter(g.conv.MY)
		}
		if err := g.conv.Respond(ctx, g.between, splineFilter(g.conv.MX), filterY); err != nil {
			return err
		}
		if err := g.measureSelf(ctx); err != nil {
			return err
		}
		g.made = g.step
	}
	g.sort(y)
	g.clear()
	// Slabs of the same parity have no node in common.
	for parity := range 2 {
		slabs := len(g.slabStart) - 1
		err := parallel.ForContext(ctx, (slabs-parity+1)/2, 1, func(t, _ int) {
			s := 2*t + parity
			g.spread(int(g.slabStart[s]), int(g.slabStart[s+1]))
		})
		if err != nil {
			return err
		}
	}
	return g.conv.Convolve(ctx, g.nodes)
}

// clear makes all nodes 0.
func (g *Grid) clear() {
	g.nodes = scratch.Resize(g.nodes, g.conv.NX*g.conv.Stride)
	parallel.For(len(g.nodes), 1<<16, func(lo, hi int) { clear(g.nodes[lo:hi]) })
}

// selfSteps is how finely selfForce is known. It is all but a sine.
const selfSteps = 64

// measureSelf sets selfPotential and selfForce. Along one axis both hardly
// depend on the place along the other: a quarter stands for all, where the
// cosine that the potential is all but equal to has its mean.
func (g *Grid) measureSelf(ctx context.Context) error {
	g.clear()
	g.nodes[0] = 1
	if err := g.conv.Convolve(ctx, g.nodes); err != nil {
		return err
	}
	across := [splineOrder]float64{1}
	quarter, _ := splines(0.25)
	if g.dims == 2 {
		across = quarter
	}
	// The potential between two nodes so many steps apart along the axis, of
	// all nodes across.
	var along [splineOrder]float64
	for i := range along {
		for b, v := range across {
			for d, w := range across {
				if v*w != 0 {
					along[i] += v * w * g.nodes[i*g.conv.Stride+max(b-d, d-b)]
				}
			}
		}
	}
	pairs := func(a, b [splineOrder]float64) (sum float64) {
		for i, v := range a {
			for j, w := range b {
				sum += v * w * along[max(i-j, j-i)]
			}
		}
		return sum
	}
	g.selfPotential = pairs(quarter, quarter)
	for s := range g.selfForce {
		w, d := splines(float64(s) / selfSteps)
		g.selfForce[s] = g.slope() * pairs(d, w)
	}
	return nil
}

// self returns the force of a point at t in a cell on itself.
func (g *Grid) self(t float64) float64 {
	s := min(int(t*selfSteps), selfSteps-1)
	return g.selfForce[s] + (g.selfForce[s+1]-g.selfForce[s])*(t*selfSteps-float64(s))
}

// slope is what the derivative of the potential, in steps, is multiplied by to
// be a force.
func (g *Grid) slope() float64 { return -g.Kernel.DoF / (2 * g.Kernel.Power()) / g.step }

// between is q of two nodes so many steps apart, less q of a node and itself.
// That adds a constant to the potential, which the normaliser allows for; the
// slope of a potential that is almost flat, in a layout of 1e-4 and less, then
// keeps its precision.
func (g *Grid) between(i, j int) float64 {
	x, y := float64(i)*g.step, float64(j)*g.step
	d2 := x*x + y*y
	if g.Kernel.DoF == 1 {
		return -d2 / (1 + d2)
	}
	return math.Expm1(-g.Kernel.NegLog(d2))
}

// cell returns the cell of a coordinate in steps, and how far in it lies.
func (g *Grid) cell(axis int, v float64) (c int, t float64) {
	c = min(int(v), g.cells[axis]-1)
	return c, min(v-float64(c), 1)
}

// sortBlock is how many points are counted at a time.
const sortBlock = 4096

// tileCells is how many cells of a slab make a tile, whose nodes stay in the
// first-level cache. Points are in the order of their tiles.
const tileCells = 64

// sort puts the points in the order of their slabs, and of the tiles in each,
// stably.
func (g *Grid) sort(y []float64) {
	slabs, tiles := (g.cells[0]+slabCells-1)/slabCells, 1
	if g.dims == 2 {
		tiles = (g.cells[1] + tileCells - 1) / tileCells
	}
	blocks := (len(y)/g.dims + sortBlock - 1) / sortBlock
	g.order, g.at = scratch.Resize(g.order, len(y)/g.dims), scratch.Resize(g.at, len(y))
	g.counts = scratch.Resize(g.counts, blocks*slabs*tiles)
	g.slabStart = scratch.Resize(g.slabStart, slabs+1)
	scale := 1 / g.step
	tile := func(p []float64) int {
		c, _ := g.cell(0, (p[0]-g.Low[0])*scale)
		t := c / slabCells * tiles
		if len(p) == 2 {
			c, _ := g.cell(1, (p[1]-g.Low[1])*scale)
			t += c / tileCells
		}
		return t
	}
	parallel.For(len(y)/g.dims, sortBlock, func(lo, hi int) {
		counts := g.counts[lo/sortBlock*slabs*tiles:][:slabs*tiles]
		clear(counts)
		for i := lo; i < hi; i++ {
			counts[tile(y[i*g.dims:(i+1)*g.dims])]++
		}
	})
	total := int32(0)
	for t := range slabs * tiles {
		if t%tiles == 0 {
			g.slabStart[t/tiles] = total
		}
		for b := range blocks {
			count := &g.counts[b*slabs*tiles+t]
			*count, total = total, total+*count
		}
	}
	g.slabStart[slabs] = total
	parallel.For(len(y)/g.dims, sortBlock, func(lo, hi int) {
		next := g.counts[lo/sortBlock*slabs*tiles:][:slabs*tiles]
		for i := lo; i < hi; i++ {
			p := y[i*g.dims : (i+1)*g.dims]
			t := tile(p)
			to := int(next[t])
			next[t]++
			g.order[to] = int32(i)
			for a, v := range p {
				g.at[to*g.dims+a] = (v - g.Low[a]) * scale
			}
		}
	})
}

// spread adds the points lo to hi of the order to the nodes.
func (g *Grid) spread(lo, hi int) {
	var o, wx, wy [splineOrder]float64
	stride := g.conv.Stride
	for s := lo; s < hi; s++ {
		at := g.at[s*g.dims : (s+1)*g.dims]
		cx, tx := g.cell(0, at[0])
		quartic(tx, &o)
		quintic(tx, &o, &wx)
		if g.dims == 1 {
			for a, w := range wx {
				g.nodes[(cx+a)*stride] += w
			}
			continue
		}
		cy, ty := g.cell(1, at[1])
		quartic(ty, &o)
		quintic(ty, &o, &wy)
		for a, w := range wx {
			row := (*[splineOrder]float64)(g.nodes[(cx+a)*stride+cy:])
			row[0] += w * wy[0]
			row[1] += w * wy[1]
			row[2] += w * wy[2]
			row[3] += w * wy[3]
			row[4] += w * wy[4]
			row[5] += w * wy[5]
		}
	}
}

// Repel writes to repel, in the order of the layout, the sums of
// q/(1 + d2/dof) (y_i - y_j), for the points lo to hi of g's order, and returns the
// sum of their potentials, less q(0) for each of all pairs.
func (g *Grid) Repel(lo, hi int, repel []float64) (z float64) {
	slope, stride := g.slope(), g.conv.Stride
	var wx, dx, wy, dy [splineOrder]float64
	for s := lo; s < hi; s++ {
		at := g.at[s*g.dims : (s+1)*g.dims]
		cx, tx := g.cell(0, at[0])
		quartic(tx, &dx)
		quintic(tx, &dx, &wx)
		slopes(&dx)
		var phi, phiX, phiY float64
		if g.dims == 1 {
			for a, w := range wx {
				v := g.nodes[(cx+a)*stride]
				phi += w * v
				phiX += dx[a] * v
			}
			repel[g.order[s]] = slope*phiX - g.self(tx)
			z += phi
			continue
		}
		cy, ty := g.cell(1, at[1])
		quartic(ty, &dy)
		quintic(ty, &dy, &wy)
		slopes(&dy)
		for a, w := range wx {
			row := (*[splineOrder]float64)(g.nodes[(cx+a)*stride+cy:])
			sum := (wy[0]*row[0] + wy[1]*row[1] + wy[2]*row[2]) + (wy[3]*row[3] + wy[4]*row[4] + wy[5]*row[5])
			sumY := (dy[0]*row[0] + dy[1]*row[1] + dy[2]*row[2]) + (dy[3]*row[3] + dy[4]*row[4] + dy[5]*row[5])
			phi += w * sum
			phiX += dx[a] * sum
			phiY += w * sumY
		}
		i := int(g.order[s])
		repel[2*i], repel[2*i+1] = slope*phiX-g.self(tx), slope*phiY-g.self(ty)
		z += phi
	}
	return z - float64(hi-lo)*g.selfPotential
}
