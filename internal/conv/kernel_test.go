package conv

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// TestProducts runs every kernel's tile over all its rows, widths and
// epilogues, with rows that begin anywhere, and holds it to the definition: up
// to rounding (see TestConvAgainstDefinition), but NaN must stay, and nothing
// outside the tile may be written.
func TestProducts(t *testing.T) {
	for _, kern := range kernels {
		t.Run(kern.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(7, 8))
			for trial := range 400 {
				p := product{taps: 1 + r.IntN(4), depth: 1 + r.IntN(30), lanes: kern.lanes, rows: 1 + trial%kern.rows, floor: float32(math.Inf(-1)), ceiling: float32(math.Inf(1))}
				if trial%3 == 0 {
					p.lanes = kern.narrow
				}
				p.cols = 1 + r.IntN(p.lanes)
				if trial%4 == 0 {
					p.cols = p.lanes
				}
				p.stride = p.cols + r.IntN(5)
				a, b := random(r, 300), random(r, p.taps*p.depth*p.lanes)
				offsets := make([]int, p.taps*kern.rows)
				for i := range offsets {
					offsets[i] = 4 * r.IntN(300-p.depth+1)
				}
				c, bias, add := random(r, 2*kern.lanes+kern.rows*p.stride), random(r, kern.lanes), random(r, kern.rows*p.stride)
				nan := -1
				if r.IntN(2) == 0 {
					p.bias = &bias[0]
					if r.IntN(2) == 0 {
						p.floor = 0
					}
					if r.IntN(2) == 0 {
						p.ceiling = 2
					}
					if r.IntN(2) == 0 {
						p.add = &add[0]
						if r.IntN(3) == 0 { // to what is there
							add = c[kern.lanes:]
							p.add = &add[0]
						}
						nan = r.IntN(p.cols)
						add[nan] = float32(math.NaN())
					}
				}
				p.a, p.offsets, p.b, p.c = &a[0], &offsets[0], &b[0], &c[kern.lanes]
				before := slices.Clone(c)
				add = slices.Clone(add)
				kern.mul(&p)
				for at, got := range c {
					i, j := (at-kern.lanes)/p.stride, (at-kern.lanes)%p.stride
					if at < kern.lanes || i >= p.rows || j >= p.cols {
						if got != before[at] {
							t.Fatalf("%+v: wrote outside at %d", p, at-kern.lanes)
						}
						continue
					}
					want, size := 0.0, 0.0
					for tap := range p.taps {
						for k := range p.depth {
							term := float64(a[offsets[tap*kern.rows+i]/4+k]) * float64(b[(tap*p.depth+k)*p.lanes+j])
							want += term
							size += math.Abs(term)
						}
					}
					if p.bias != nil {
						want += float64(bias[j])
						size += math.Abs(float64(bias[j]))
						if p.add != nil {
							want += float64(add[i*p.stride+j])
							size += math.Abs(float64(add[i*p.stride+j]))
						}
						want = min(max(want, float64(p.floor)), float64(p.ceiling))
					}
					if i == 0 && j == nan {
						if got == got {
							t.Fatalf("%+v: NaN became %v", p, got)
						}
						continue
					}
					if d := math.Abs(float64(got) - want); !(d <= 2*0x1p-24*math.Sqrt(float64(p.taps*p.depth+2))*size) {
						t.Fatalf("%+v: (%d, %d) is %v, want %v", p, i, j, got, want)
					}
				}
			}
		})
	}
}

// TestTransforms holds every kernel's transforms to the portable ones, over
// random numbers of channels, distances, and pixels cut off, and checks that
// nothing else is written. They differ by the rounding of fused operations: a
// few units of the largest intermediate value, which is at most 16 times the
// largest input a pass.
func TestTransforms(t *testing.T) {
	const tolerance = 16 * 16 * 8 * 0x1p-24
	for _, kern := range kernels {
		t.Run(kern.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(9, 10))
			for trial := range 200 {
				v := trial % variants
				m := tileSize(v)
				n := m + 2
				channels := vector * (1 + r.IntN(4))
				src := random(r, 4000)
				offsets := make([]int, n*n)
				for i := range offsets {
					offsets[i] = 4 * r.IntN(len(src)-channels)
				}
				in := transform{src: &src[0], offsets: &offsets[0], stride: channels + r.IntN(9), channels: channels, scratch: &make([]float32, 36*vector)[0], constants: &constants[0]}
				guard := random(r, n*n*in.stride+2*vector)
				compareRuns(t, guard, tolerance, func(dst *float32, of *kernel) {
					in.dst = dst
					of.input[v](&in)
				}, kern)

				points := random(r, n*n*in.stride)
				bias, add := random(r, channels), random(r, 6000)
				out := transform{src: &points[0], stride: in.stride, channels: channels, scratch: in.scratch, constants: in.constants, bias: &bias[0],
					pixelStride: channels + r.IntN(5), rows: 1 + r.IntN(m), cols: 1 + r.IntN(m), floor: float32(math.Inf(-1))}
				out.rowStride = m*out.pixelStride + r.IntN(9)
				if r.IntN(2) == 0 {
					out.add = &add[vector]
				}
				if r.IntN(2) == 0 {
					out.floor = 0
					bias[r.IntN(channels)] = float32(math.NaN())
				}
				guard = random(r, m*out.rowStride+2*vector)
				compareRuns(t, guard, tolerance, func(dst *float32, of *kernel) {
					out.dst = dst
					of.output[v](&out)
				}, kern)
			}
		})
	}
}

