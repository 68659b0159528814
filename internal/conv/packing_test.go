package conv

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// TestChanged changes the weights of convolutions and holds all that is made of them to what
// new convolutions give, bit by bit. Nothing may be allocated for packing again.
func TestChanged(t *testing.T) {
	for _, kern := range kernels {
		r := rand.New(rand.NewPCG(61, 62))
		for trial := range 60 {
			s, border := randomShape(r, trial)
			switch trial % 5 {
			case 3: // blocks
				s.Dilation, s.Groups, s.In = 1, 1, 1+r.IntN(3)
			case 4: // Rows
				s.Padding, s.Stride, s.Dilation, s.Groups = [2]int{}, 1, 1, 1
			}
			n, h, w := 1+r.IntN(2), s.reach(0)+r.IntN(12), s.reach(1)+r.IntN(12)
			oh, ow := s.OutSize(h, w)
			weight, scale, bias := random(r, s.Out*s.In/s.Groups*s.taps()), random(r, s.Out), random(r, s.Out)
			c, err := newConv(kern, s, weight, scale, bias)
			if err != nil {
				t.Fatal(err)
			}
			var mem Memory
			x := FromNCHW(random(r, n*s.In*h*w), n, s.In, h, w, border, &mem)
			dy := FromNCHW(random(r, n*s.Out*oh*ow), n, s.Out, oh, ow, 0, &mem)
			rows := FromNCHW(random(r, n*s.Out), n, s.Out, 1, 1, 0, &mem)
			type made struct {
				c, rows *Conv
				g       *Gradient
			}
			all := func(c *Conv) made {
				m := made{c: c}
				if s.Differentiable() {
					m.g = c.Gradient()
				}
				if s.Padding == [2]int{} && s.Stride == 1 && s.Groups == 1 && s.Dilation == 1 {
					m.rows = c.Rows()
				}
				return m
			}
			run := func(m made) (out [][]float32) {
				for v := channelwise; v < variants; v++ {
					if v == channelwise && !s.Depthwise() || v >= 0 && !m.c.winogradFits(x) {
						continue
					}
					y := mem.Maps(n, oh, ow, s.Out, 0)
					m.c.apply(y, x, nil, After{}, v, &mem)
					out = append(out, slices.Clone(y.pixels()))
					mem.Free(y)
				}
				if m.g != nil {
					dx := mem.Maps(n, h, w, s.In, 0)
					if err := m.g.Apply(dx, dy, nil, &mem); err != nil {
						t.Fatal(err)
					}
					out = append(out, slices.Clone(dx.pixels()))
					mem.Free(dx)
				}
				if m.rows != nil {
					dx := mem.Maps(n, 1, 1, m.rows.Out, 0)
					if err := m.rows.Apply(dx, rows, nil, After{}, &mem); err != nil {
						t.Fatal(err)
					}
					out = append(out, slices.Clone(dx.pixels()))
					mem.Free(dx)
				}
				return out
			}
			old := all(c)
			before := run(old)
			copy(weight, random(r, len(weight)))
			copy(scale, random(r, len(scale)))
			copy(bias, random(r, len(bias)))
			c.Changed()
			fresh, err := newConv(kern, s, weight, scale, bias)
			if err != nil {
				t.Fatal(err)
			}
			want, got := run(all(fresh)), run(old)
			for i := range want {
				if !slices.Equal(got[i], want[i]) {
					t.Fatalf("%s: %+v: result %d is not that of a new convolution", kern.name, s, i)
				}
				if slices.Equal(got[i], before[i]) {
					t.Fatalf("%s: %+v: result %d has not changed", kern.name, s, i)
				}
			}
		}
	}
}

// TestChangedAllocates shows that packing again takes no memory.
func TestChangedAllocates(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // with more, it is by chance how many need memory at once
	r := rand.New(rand.NewPCG(63, 64))
	for _, s := range []Shape{square(256, 256, 3, 1), square(128, 256, 3, 2), square(512, 512, 1, 1)} {
		weight := random(r, s.Out*s.In*s.taps())
		c, err := New(s, weight, random(r, s.Out), random(r, s.Out))
		if err != nil {
			t.Fatal(err)
		}
		var mem Memory
		x := FromNCHW(random(r, 64*s.In), 1, s.In, 8, 8, 0, &mem)
		oh, ow := s.OutSize(8, 8)
		y := mem.Maps(1, oh, ow, s.Out, 0)
		g := c.Gradient()
		step := func() {
			if err := c.Apply(y, x, nil, After{}, &mem); err != nil {
				t.Fatal(err)
			}
			if err := g.Apply(x, y, nil, &mem); err != nil {
				t.Fatal(err)
			}
			c.Changed()
		}
		step()
		step()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		step()
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > uint64(len(weight))/4 {
			t.Errorf("%+v: %d bytes allocated, for %d of weights", s, n, 4*len(weight))
		}
	}
}

// TestConcurrentPacking lets several goroutines use what has to be packed first.
func TestConcurrentPacking(t *testing.T) {
	r := rand.New(rand.NewPCG(65, 66))
	s := square(32, 32, 3, 1)
	weight := random(r, s.Out*s.In*9)
	c, err := New(s, weight, random(r, s.Out), random(r, s.Out))
	if err != nil {
		t.Fatal(err)
	}
	g := c.Gradient()
	var mem Memory
	x := FromNCHW(random(r, 64*s.In), 1, s.In, 8, 8, 0, &mem)
	for range 20 {
		copy(weight, random(r, len(weight)))
		c.Changed()
		var got [4][2][]float32
		var wait sync.WaitGroup
		for i := range got {
			wait.Go(func() {
				for k := range 2 {
					y := mem.Maps(1, 8, 8, s.Out, 0)
					err := c.Apply(y, x, nil, After{}, &mem)
					if k == 1 {
						err = g.Apply(y, x, nil, &mem)
					}
					if err != nil {
						t.Error(err)
					}
					got[i][k] = y.pixels()
				}
			})
		}
		wait.Wait()
		for i := range got {
			for k := range got[i] {
				if !slices.Equal(got[i][k], got[0][k]) {
					t.Fatal("goroutines have different results")
				}
			}
		}
	}
}
