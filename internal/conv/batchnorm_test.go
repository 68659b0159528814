package conv

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// normCase is a batch norm over pixels of so many channels, with what it gives by the
// definition in float64. Every third channel has a mean of 1e4 and a deviation of 1.
type normCase struct {
	pixels, channels     int
	weight, bias         []float32
	x, add, dy           []float32 // pixels x channels
	mean, variance, s    []float64 // s = sqrt(variance + eps)
	y, rectified, masked []float64
	dweight, dbias, dx   []float64
	size                 []float64 // of dweight's and dbias' summands
}

const normEps = 1e-5

func newNormCase(r *rand.Rand, pixels, channels int) *normCase {
	n := pixels * channels
	k := &normCase{pixels: pixels, channels: channels, weight: random(r, channels), bias: random(r, channels),
		x: random(r, n), add: random(r, n), dy: random(r, n)}
	for i := range k.x {
		if i%channels%3 == 0 {
			k.x[i] += 1e4
		}
	}
	k.mean, k.variance = make([]float64, channels), make([]float64, channels)
	k.dweight, k.dbias, k.size = make([]float64, channels), make([]float64, channels), make([]float64, channels)
	k.y, k.rectified, k.masked, k.dx = make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for i, v := range k.x {
		k.mean[i%channels] += float64(v) / float64(pixels)
	}
	for i, v := range k.x {
		d := float64(v) - k.mean[i%channels]
		k.variance[i%channels] += d * d / float64(pixels)
	}
	for _, v := range k.variance {
		k.s = append(k.s, math.Sqrt(v+normEps))
	}
	return k
}

// z returns a normalised element.
func (k *normCase) z(i int) float64 {
	return (float64(k.x[i]) - k.mean[i%k.channels]) / k.s[i%k.channels]
}

// finish computes what depends on which elements were rectified, as the maps y say.
func (k *normCase) finish(y []float32) {
	for i := range k.x {
		c := i % k.channels
		k.y[i] = k.z(i)*float64(k.weight[c]) + float64(k.bias[c])
		k.rectified[i] = max(0, k.y[i]+float64(k.add[i]))
		if y[i] > 0 {
			k.masked[i] = float64(k.dy[i])
		}
		k.dbias[c] += k.masked[i]
		k.dweight[c] += k.masked[i] * k.z(i)
		k.size[c] += math.Abs(k.masked[i]) * (1 + math.Abs(k.z(i)))
	}
	for i := range k.x {
		c := i % k.channels
		n := float64(k.pixels)
		k.dx[i] = float64(k.weight[c]) / k.s[c] * (k.masked[i] - k.dbias[c]/n - k.z(i)*k.dweight[c]/n)
	}
}

// shape cuts pixels up into maps: one, or some.
func (k *normCase) shape() (n, h, w int) {
	for _, n := range []int{6, 5, 4, 3, 2} {
		if k.pixels%n == 0 {
			return n, k.pixels / n, 1
		}
	}
	return 1, 1, k.pixels
}

func (k *normCase) maps(x []float32, mem *Memory) *Maps {
	n, h, w := k.shape()
	m := mem.Maps(n, h, w, k.channels, 0)
	m.SetPixels(x)
	return m
}

// TestBatchNorm holds batch norm in train mode, forward and backward, to the definition.
func TestBatchNorm(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 52))
	var mem Memory
	for _, channels := range []int{1, 3, 8, 16, 17, 64, 100, 600} {
		for _, pixels := range []int{1, 2, 7, 8, 9, 255, 256, 257, 1000, 5000} {
			if pixels*channels > 1<<19 || testing.Short() && pixels*channels > 1<<16 {
				continue
			}
			t.Run(fmt.Sprintf("%dx%d", pixels, channels), func(t *testing.T) {
				testBatchNorm(t, newNormCase(r, pixels, channels), &mem)
			})
		}
	}
}