// TestOuter runs every kernel's tile of outer products, over runs of any number and length,
// and holds it to the definition; nothing outside the tile may be written.
func TestOuter(t *testing.T) {
	for _, kern := range kernels {
		t.Run(kern.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(17, 18))
			for trial := range 300 {
				p := outer{runs: 1 + r.IntN(4), depth: 1 + r.IntN(14), lanes: kern.lanes, more: trial % 2}
				if trial%3 == 0 {
					p.lanes = kern.narrow
				}
				xStep, dyStep := kern.rows+r.IntN(9), p.lanes+r.IntN(9)
				p.xStep, p.dyStep = 4*xStep, 4*dyStep
				x, dy := random(r, 100+p.depth*xStep), random(r, p.runs*p.depth*dyStep)
				offsets := make([]int, p.runs)
				for i := range offsets {
					offsets[i] = 4 * r.IntN(100)
				}
				size := kern.rows * p.lanes
				tile := random(r, size+2*vector)
				before := slices.Clone(tile)
				p.x, p.offsets, p.dy, p.tile = &x[0], &offsets[0], &dy[0], &tile[vector]
				kern.outer(&p)
				for at, got := range tile {
					if at < vector || at >= vector+size {
						if got != before[at] {
							t.Fatalf("%+v: wrote outside at %d", p, at-vector)
						}
						continue
					}
					i, j := (at-vector)/p.lanes, (at-vector)%p.lanes
					want, size := 0.0, 0.0
					if p.more != 0 {
						want, size = float64(before[at]), math.Abs(float64(before[at]))
					}
					for run, offset := range offsets {
						for k := range p.depth {
							term := float64(x[offset/4+k*xStep+i]) * float64(dy[(run*p.depth+k)*dyStep+j])
							want += term
							size += math.Abs(term)
						}
					}
					if d := math.Abs(float64(got) - want); !(d <= 2*0x1p-24*math.Sqrt(float64(p.runs*p.depth+2))*size) {
						t.Fatalf("%+v: (%d, %d) is %v, want %v", p, i, j, got, want)
					}
				}
			}
		})
	}
}

// TestGradientTransforms holds every kernel's transforms of weights and of gradients to the
// portable ones: those of weights round alike, but for fused operations on other processors.
func TestGradientTransforms(t *testing.T) {
	for _, kern := range kernels {
		t.Run(kern.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(19, 20))
			for trial := range 200 {
				channels := vector * (1 + r.IntN(4))
				src := random(r, 6000)
				offsets := make([]int, 36)
				for i := range offsets {
					offsets[i] = 4 * r.IntN(len(src)-channels)
				}
				scratch := make([]float32, 2*36*vector)
				p := transform{src: &src[0], offsets: &offsets[0], stride: channels + r.IntN(9), channels: channels, scratch: &scratch[0], constants: &constants[0]}
				run := func(tolerance float64, f func(of *kernel) func(*transform)) {
					compareRuns(t, random(r, 36*p.stride+2*vector), tolerance, func(dst *float32, of *kernel) {
						p.dst = dst
						f(of)(&p)
					}, kern)
				}
				run(16*16*8*0x1p-24, func(of *kernel) func(*transform) { return of.spread })
				p.constants = &gatherConstants[0]
				run(16*8*0x1p-24, func(of *kernel) func(*transform) { return of.gather })
				factors := random(r, channels)
				p.bias, p.pixelStride = &factors[0], channels+r.IntN(9)
				v := trial % variants
				p.constants = (*float32)(unsafe.Pointer(&filterConstants[v][0]))
				run(0, func(of *kernel) func(*transform) { return of.filter[v] })
			}
		})
	}
}

// compareRuns lets a kernel and the portable one write into copies of guard,
// vector elements in, and compares all of it.
func compareRuns(t *testing.T, guard []float32, tolerance float64, run func(dst *float32, of *kernel), kern *kernel) {
	t.Helper()
	got, want := slices.Clone(guard), slices.Clone(guard)
	run(&got[vector], kern)
	run(&want[vector], &portable)
	for i, w := range want {
		same := math.Float32bits(got[i]) == math.Float32bits(w) || w != w && got[i] != got[i]
		if !same && (w == guard[i] || !(math.Abs(float64(got[i]-w)) <= tolerance)) {
			t.Fatalf("%s: element %d is %v, portable %v", kern.name, i-vector, got[i], w)
		}
	}
}

