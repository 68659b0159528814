package train_test

import (
	"context"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/countdown"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/near"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/train"
)

// digits are scikit-learn's handwritten digits below a limit, 64 pixels each.
func digits(t testing.TB, below int) (*nn.Tensor, []int) {
	f := golden.Open(t, "digits")
	pixels := f.Bytes("data")
	x, labels := zeros(0, 64), []int(nil)
	for i, label := range f.Bytes("target") {
		if int(label) < below {
			labels = append(labels, int(label))
			for _, v := range pixels[i*64 : (i+1)*64] {
				x.Data = append(x.Data, float32(v))
			}
		}
	}
	x.Shape[0] = len(labels)
	return x, labels
}

// noise are features of very different scales that tell little of the labels.
func noise() (*nn.Tensor, []int) {
	x, labels := uniform("noise", 1, 200, 5), make([]int, 200)
	for i, v := range x.Data {
		scale := []float64{1, 100, 0.01, 1, 1}[i%5]
		offset := []float64{0, 1000, 0, 3, 0}[i%5]
		x.Data[i] = float32(float64(v)*scale + offset)
	}
	for i := range labels {
		labels[i] = i * 5 % 7 % 3
	}
	return x, labels
}

// rowsOf are weights and biases in float64.
func rowsOf(l *nn.Linear) []float64 { return append(wide(l.Weight.Data), wide(l.Bias)...) }

// TestProbe holds the layer to scikit-learn's, PROBES of the export script: the loss, and
// weights and biases as one vector. The metadata tell how far scikit-learn's two solvers
// are from each other; newton-cholesky is the nearer to the optimum.
func TestProbe(t *testing.T) {
	f := golden.Open(t, "train")
	all, allLabels := digits(t, 10)
	few, fewLabels := digits(t, 2)
	none, noneLabels := noise()
	for _, c := range []struct {
		name    string
		x       *nn.Tensor
		labels  []int
		classes int
		opt     train.ProbeOptions
		lbfgs   float64 // how far scikit-learn's L-BFGS is from the optimum
	}{
		{"digits", all, allLabels, 10, train.ProbeOptions{C: 1e-2}, 1.2e-4},
		{"digits standardised", all, allLabels, 10, train.ProbeOptions{Standardise: true}, 1e-5},
		{"digits strong", all, allLabels, 10, train.ProbeOptions{C: 1e-4, Standardise: true}, 1e-5},
		{"binary", few, fewLabels, 2, train.ProbeOptions{C: 1e-2}, 2e-6}, // half of scikit-learn's C
		{"noise", none, noneLabels, 3, train.ProbeOptions{C: math.Inf(1)}, 3e-3},
	} {
		t.Run(c.name, func(t *testing.T) {
			key := "probe/" + c.name + "/"
			t.Log("scikit-learn's ", f.Metadata("probe/"+c.name))
			_, standard, err := train.Probe(t.Context(), c.x, c.labels, c.classes, c.opt)
			if err != nil {
				t.Fatal(err)
			}
			c.opt.Tolerance = 1e-10
			l, best, err := train.Probe(t.Context(), c.x, c.labels, c.classes, c.opt)
			if err != nil {
				t.Fatal(err)
			}
			if !standard.Converged || !best.Converged {
				t.Errorf("%+v and %+v", standard, best)
			}
			t.Logf("%d and %d iterations, %d and %d passes", standard.Iterations, best.Iterations, standard.Evaluations, best.Evaluations)
			want := f.Float64(key + "loss")[0]
			near.AtMost(t, "loss by the default tolerance", math.Abs(standard.Loss/want-1), 1e-6)
			near.AtMost(t, "loss", math.Abs(best.Loss/want-1), 1e-10)
			got := rowsOf(l)
			if c.classes == 2 { // scikit-learn has the difference of the rows
				d := len(got)/2 - 1
				for i := range d {
					got[i] = got[d+i] - got[i]
				}
				got = append(got[:d], got[2*d+1]-got[2*d])
			}
			newton := append(f.Float64(key+"newton-cholesky/weight"), f.Float64(key+"newton-cholesky/bias")...)
			lbfgs := append(f.Float64(key+"lbfgs/weight"), f.Float64(key+"lbfgs/bias")...)
			near.AtMost(t, "weights", near.Norm(t, got, newton), 2e-7)
			near.AtMost(t, "weights by scikit-learn's L-BFGS", near.Norm(t, got, lbfgs), c.lbfgs)
		})
	}
}

