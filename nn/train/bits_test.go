package train_test

import (
	"hash/fnv"
	"math"
	"runtime"
	"testing"

	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/train"
)

// Everything has the same bits on any number of cores.
func TestSameBits(t *testing.T) {
	x, labels := digits(t, 10)
	sum := func() uint64 {
		h := fnv.New64a()
		write := func(values ...float64) {
			for _, v := range values {
				bits := math.Float64bits(v)
				for i := range 8 {
					h.Write([]byte{byte(bits >> (8 * i))})
				}
			}
		}
		fatal := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		d, again := zeros(x.Shape...), zeros(x.Shape...)
		v, err := train.CrossEntropy(labels, 0.1)(x, d)
		fatal(err)
		write(v)
		write(wide(d.Data)...)
		v, err = train.SoftCrossEntropy(x, 0.1)(d, again)
		fatal(err)
		write(v)
		write(wide(again.Data)...)
		for _, o := range []train.Optimizer{&train.SGD{Momentum: 0.9, WeightDecay: 0.1}, &train.AdamW{}} {
			list := []nn.Parameter{
				{Name: "a", Value: uniform("a", 1, 40, 1001), Gradient: uniform("b", 1, 40*1001).Data},
				{Name: "c", Value: uniform("c", 1, 333), Gradient: uniform("d", 1, 333).Data},
			}
			var a train.Average
			for range 3 {
				write(train.ClipNorm(list, 0.1))
				fatal(o.Step(list, 0.1))
				fatal(a.Update(list))
			}
			for _, p := range append(append(list, o.State()...), a.State()...) {
				write(wide(p.Value.Data)...)
			}
		}
		for _, opt := range []train.ProbeOptions{{Iterations: 20}, {Iterations: 20, Standardise: true}} {
			l, report, err := train.Probe(t.Context(), x, labels, 10, opt)
			fatal(err)
			write(report.Loss, report.Gradient)
			write(rowsOf(l)...)
		}
		return h.Sum64()
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	want := sum()
	for _, procs := range []int{2, 4, 8} {
		if runtime.GOMAXPROCS(procs); sum() != want {
			t.Errorf("other bits on %d cores than on one", procs)
		}
	}
}
