package conv

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// TestOnce lets convolutions of ResNet18 that learn, and their gradients, run on few tiles and
// on many: their weights may be packed for the latter alone, and the bits are those of one
// goroutine.
func TestOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(67, 68))
	for _, l := range []struct {
		channels, side, images int
		packed                 bool
	}{
		{128, 4, 16, false},
		{128, 8, 32, false},
		{128, 8, 33, true},
		{64, 16, 8, false},
		{64, 16, 9, true},
	} {
		s := square(l.channels, l.channels, 3, 1)
		c, err := New(s, random(r, s.Out*s.In*9), random(r, s.Out), random(r, s.Out))
		if err != nil {
			t.Fatal(err)
		}
		c.Training()
		g := c.Gradient()
		var mem Memory
		x := FromNCHW(random(r, l.images*s.In*l.side*l.side), l.images, s.In, l.side, l.side, 0, &mem)
		var want []float32
		for _, procs := range []int{1, 2, 3, 8} {
			y := mem.Maps(l.images, l.side, l.side, s.Out, 0)
			dx := mem.Maps(l.images, l.side, l.side, s.In, 0)
			old := runtime.GOMAXPROCS(procs)
			err := c.Apply(y, x, nil, After{ReLU: true}, &mem)
			if err == nil {
				err = g.Apply(dx, y, x, &mem)
			}
			runtime.GOMAXPROCS(old)
			if err != nil {
				t.Fatal(err)
			}
			got := append(y.NCHW(), dx.NCHW()...)
			if want == nil {
				want = got
			} else if !slices.Equal(got, want) {
				t.Errorf("%+v: other bits with GOMAXPROCS=%d", l, procs)
			}
			mem.Free(y)
			mem.Free(dx)
		}
		for _, c := range []*Conv{c, g.parts[0].conv} {
			way := c.variant(x)
			if way < 0 {
				t.Fatalf("%+v: variant %d, want one of Winograd's", l, way)
			}
			if packed := c.packings.winograd[way].value.data != nil; packed != l.packed {
				t.Errorf("%+v: packed %v, want %v", l, packed, l.packed)
			}
		}
	}
}