func testBatchNorm(t *testing.T, k *normCase, mem *Memory) {
	x, add, dy := k.maps(k.x, mem), k.maps(k.add, mem), k.maps(k.dy, mem)
	b := &BatchNorm{Weight: k.weight, Bias: k.bias, Mean: make([]float64, k.channels), Variance: make([]float64, k.channels), Eps: normEps}
	x.Moments(b.Mean, b.Variance, mem)
	for c := range k.mean {
		if d := math.Abs(b.Mean[c] - k.mean[c]); d > 1e-11*(1+math.Abs(k.mean[c])) {
			t.Fatalf("channel %d: mean %v, want %v", c, b.Mean[c], k.mean[c])
		}
		if d := math.Abs(b.Variance[c] - k.variance[c]); d > 1e-10*k.variance[c]+1e-20 {
			t.Fatalf("channel %d: variance %v, want %v", c, b.Variance[c], k.variance[c])
		}
	}
	nan := make([]float32, len(k.x))
	for i := range nan {
		nan[i] = float32(math.NaN())
	}
	plain, y := k.maps(nan, mem), k.maps(nan, mem)
	b.Apply(plain, x, nil, false, mem)
	b.Apply(y, x, add, true, mem)
	k.finish(y.pixels())
	// near compares with some roundings of what is of that size.
	near := func(name string, got []float32, want []float64, size func(i int) float64) {
		t.Helper()
		for i, v := range got {
			if d := math.Abs(float64(v) - want[i]); !(d <= 3e-7*size(i)) {
				t.Fatalf("%s: element %d is %v, want %v, size %v", name, i, v, want[i], size(i))
			}
		}
	}
	outSize := func(i int) float64 {
		c := i % k.channels
		return math.Abs(k.y[i]-float64(k.bias[c])) + math.Abs(float64(k.bias[c])) + math.Abs(float64(k.add[i]))
	}
	near("y", plain.pixels(), k.y, outSize)
	near("rectified", y.pixels(), k.rectified, outSize)

	dweight, dbias := make([]float64, k.channels), make([]float64, k.channels)
	b.Sums(dweight, dbias, dy, x, y, mem)
	for i, v := range dy.pixels() {
		if float64(v) != k.masked[i] {
			t.Fatalf("element %d of dy, where y is %v, became %v", i, y.pixels()[i], v)
		}
	}
	for c := range dweight {
		if math.Abs(dweight[c]-k.dweight[c]) > 1e-10*k.size[c] || math.Abs(dbias[c]-k.dbias[c]) > 1e-12*k.size[c] {
			t.Fatalf("channel %d: gradients %v and %v, want %v and %v", c, dweight[c], dbias[c], k.dweight[c], k.dbias[c])
		}
	}
	again, over := slices.Clone(dweight), slices.Clone(dbias)
	b.Sums(again, over, dy, x, nil, mem)
	if !slices.Equal(again, dweight) || !slices.Equal(over, dbias) {
		t.Fatal("the sums of what was cut off are others")
	}

	dx, summed, fixed := k.maps(nan, mem), k.maps(nan, mem), k.maps(nan, mem)
	b.Gradient(dx, dy, x, nil, dweight, dbias, mem)
	b.Gradient(summed, dy, x, add, dweight, dbias, mem)
	b.Gradient(fixed, dy, nil, add, nil, nil, mem)
	factor := func(i int) float64 {
		return math.Abs(float64(k.weight[i%k.channels])) / k.s[i%k.channels]
	}
	dxSize := func(i int) float64 {
		c := i % k.channels
		return factor(i) * (math.Abs(k.masked[i]) + (math.Abs(k.dbias[c])+math.Abs(k.z(i)*k.dweight[c]))/float64(k.pixels))
	}
	near("dx", dx.pixels(), k.dx, dxSize)
	plus, straight := make([]float64, len(k.x)), make([]float64, len(k.x))
	for i := range plus {
		plus[i] = k.dx[i] + float64(k.add[i])
		straight[i] = k.masked[i]*factor(i)*math.Copysign(1, float64(k.weight[i%k.channels])) + float64(k.add[i])
	}
	plusSize := func(i int) float64 { return dxSize(i) + math.Abs(float64(k.add[i])) }
	near("dx + add", summed.pixels(), plus, plusSize)
	near("dx of fixed statistics", fixed.pixels(), straight, plusSize)

	// In place, with the same bits.
	for name, into := range map[string]*Maps{"dy": dy, "x": x, "add": add} {
		before := slices.Clone(into.pixels())
		b.Gradient(into, dy, x, add, dweight, dbias, mem)
		if !slices.Equal(into.pixels(), summed.pixels()) {
			t.Fatalf("dx in place of %s is another", name)
		}
		into.SetPixels(before)
	}
	for _, m := range []*Maps{x, add, dy, plain, y, dx, summed, fixed} {
		mem.Free(m)
	}
}

// TestLayerNormSums holds the gradients by LayerNorm's weight and bias to the definition.
func TestLayerNormSums(t *testing.T) {
	r := rand.New(rand.NewPCG(53, 54))
	var mem Memory
	for _, channels := range []int{2, 3, 16, 17, 100, 700, 5000} {
		for _, pixels := range []int{1, 7, 257, 1000} {
			k := newNormCase(r, pixels, channels)
			x := random(r, pixels*channels)
			want, bias, size := make([]float64, channels), make([]float64, channels), make([]float64, channels)
			for p := range pixels {
				row, d := x[p*channels:][:channels], k.dy[p*channels:][:channels]
				var mean, variance float64
				for _, v := range row {
					mean += float64(v) / float64(channels)
				}
				for _, v := range row {
					variance += (float64(v) - mean) * (float64(v) - mean) / float64(channels)
				}
				for c, v := range row {
					z := (float64(v) - mean) / math.Sqrt(variance+1e-6)
					want[c] += float64(d[c]) * z
					bias[c] += float64(d[c])
					size[c] += math.Abs(float64(d[c])) * (1 + math.Abs(z))
				}
			}
			dweight, dbias := make([]float64, channels), make([]float64, channels)
			k.maps(x, &mem).LayerNormSums(dweight, dbias, k.maps(k.dy, &mem), 1e-6, &mem)
			for c := range want {
				if math.Abs(dweight[c]-want[c]) > 1e-6*size[c] || math.Abs(dbias[c]-bias[c]) > 1e-12*size[c] {
					t.Fatalf("%d x %d: channel %d: gradients %v and %v, want %v and %v", pixels, channels, c, dweight[c], dbias[c], want[c], bias[c])
				}
			}
		}
	}
}

