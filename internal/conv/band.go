package conv

import (
	"fmt"
	"runtime"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// A Band is a depthwise convolution with a 1x1 one in front or behind, or both: the
// inverted residual of MobileNets. The maps between are the largest of such networks,
// and here none is ever whole: some rows are made at a time, which the cache holds. The
// results have the same bits as those of one convolution after the other.
type Band struct {
	Expand  *Conv // nil, or 1x1
	Middle  *Conv // depthwise
	Project *Conv // nil, or 1x1

	AfterExpand, AfterMiddle, AfterProject After
}

// pointwise tells whether a convolution takes one pixel to one pixel.
func (s Shape) pointwise() bool {
	return s.Kernel == [2]int{1, 1} && s.Stride == 1 && s.Padding == [2]int{} && s.Groups == 1
}

// Depthwise tells whether each channel is convolved by itself.
func (s Shape) Depthwise() bool { return s.Groups == s.In && s.Groups == s.Out && s.Groups > 1 }

// Fits tells whether the convolutions, of which those in front and behind may be nil, make
// a Band.
func (b *Band) Fits() bool {
	ok := b.Middle.Depthwise() && b.Middle.Padding[0] < b.Middle.reach(0) && (b.Expand != nil || b.Project != nil)
	if b.Expand != nil {
		ok = ok && b.Expand.pointwise() && b.Expand.Out == b.Middle.In
	}
	if b.Project != nil {
		ok = ok && b.Project.pointwise() && b.Project.In == b.Middle.Out
	}
	return ok
}

// bandBytes is how much the rows between may take: half of a second-level cache.
const bandBytes = 384 << 10

// Apply writes the convolutions of x to y, with a shortcut added unless that is nil. None
// has a border.
func (b *Band) Apply(y, x, shortcut *Maps, mem *Memory) error {
	return b.apply(y, x, shortcut, mem, bandBytes)
}

func (b *Band) apply(y, x, shortcut *Maps, mem *Memory, most int) error {
	m := b.Middle
	h, w := m.OutSize(x.H, x.W)
	in, out := m.In, m.Out
	if b.Expand != nil {
		in = b.Expand.In
	}
	if b.Project != nil {
		out = b.Project.Out
	}
	switch {
	case x.C != in || x.Border != 0:
		return fmt.Errorf("conv: input of %s, want %d channels and no border", x, in)
	case h < 1 || w < 1 || y.N != x.N || y.H != h || y.W != w || y.C != out || y.Border != 0:
		return fmt.Errorf("conv: output of %s, want %d x %d x %d x %d", y, x.N, h, w, out)
	case shortcut != nil && (shortcut.N != y.N || shortcut.H != h || shortcut.W != w || shortcut.C != out || shortcut.Border != 0):
		return fmt.Errorf("conv: shortcut of %s does not fit the output of %s", shortcut, y)
	}
	// Rows of the output that a band has, so that what lies between fits.
	row, wide := 0, 0
	if b.Expand != nil {
		wide = 4 * x.W * m.In
		row += m.Stride * wide
	}
	if b.Project != nil {
		row += 4 * w * m.Out
	}
	rows := min(max(1, (most-(m.reach(0)-m.Stride)*wide)/row), h)
	// Neighbouring bands share rows in front of the depthwise convolution: a task has
	// several, one after the other.
	bands := ceil(h, rows)
	if workers := runtime.GOMAXPROCS(0); workers > 1 && x.N*bands < 2*workers {
		return b.apart(y, x, shortcut, mem) // too few to share out
	}
	parts := min(share(x.N, bands, 2), bands)
	per := ceil(h, parts)
	parts = ceil(h, per)
	parallel.For(x.N*parts, 1, func(lo, hi int) {
		t := newBandTask(b, y, x, shortcut, rows, mem)
		defer t.free()
		for k := lo; k < hi; k++ {
			first := k % parts * per
			t.run(k/parts, first, min(first+per, h), rows)
		}
	})
	return nil
}

// apart is Apply by one convolution after the other.
func (b *Band) apart(y, x, shortcut *Maps, mem *Memory) error {
	if b.Expand != nil {
		between := mem.Maps(x.N, x.H, x.W, b.Expand.Out, 0)
		defer mem.Free(between)
		if err := b.Expand.Apply(between, x, nil, b.AfterExpand, mem); err != nil {
			return err
		}
		x = between
	}
	if b.Project == nil {
		return b.Middle.Apply(y, x, shortcut, b.AfterMiddle, mem)
	}
	between := mem.Maps(y.N, y.H, y.W, b.Middle.Out, 0)
	defer mem.Free(between)
	if err := b.Middle.Apply(between, x, nil, b.AfterMiddle, mem); err != nil {
		return err
	}
	return b.Project.Apply(y, between, shortcut, b.AfterProject, mem)
}

// A bandTask is what one goroutine needs.
type bandTask struct {
	*Band
	y, x, shortcut *Maps
	mem            *Memory
	between        [2][]float32 // rows behind Expand and behind Middle, after a pixel of zeros
	lead           [2]int
	offsets        []int
}

func newBandTask(b *Band, y, x, shortcut *Maps, rows int, mem *Memory) *bandTask {
	m := b.Middle
	t := &bandTask{Band: b, y: y, x: x, shortcut: shortcut, mem: mem}
	if b.Expand != nil {
		t.lead[0] = ceil(m.In, vector) * vector
		t.between[0] = mem.take(t.lead[0] + ((rows-1)*m.Stride+m.reach(0))*x.W*m.In)
		clear(t.between[0][:t.lead[0]])
	}
	if b.Project != nil {
		t.lead[1] = ceil(m.Out, vector) * vector
		t.between[1] = mem.take(t.lead[1] + rows*y.W*m.Out)
		clear(t.between[1][:t.lead[1]])
	}
	t.offsets = make([]int, ceil(directRows, m.kern.rows)*m.kern.rows)
	return t
}

func (t *bandTask) free() {
	for _, f := range t.between {
		if f != nil {
			t.mem.give(f)
		}
	}
}

// strip is rows of a map: row first lies at index at of data.
func strip(data []float32, at, first, h, w, c int) *Maps {
	return &Maps{N: 1, H: h, W: w, C: c, lead: at - first*w*c, data: data}
}

// run computes rows [first, last) of image n, band by band.
func (t *bandTask) run(n, first, last, rows int) {
	m := t.Middle
	made := 0 // rows of the map behind Expand that have been made
	from := 0 // of which this one is the first that is kept
	for i := first; i < last; i += rows {
		end := min(i+rows, last)
		in := t.x.Images(n, n+1)
		if t.Expand != nil {
			top := max(i*m.Stride-m.Padding[0], 0)
			bottom := min((end-1)*m.Stride-m.Padding[0]+m.reach(0), t.x.H)
			row := t.x.W * m.In
			if i == first || top >= made {
				made = top
			} else { // what the last band has made and this one needs, too
				copy(t.between[0][t.lead[0]:], t.between[0][t.lead[0]+(top-from)*row:][:(made-top)*row])
			}
			from = top
			in = strip(t.between[0], t.lead[0], from, t.x.H, t.x.W, m.In)
			if made < bottom {
				src := strip(t.x.data, t.x.pixel(n, made, 0), 0, bottom-made, t.x.W, t.x.C)
				dst := strip(t.between[0], t.lead[0]+(made-from)*row, 0, bottom-made, t.x.W, m.In)
				t.pointwise(t.Expand, dst, src, nil, t.AfterExpand)
				made = bottom
			}
		}
		out := t.y.Images(n, n+1)
		if t.Project != nil {
			out = strip(t.between[1], t.lead[1], i, t.y.H, t.y.W, m.Out)
		}
		var add *Maps
		if t.shortcut != nil && t.Project == nil {
			add = t.shortcut.Images(n, n+1)
		}
		s := newSlider(m, in, out, add, t.AfterMiddle, t.mem)
		for r := i; r < end; r++ {
			s.row(0, r)
		}
		s.free(t.mem)
		if t.Project != nil {
			src := strip(t.between[1], t.lead[1], 0, end-i, t.y.W, m.Out)
			dst := strip(t.y.data, t.y.pixel(n, i, 0), 0, end-i, t.y.W, t.y.C)
			if t.shortcut != nil {
				add = strip(t.shortcut.data, t.shortcut.pixel(n, i, 0), 0, end-i, t.y.W, t.y.C)
			}
			t.pointwise(t.Project, dst, src, add, t.AfterProject)
		}
	}
}

// pointwise convolves strips.
func (t *bandTask) pointwise(c *Conv, y, x, add *Maps, after After) {
	d := c.direct()
	p := newPatches(c, x, y)
	rows := y.H * y.W
	height := len(t.offsets)
	for r := 0; r < rows; r += height {
		end := min(r+height, rows)
		p.fill(t.offsets, r, end)
		d.task(p, t.offsets, r, end, d.panels, add, after)
	}
}
