package conv

import (
	"unsafe"

	"github.com/glimpse-go/glimpse/internal/pages"
	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/internal/transpose"
)

// A filtering takes the weights of a panel to Winograd's points, rounding once from float64.
// One goroutine at a time may use it.
type filtering struct {
	c              *Conv
	args           transform
	turn           transpose.Runs
	variant        int
	weights, lanes []float32 // of some input channels: channel, tap, lane; factors
}

// filterRun is how many input channels a filtering takes at a time: so many that what is stored
// at a point is long, and that the first-level cache holds their weights.
const filterRun = 4

// filteringSize is how many elements the buffer of a filtering has.
const filteringSize = (9+1)*filterRun*mostLanes + 2*36*vector

func newFiltering(c *Conv, variant int, buffer []float32) *filtering {
	f := &filtering{c: c, variant: variant}
	weights, rest := buffer[:9*filterRun*mostLanes], buffer[9*filterRun*mostLanes:]
	lanes, scratch := rest[:filterRun*mostLanes], rest[filterRun*mostLanes:]
	f.weights, f.lanes = weights, lanes
	f.args = transform{scratch: &scratch[0], constants: (*float32)(unsafe.Pointer(&filterConstants[variant][0]))}
	return f
}

// points writes the points of input channels [first, first+count) of a panel: at each, stride
// elements apart, channel and lane.
func (f *filtering) points(dst []float32, stride int, p panel, first, count int) {
	f.gather(p, first, count)
	tap := 0
	f.args.pixelStride = p.lanes
	if f.c.layout.turned {
		tap, f.args.pixelStride = 8, -p.lanes
	}
	for i := range count {
		f.args.src, f.args.bias = &f.weights[(i*9+tap)*p.lanes], &f.lanes[i*p.lanes]
		f.args.dst, f.args.stride, f.args.channels = &dst[i*p.lanes], stride, p.lanes
		f.c.kern.filter[f.variant](&f.args)
	}
}

// gather copies the weights and the factors of these channels. The weights of one lane follow
// each other in memory, or, turned, those of one input channel, each kernel from its end.
func (f *filtering) gather(p panel, first, count int) {
	c := f.c
	t := &f.turn
	t.Count, t.Stride, t.Length = p.cols, p.lanes, 9*count
	each := count // input channels that are one run
	if c.layout.turned {
		t.Length, each = 9, 1
	}
	for i := 0; i < count; i += each {
		t.Src, t.Offsets, t.Dst = &c.weight[(first+i)*c.layout.in], &c.layout.out[p.col], &f.weights[i*9*p.lanes]
		t.Transpose()
	}
	factors, step := c.factors(p)
	for i := range count {
		lanes := f.lanes[i*p.lanes:][:p.cols]
		for j := range lanes {
			lanes[j] = factors[j*(1-step)+(first+i)*step]
		}
	}
}

// packWinograd evaluates the kernels at the points.
func packWinograd(c *Conv, variant int, w *winograd) {
	n := tileSize(variant) + 2
	if w.data == nil {
		w.variant = variant
		w.panels, w.point = c.panels(c.In)
		w.data = pages.Aligned[float32](n * n * w.point)
	}
	const run = filterRun
	runs := ceil(c.In, run)
	parallel.For(len(w.panels)*runs, max(1, 1<<10/(run*c.kern.lanes)), func(lo, hi int) {
		// The points of these input channels: in w.data, they lie so far apart that
		// the cache would hold few of them at a time.
		buffer := w.mem.take(n*n*run*mostLanes + filteringSize)
		defer w.mem.give(buffer)
		points := buffer[:n*n*run*mostLanes]
		filter := newFiltering(c, variant, buffer[len(points):])
		for t := lo; t < hi; t++ {
			p, first := w.panels[t/runs], t%runs*run
			count := min(run, c.In-first)
			filter.points(points, run*p.lanes, p, first, count)
			for f := range n * n {
				copy(w.data[f*w.point+p.at+first*p.lanes:][:count*p.lanes], points[f*run*p.lanes:])
			}
		}
	})
}

// evaluate writes G g Gᵀ for one kernel g times scale, elements stride apart.
func evaluate(dst []float32, stride int, g *[9]float32, scale float64, n int) {
	var half [3][6]float64 // columns of G g
	for v := range 3 {
		half[v] = [6]float64{float64(g[v]) * scale, float64(g[3+v]) * scale, float64(g[6+v]) * scale}
		filter(&half[v], n)
	}
	at := 0
	for r := range n {
		row := [6]float64{half[0][r], half[1][r], half[2][r]}
		filter(&row, n)
		for s := range n {
			dst[at] = float32(row[s])
			at += stride
		}
	}
}