// TestPool holds every kernel's pooling to the portable one, exactly, with
// NaN and infinities among the values.
func TestPool(t *testing.T) {
	for _, kern := range kernels {
		t.Run(kern.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(11, 12))
			for range 200 {
				src := random(r, 3000)
				for range 60 {
					src[r.IntN(len(src))] = []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))}[r.IntN(3)]
				}
				channels := vector * (1 + r.IntN(4))
				offsets := make([]int, 1+r.IntN(9))
				for i := range offsets {
					offsets[i] = 4 * r.IntN(2000)
				}
				p := pooling{src: &src[0], offsets: &offsets[0], taps: len(offsets), count: 1 + r.IntN(5), srcStride: r.IntN(100), dstStride: channels + r.IntN(7), channels: channels}
				guard := random(r, p.count*p.dstStride+2*vector)
				compareRuns(t, guard, 0, func(dst *float32, of *kernel) {
					p.dst = dst
					of.pool(&p)
				}, kern)
			}
		})
	}
}

// TestWinogradRounding shows what the choice of the points is for: on rectified
// maps the rounding errors of F(4x4, 3x3) are about twice those of the direct
// way (with the points 0, ±1, ±2, four times), and those of F(2x2, 3x3) are not
// larger.
func TestWinogradRounding(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	s := Shape{In: 128, Out: 16, Kernel: [2]int{3, 3}, Stride: 1, Dilation: 1, Padding: [2]int{1, 1}, Groups: 1}
	const side = 12
	x, ones, zeros := random(r, s.In*side*side), slices.Repeat([]float32{1}, s.Out), make([]float32, s.Out)
	for i := range x {
		x[i] = max(x[i], 0)
	}
	weight := random(r, s.Out*s.In*9)
	want, _ := definition(s, x, weight, ones, zeros, nil, After{}, 1, side, side)
	c, err := New(s, weight, ones, zeros)
	if err != nil {
		t.Fatal(err)
	}
	var mem Memory
	var rms [1 + variants]float64
	for v := range rms {
		y := mem.Maps(1, side, side, s.Out, 0)
		c.apply(y, FromNCHW(x, 1, s.In, side, side, 0, &mem), nil, After{}, v-1, &mem)
		for i, got := range y.NCHW() {
			rms[v] += (float64(got) - want[i]) * (float64(got) - want[i])
		}
		rms[v] = math.Sqrt(rms[v] / float64(len(want)))
	}
	t.Logf("rms errors: direct %.2g, F(2x2) %.2g times that, F(4x4) %.2g times", rms[0], rms[1]/rms[0], rms[2]/rms[0])
	if rms[1] > 1.5*rms[0] || rms[2] > 3*rms[0] {
		t.Error("larger than that")
	}
}

// TestStencils runs every kernel over runs of any number of pixels and channels: NaN must
// stay, nothing outside may be written, and a pixel must have the same bits wherever in a
// run it stands.
func TestStencils(t *testing.T) {
	for _, kern := range kernels {
		t.Run(kern.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(9, 10))
			for range 300 {
				channels, count, taps := 1+r.IntN(150), 1+r.IntN(20), 1+r.IntN(9)
				step := 4 * channels * (1 + r.IntN(2))
				src, weights, bias := random(r, channels*(2*count+taps)), random(r, channels*taps), random(r, channels)
				offsets := make([][2]int, taps)
				for i := range offsets {
					offsets[i] = [2]int{4 * channels * r.IntN(taps), 4 * channels * i}
				}
				nan := r.IntN(channels)
				bias[nan] = float32(math.NaN())
				run := func(first, count int) []float32 {
					dst := random(r, channels*count+1)
					dst[len(dst)-1] = 7
					kern.stencil(&stencil{
						src: &src[first*step/4], weights: &weights[0], offsets: &offsets[0], taps: taps, bias: &bias[0],
						dst: &dst[0], count: count, srcStride: step, dstStride: 4 * channels, channels: channels, floor: 0, ceiling: 3,
					})
					if dst[len(dst)-1] != 7 {
						t.Fatal("wrote beyond the run")
					}
					return dst[:len(dst)-1]
				}
				whole := run(0, count)
				for i := range count {
					one := run(i, 1)
					for c, got := range one {
						want := float64(bias[c])
						for _, o := range offsets {
							want += float64(src[(i*step+o[0])/4+c]) * float64(weights[o[1]/4+c])
						}
						switch {
						case c == nan:
							if got == got {
								t.Fatalf("NaN became %v", got)
							}
						case got != whole[i*channels+c]:
							t.Fatalf("pixel %d of %d is %v, alone %v", i, count, whole[i*channels+c], got)
						case math.Abs(float64(got)-min(max(want, 0), 3)) > 1e-5:
							t.Fatalf("pixel %d, channel %d is %v, want %v", i, c, got, want)
						}
					}
				}
			}
		})
	}
}