// The report's loss and gradient are those of plain loops over the layer that comes back,
// in float64, and their derivative is 0: no direction is better.
func TestProbeOptimum(t *testing.T) {
	x, labels := noise()
	const n, d, classes, c = 200, 5, 3, 0.3
	loss := func(w []float64) float64 {
		sum := 0.0
		for s := range n {
			total, right := 0.0, 0.0
			for k := range classes {
				z := w[classes*d+k]
				for i := range d {
					z += w[k*d+i] * float64(x.Data[s*d+i])
				}
				total += math.Exp(z)
				if k == labels[s] {
					right = z
				}
			}
			sum += math.Log(total) - right
		}
		for _, v := range w[:classes*d] {
			sum += v * v / (2 * c)
		}
		return sum / n
	}
	l, report, err := train.Probe(t.Context(), x, labels, classes, train.ProbeOptions{C: c, Tolerance: 1e-10})
	if err != nil || !report.Converged {
		t.Fatalf("%+v, error %v", report, err)
	}
	w := rowsOf(l)
	best := loss(w)
	near.AtMost(t, "loss", math.Abs(report.Loss-best), 1e-12)
	for i := range w {
		for _, step := range []float64{-1e-3, 1e-3} {
			v := slices.Clone(w)
			v[i] += step * (1 + math.Abs(v[i]))
			if there := loss(v); !(there > best) {
				t.Errorf("weight %d: %g further the loss is %g, and %g at the optimum", i, step, there, best)
			}
		}
	}
}

// A scaled and shifted feature changes nothing when features are standardised, and the
// layer's predictions do not when they are not but for the penalty.
func TestProbeStandardise(t *testing.T) {
	x, labels := noise()
	moved := &nn.Tensor{Shape: x.Shape, Data: slices.Clone(x.Data)}
	for i := range moved.Data {
		if i%5 == 0 {
			moved.Data[i] = moved.Data[i]*64 + 512
		}
	}
	opt := train.ProbeOptions{Standardise: true, Tolerance: 1e-10}
	a, first, err := train.Probe(t.Context(), x, labels, 3, opt)
	if err != nil {
		t.Fatal(err)
	}
	b, second, err := train.Probe(t.Context(), moved, labels, 3, opt)
	if err != nil {
		t.Fatal(err)
	}
	near.AtMost(t, "loss", math.Abs(first.Loss-second.Loss), 1e-7)
	ya, _ := a.Forward(t.Context(), x)
	yb, _ := b.Forward(t.Context(), moved)
	near.AtMost(t, "logits", golden.MaxAbsDiff(t, ya.Data, yb.Data), 2e-4)
}

// Features that are constant, and a class without a sample, do no harm.
func TestProbeConstant(t *testing.T) {
	x, labels := noise()
	for i := range x.Data {
		if i%5 < 2 {
			x.Data[i] = 0.1 * float32(i%5*30)
		}
	}
	for _, opt := range []train.ProbeOptions{{}, {Standardise: true}, {C: math.Inf(1)}, {C: math.Inf(1), Standardise: true}} {
		l, report, err := train.Probe(t.Context(), x, labels, 5, opt)
		if err != nil || !report.Converged {
			t.Fatalf("%+v: %+v, error %v", opt, report, err)
		}
		for k := range 5 {
			if w := l.Weight.Data[k*5 : k*5+2]; !(math.Abs(float64(w[0]))+math.Abs(float64(w[1])) <= 1e-4) {
				t.Errorf("%+v: class %d has weights %g for constant features", opt, k, w)
			}
		}
		if b := l.Bias; !(b[3] < b[0]-3 && b[4] < b[1]-3) {
			t.Errorf("%+v: biases %g", opt, b)
		}
	}
}

