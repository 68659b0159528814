package conv

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// TestBands holds bands to the same bits as their convolutions one after the other, for maps
// of one band and of many, any batch and any number of goroutines.
func TestBands(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	for trial := range 60 {
		kernel := 1 + 2*r.IntN(4)
		in, wide, out := 1+r.IntN(20), 2+r.IntN(60), 1+r.IntN(20)
		middle := Shape{In: wide, Out: wide, Kernel: [2]int{kernel, kernel}, Stride: 1 + r.IntN(2), Dilation: 1, Groups: wide}
		middle.Padding = [2]int{r.IntN(kernel), r.IntN(kernel)}
		expand := Shape{In: in, Out: wide, Kernel: [2]int{1, 1}, Stride: 1, Dilation: 1, Groups: 1}
		project := Shape{In: wide, Out: out, Kernel: [2]int{1, 1}, Stride: 1, Dilation: 1, Groups: 1}
		make := func(s Shape) *Conv {
			c, err := New(s, random(r, s.Out*s.In/s.Groups*s.taps()), random(r, s.Out), random(r, s.Out))
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		double := After{F: func(y []float32) {
			for i := range y {
				y[i] *= 2
			}
		}}
		b := &Band{Middle: make(middle), AfterExpand: After{ReLU: true}, AfterMiddle: double, AfterProject: After{ReLU: trial%2 == 0}}
		n, h, w := 1+r.IntN(3), kernel+r.IntN(40), kernel+r.IntN(40)
		if trial%3 != 0 {
			b.Expand = make(expand)
		}
		if trial%3 != 1 {
			b.Project = make(project)
		}
		var mem Memory
		channels := wide
		if b.Expand != nil {
			channels = in
		}
		x := FromNCHW(random(r, n*channels*h*w), n, channels, h, w, 0, &mem)
		oh, ow := middle.OutSize(h, w)
		last := wide
		if b.Project != nil {
			last = out
		}
		var shortcut *Maps
		if trial%4 == 0 {
			shortcut = FromNCHW(random(r, n*last*oh*ow), n, last, oh, ow, 0, &mem)
		}

		want := x
		step := func(c *Conv, h, w int, add *Maps, after After) {
			y := mem.Maps(n, h, w, c.Out, 0)
			if err := c.Apply(y, want, add, after, &mem); err != nil {
				t.Fatal(err)
			}
			want = y
		}
		if b.Expand != nil {
			step(b.Expand, h, w, nil, b.AfterExpand)
		}
		if b.Project != nil {
			step(b.Middle, oh, ow, nil, b.AfterMiddle)
			step(b.Project, oh, ow, shortcut, b.AfterProject)
		} else {
			step(b.Middle, oh, ow, shortcut, b.AfterMiddle)
		}
		for i, procs := range []int{1, 3, 1, 3} {
			old := runtime.GOMAXPROCS(procs)
			y := mem.Maps(n, oh, ow, last, 0)
			for i := range y.pixels() {
				y.pixels()[i] = float32(math.NaN())
			}
			err := b.apply(y, x, shortcut, &mem, []int{bandBytes, bandBytes, 20 << 10, 1}[i])
			runtime.GOMAXPROCS(old)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(y.pixels(), want.pixels()) {
				t.Fatalf("trial %d: %+v on %s, %d goroutines: other bits", trial, middle, x, procs)
			}
		}
	}
}