// TestMomentsConstant holds channels that do not vary to a variance of exactly 0, and
// NaN to be seen.
func TestMomentsConstant(t *testing.T) {
	var mem Memory
	x := mem.Maps(2, 30, 31, 3, 0)
	for i := range x.pixels() {
		x.pixels()[i] = [3]float32{1e6 / 3, -1e-3, 0}[i%3]
	}
	x.pixels()[4001] = float32(math.NaN()) // channel 2
	mean, variance := make([]float64, 3), make([]float64, 3)
	x.Moments(mean, variance, &mem)
	if mean[0] != float64(float32(1e6)/3) || mean[1] != float64(float32(-1e-3)) || variance[0] != 0 || variance[1] != 0 {
		t.Errorf("constant channels have mean %v and variance %v", mean[:2], variance[:2])
	}
	if mean[2] == mean[2] || variance[2] == variance[2] {
		t.Errorf("NaN is lost: mean %v and variance %v", mean[2], variance[2])
	}
}

// TestNormBits holds all sums to the same bits for any number of goroutines.
func TestNormBits(t *testing.T) {
	r := rand.New(rand.NewPCG(55, 56))
	for _, size := range [][2]int{{5000, 17}, {3001, 64}, {700, 1100}} {
		k := newNormCase(r, size[0], size[1])
		var first []float64
		var firstMaps []float32
		for _, procs := range []int{1, 2, 4, 8} {
			old := runtime.GOMAXPROCS(procs)
			var mem Memory
			x, dy, y, add := k.maps(k.x, &mem), k.maps(k.dy, &mem), k.maps(k.add, &mem), k.maps(k.add, &mem)
			s := make([]float64, 6*k.channels)
			part := func(i int) []float64 { return s[i*k.channels:][:k.channels] }
			b := &BatchNorm{Weight: k.weight, Bias: k.bias, Mean: part(0), Variance: part(1), Eps: normEps}
			x.Moments(b.Mean, b.Variance, &mem)
			b.Apply(y, x, add, true, &mem)
			b.Sums(part(2), part(3), dy, x, y, &mem)
			b.Gradient(dy, dy, x, add, part(2), part(3), &mem)
			x.LayerNormSums(part(4), part(5), dy, 1e-6, &mem)
			runtime.GOMAXPROCS(old)
			if first == nil {
				first, firstMaps = s, dy.pixels()
			}
			if !slices.Equal(s, first) || !slices.Equal(dy.pixels(), firstMaps) {
				t.Errorf("%v: other bits with GOMAXPROCS %d", size, procs)
			}
		}
	}
}

// BenchmarkBatchNorm measures what memory gives and takes, beside a copy.
func BenchmarkBatchNorm(b *testing.B) {
	for _, size := range [][2]int{{64 * 56 * 56, 64}, {64 * 14 * 14, 256}, {64 * 7 * 7, 2048}, {128 * 8 * 8, 16}, {128 * 32 * 32, 16}} {
		k := &normCase{pixels: size[0], channels: size[1]}
		r := rand.New(rand.NewPCG(1, 2))
		var mem Memory
		x, dy, y, dx := k.maps(random(r, size[0]*size[1]), &mem), k.maps(random(r, size[0]*size[1]), &mem), k.maps(nil, &mem), k.maps(nil, &mem)
		c := k.channels
		norm := &BatchNorm{Weight: random(r, c), Bias: random(r, c), Mean: make([]float64, c), Variance: make([]float64, c), Eps: normEps}
		x.Moments(norm.Mean, norm.Variance, &mem)
		dweight, dbias := make([]float64, c), make([]float64, c)
		for _, pass := range []struct {
			name string
			maps int // read and written
			f    func()
		}{
			{"Copy", 2, func() { y.Copy(x) }},
			{"Moments", 1, func() { x.Moments(norm.Mean, norm.Variance, &mem) }},
			{"Apply", 2, func() { norm.Apply(y, x, nil, true, &mem) }},
			{"ApplyAdd", 3, func() { norm.Apply(y, x, dy, true, &mem) }},
			{"SumsRectified", 4, func() { norm.Sums(dweight, dbias, dy, x, y, &mem) }},
			{"Sums", 2, func() { norm.Sums(dweight, dbias, dy, x, nil, &mem) }},
			{"Gradient", 3, func() { norm.Gradient(dx, dy, x, nil, dweight, dbias, &mem) }},
			{"GradientInPlace", 3, func() { norm.Gradient(dx, dx, x, nil, dweight, dbias, &mem) }},
			{"LayerNormSums", 2, func() { x.LayerNormSums(dweight, dbias, dy, 1e-6, &mem) }},
		} {
			b.Run(fmt.Sprintf("%dx%d/%s", size[0], c, pass.name), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(4 * size[0] * c * pass.maps))
				for b.Loop() {
					pass.f()
				}
			})
		}
	}
}