// What can be told apart wholly has no optimum without a penalty: the iterations end it.
func TestProbeEnds(t *testing.T) {
	x, labels := digits(t, 3)
	var seen []float64
	opt := train.ProbeOptions{C: math.Inf(1), Tolerance: 1e-300, Iterations: 25, Progress: func(i int, loss float64) {
		if seen = append(seen, loss); i != len(seen) {
			t.Errorf("iteration %d after %d", i, len(seen)-1)
		}
	}}
	l, report, err := train.Probe(t.Context(), x, labels, 3, opt)
	if err != nil || report.Converged || report.Iterations != 25 || len(seen) != 25 || seen[24] != report.Loss || report.Evaluations < 26 {
		t.Fatalf("%+v, error %v, %d looks", report, err, len(seen))
	}
	if !slices.IsSortedFunc(seen, func(a, b float64) int { return int(math.Copysign(1, b-a)) }) {
		t.Errorf("the loss rises: %g", seen)
	}
	y, err := l.Forward(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	for i, label := range labels {
		if nn.Argmax(y.Data[i*3:(i+1)*3]) != label {
			t.Errorf("sample %d is not told", i)
		}
	}
	// Nothing to find ends at once, and what float64 cannot find ends too.
	_, report, err = train.Probe(t.Context(), zeros(4, 2), []int{0, 1, 0, 1}, 2, train.ProbeOptions{})
	if err != nil || !report.Converged || report.Iterations != 0 || report.Evaluations != 1 || !(math.Abs(report.Loss-math.Ln2) <= 1e-15) {
		t.Errorf("%+v, error %v", report, err)
	}
	few, fewLabels := noise()
	_, report, err = train.Probe(t.Context(), few, fewLabels, 3, train.ProbeOptions{Tolerance: 1e-300})
	if err != nil || report.Converged || report.Iterations >= 1000 || report.Gradient > 1e-13 {
		t.Errorf("%+v, error %v", report, err)
	}
}

func TestProbeStops(t *testing.T) {
	x, labels := digits(t, 10)
	for _, opt := range []train.ProbeOptions{{Iterations: 5}, {Iterations: 5, Standardise: true}} {
		countdown.Stops(t, "probe", 20, 1, func(ctx context.Context) error {
			_, _, err := train.Probe(ctx, x, labels, 10, opt)
			return err
		})
	}
}

func TestProbeErrors(t *testing.T) {
	nan := math.NaN()
	x, labels := noise()
	with := func(v float64) *nn.Tensor {
		bad := &nn.Tensor{Shape: x.Shape, Data: slices.Clone(x.Data)}
		bad.Data[77] = float32(v)
		return bad
	}
	for name, c := range map[string]struct {
		x       *nn.Tensor
		labels  []int
		classes int
		opt     train.ProbeOptions
	}{
		"no features":      {nil, labels, 3, train.ProbeOptions{}},
		"maps":             {zeros(200, 5, 1), labels, 3, train.ProbeOptions{}},
		"empty":            {zeros(0, 5), nil, 3, train.ProbeOptions{}},
		"no columns":       {zeros(200, 0), labels, 3, train.ProbeOptions{}},
		"few labels":       {x, labels[:199], 3, train.ProbeOptions{}},
		"label too large":  {x, labels, 2, train.ProbeOptions{}},
		"negative label":   {x, slices.Repeat([]int{-1}, 200), 3, train.ProbeOptions{}},
		"one class":        {x, make([]int, 200), 1, train.ProbeOptions{}},
		"no classes":       {x, labels, -3, train.ProbeOptions{}},
		"too many classes": {x, labels, 1 << (strconv.IntSize - 24), train.ProbeOptions{}},
		"NaN":              {with(nan), labels, 3, train.ProbeOptions{}},
		"infinity":         {with(math.Inf(-1)), labels, 3, train.ProbeOptions{}},
		"C -1":             {x, labels, 3, train.ProbeOptions{C: -1}},
		"C NaN":            {x, labels, 3, train.ProbeOptions{C: nan}},
		"iterations -1":    {x, labels, 3, train.ProbeOptions{Iterations: -1}},
		"tolerance -1":     {x, labels, 3, train.ProbeOptions{Tolerance: -1}},
		"tolerance NaN":    {x, labels, 3, train.ProbeOptions{Tolerance: nan}},
	} {
		if l, _, err := train.Probe(t.Context(), c.x, c.labels, c.classes, c.opt); err == nil || l != nil {
			t.Errorf("%s: no error", name)
		}
	}
	// The largest features there are, and the smallest.
	for _, v := range []float64{math.MaxFloat32, math.SmallestNonzeroFloat32} {
		for _, opt := range []train.ProbeOptions{{}, {Standardise: true}, {C: math.Inf(1)}, {C: 1e-300}, {C: 1e300}} {
			if _, report, err := train.Probe(t.Context(), with(v), labels, 3, opt); err != nil || !(report.Loss > 0 && report.Loss < 1.2) {
				t.Errorf("a feature of %g, %+v: %+v, error %v", v, opt, report, err)
			}
		}
	}
}

// BenchmarkProbe runs ten iterations over as many features as CIFAR-10 has of ResNet18.
func BenchmarkProbe(b *testing.B) {
	const n, d, classes = 50_000, 512, 10
	x, labels := uniform("benchmark", 1, n, d), make([]int, n)
	for i := range labels {
		labels[i] = i % classes
	}
	for b.Loop() {
		_, report, err := train.Probe(b.Context(), x, labels, classes, train.ProbeOptions{Iterations: 10, Tolerance: 1e-300})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(report.Evaluations), "passes")
	}
}
