package fft

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

func TestFFTSize(t *testing.T) {
	for n := 1; n < 3000; n++ {
		want := n
		for ; ; want++ {
			rest := want
			for rest%2 == 0 {
				rest /= 2
			}
			for rest%3 == 0 {
				rest /= 3
			}
			if rest == 1 {
				break
			}
		}
		if got := lengthFor(n); got != want {
			t.Fatalf("lengthFor(%d) is %d, want %d", n, got, want)
		}
	}
}

// withKernels runs f with each kernel that this machine has.
func withKernels(t *testing.T, f func(t *testing.T)) {
	old := chosen
	defer func() { chosen = old }()
	for _, k := range append(machineKernels(), portable) {
		chosen = k
		t.Run(k.name, f)
	}
}

// Every length against the sum that defines the transform, in every kernel.
func TestFFTAgainstDefinition(t *testing.T) {
	withKernels(t, func(t *testing.T) {
		for _, n := range []int{1, 2, 3, 4, 6, 8, 9, 12, 16, 24, 27, 54, 96, 108, 128, 162, 256, 288} {
			var x []float64
			for _, v := range golden.Uniform(fmt.Sprint("tsne.fft.", n), n*elementLen, 1) {
				x = append(x, float64(v))
			}
			want := make([]float64, len(x))
			for k := range n {
				for j := range n {
					sin, cos := math.Sincos(-2 * math.Pi * float64(j*k%n) / float64(n))
					for l := range lanes {
						re, im := times(x[j*elementLen+l], x[j*elementLen+lanes+l], cos, sin)
						want[k*elementLen+l] += re
						want[k*elementLen+lanes+l] += im
					}
				}
			}
			scratch := make([]float64, len(x))
			got := newDFT(n).transform(x, scratch)
			if d := golden.Relative(t, got, want); d > 1e-14*float64(n) {
				t.Errorf("length %d: off by %g of the largest", n, d)
			}
		}
	})
}

// The kernels against the portable passes, at every shape of a pass.
func TestFFTKernelsAgreeWithPortable(t *testing.T) {
	for _, kernel := range machineKernels() {
		for _, radix := range []int{2, 3, 4} {
			for _, m := range []int{1, 2, 5} {
				for _, stride := range []int{1, 3, 4} {
					n := radix * m * stride
					pass := stage{radix: radix, m: m, stride: stride}
					var src []float64
					for _, v := range golden.Uniform(fmt.Sprint("tsne.pass.", n), n*elementLen, 1) {
						src = append(src, float64(v))
					}
					for _, v := range golden.Uniform(fmt.Sprint("tsne.twiddles.", n), 2*m*(radix-1), 1) {
						pass.twiddles = append(pass.twiddles, float64(v))
					}
					// A number past the end must stay.
					want, got := make([]float64, len(src)+1), make([]float64, len(src)+1)
					want[len(src)], got[len(src)] = 7, 7
					portable.pass(want, src, &pass)
					kernel.pass(got, src, &pass)
					if d := golden.MaxAbsDiff(t, got, want); d > 1e-14 {
						t.Errorf("%s, radix %d, m %d, stride %d: off by %g", kernel.name, radix, m, stride, d)
					}
				}
			}
		}
	}
}

// Every kernel's transposed sum by its definition, with steps either way.
func TestFFTTurn(t *testing.T) {
	a, b := make([]float64, 400), make([]float64, 400)
	for i := range a {
		a[i], b[i] = float64(i), float64(i*i)
	}
	withKernels(t, func(t *testing.T) {
		for _, sign := range []float64{1, -1} {
			for _, step := range []int{9, -9} {
				// The other slices go the other way.
				dst, at, other := make([]float64, 400), 180-10*step, 180+10*step
				chosen.turn8(dst, at, step, a, other, -step, b, at, step, sign)
				written := 0
				for i := range lanes {
					for j := range lanes {
						want := a[other-j*step+i] + sign*b[at+j*step+i]
						if got := dst[at+i*step+j]; got != want {
							t.Fatalf("sign %v, step %d: element %d, %d is %v, want %v", sign, step, i, j, got, want)
						}
					}
				}
				for _, v := range dst {
					if v != 0 {
						written++
					}
				}
				if written > lanes*lanes {
					t.Errorf("sign %v, step %d: %d elements were written", sign, step, written)
				}
			}
		}
	})
}

// The constant must be the nearest number to sqrt(3)/2.
func TestSine60(t *testing.T) {
	three := new(big.Float).SetPrec(200).SetInt64(3)
	want, _ := three.Sqrt(three).Quo(three, big.NewFloat(2)).Float64()
	if sine60 != want {
		t.Errorf("%v, want %v", sine60, want)
	}
}

func BenchmarkFFT(b *testing.B) {
	for _, n := range []int{108, 576, 1024, 1944, 4096} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			plan := newDFT(n)
			x, scratch := make([]float64, n*elementLen), make([]float64, n*elementLen)
			for b.Loop() {
				plan.transform(x, scratch)
			}
			flops := 5 * float64(n) * math.Log2(float64(n)) * lanes
			b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}
