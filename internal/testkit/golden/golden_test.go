package golden

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestUniformMatchesPython(t *testing.T) {
	f := Open(t, "uniform")
	for _, name := range []string{"", "conv1.weight", "größe", "long"} {
		key := name
		if key == "" {
			key = "empty"
		}
		n := int(f.Int64(key + ".count")[0])
		got := Uniform(name, n, f.Float64(key + ".bound")[0])
		first := f.Float32(key)
		if !slices.Equal(got[:len(first)], first) {
			t.Errorf("%q: the first numbers are %v, want %v", name, got[:len(first)], first)
		}
		var bits int64
		for _, x := range got {
			bits += int64(math.Float32bits(x))
		}
		if want := f.Int64(key + ".bitsum")[0]; bits != want {
			t.Errorf("%q: the bits of %d numbers sum to %d, want %d", name, n, bits, want)
		}
	}
}

func TestUniformFillsItsRange(t *testing.T) {
	const bound = 2.5
	sum, lo, hi := 0.0, 0.0, 0.0
	x := Uniform("range", 100_000, bound)
	for _, v := range x {
		sum += float64(v)
		lo, hi = min(lo, float64(v)), max(hi, float64(v))
	}
	// The mean of n such numbers has a standard deviation of bound/sqrt(3n).
	if mean := sum / float64(len(x)); math.Abs(mean) > 4*bound/math.Sqrt(3*float64(len(x))) {
		t.Errorf("mean %g", mean)
	}
	if lo < -bound || lo > -0.999*bound || hi > bound || hi < 0.999*bound {
		t.Errorf("range [%g, %g], want nearly [-%g, %g]", lo, hi, bound, bound)
	}
}

func TestFile(t *testing.T) {
	f := Open(t, "uniform.safetensors")
	if got := f.Shape("conv1.weight"); !slices.Equal(got, []int{64}) {
		t.Errorf("shape %v, want [64]", got)
	}
	if got := len(f.Bytes("conv1.weight")); got != 256 {
		t.Errorf("%d bytes, want 256", got)
	}
	if got := f.Metadata("numpy"); !strings.Contains(got, ".") {
		t.Errorf("numpy version %q", got)
	}
	if !slices.Contains(f.Names(), "long.bitsum") {
		t.Errorf("names %v", f.Names())
	}
}

// recorder is a testing.TB that notes a fatal failure.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Fatalf(string, ...any) { r.failed = true; panic(r) }
func (r *recorder) Fatal(...any)          { r.failed = true; panic(r) }

// fails tells whether f ends the test that it is given.
func fails(t *testing.T, f func(testing.TB)) bool {
	r := &recorder{TB: t}
	func() {
		defer func() {
			if p := recover(); p != nil && p != r {
				panic(p)
			}
		}()
		f(r)
	}()
	return r.failed
}

func TestAbsentThingsFail(t *testing.T) {
	for name, f := range map[string]func(testing.TB){
		"file":     func(t testing.TB) { Open(t, "absent") },
		"tensor":   func(t testing.TB) { Open(t, "uniform").Float32("absent") },
		"type":     func(t testing.TB) { Open(t, "uniform").Int64("conv1.weight") },
		"metadata": func(t testing.TB) { Open(t, "uniform").Metadata("absent") },
	} {
		if !fails(t, f) {
			t.Errorf("%s: no failure", name)
		}
	}
}

func TestMaxAbsDiff(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		got, want []float64
		diff      float64 // negative: fails
	}{
		{nil, nil, 0},
		{[]float64{1, 2}, []float64{1, 2}, 0},
		{[]float64{1, -2}, []float64{1.5, 2}, 4},
		{[]float64{inf}, []float64{inf}, 0},
		{[]float64{inf}, []float64{-inf}, inf},
		{[]float64{inf}, []float64{0}, inf},
		{[]float64{1}, nil, -1},
		{[]float64{nan}, []float64{0}, -1},
		{[]float64{0}, []float64{nan}, -1},
		{[]float64{nan}, []float64{nan}, -1},
	} {
		t.Run(fmt.Sprint(c.got, c.want), func(t *testing.T) {
			if c.diff < 0 {
				if !fails(t, func(t testing.TB) { MaxAbsDiff(t, c.got, c.want) }) {
					t.Error("no failure")
				}
			} else if d := MaxAbsDiff(t, c.got, c.want); d != c.diff {
				t.Errorf("got %g, want %g", d, c.diff)
			}
		})
	}
}

func TestRelative(t *testing.T) {
	for _, c := range []struct {
		got, want []float32
		diff      float64
	}{
		{[]float32{1, 8}, []float32{0, -8}, 2},
		{[]float32{0, 0}, []float32{0, 0}, 0},
		{[]float32{0, 1}, []float32{0, 0}, math.Inf(1)},
	} {
		if d := Relative(t, c.got, c.want); d != c.diff {
			t.Errorf("Relative(%v, %v) = %g, want %g", c.got, c.want, d, c.diff)
		}
	}
}
