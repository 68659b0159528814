package transforms

import (
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

func init() {
	beam.RegisterType(reflect.TypeFor[Confusion]())
	beam.RegisterType(reflect.TypeFor[confusionFn]())
}

// Confusion says how often what was taken for what.
type Confusion struct {
	Images   int64   // all points
	Labelled int64   // those with a label and a prediction
	Correct  int64   // of these
	Classes  int     // more than the largest label and prediction
	Counts   []int64 // Classes x Classes: a row for each label, a column for each prediction
}

// Accuracy counts right predictions and confusions: a PCollection<Confusion> of one element.
// Points without a label, or from a network without classes, are not in its counts.
// Counting is exact, in any order.
func Accuracy(s beam.Scope, points beam.PCollection) beam.PCollection {
	return beam.Combine(s.Scope("glimpse.Accuracy"), &confusionFn{}, points)
}

type confusionFn struct{}

// CreateAccumulator is of no points.
func (*confusionFn) CreateAccumulator() Confusion { return Confusion{} }

// maxClasses bounds the matrix: labels beyond are counted as wrong, and not in it.
const maxClasses = 1 << 12

// AddInput counts a point.
func (*confusionFn) AddInput(c Confusion, p Point) Confusion {
	c.Images++
	if p.Label < 0 || p.Predicted < 0 {
		return c
	}
	c.Labelled++
	if p.Label == p.Predicted {
		c.Correct++
	}
	if largest := max(p.Label, p.Predicted); largest < maxClasses {
		c.grow(max(largest+1, len(p.Logits)))
		c.Counts[p.Label*c.Classes+p.Predicted]++
	}
	return c
}

// MergeAccumulators adds up.
func (*confusionFn) MergeAccumulators(a, b Confusion) Confusion {
	a.Images += b.Images
	a.Labelled += b.Labelled
	a.Correct += b.Correct
	a.grow(b.Classes)
	for i, n := range b.Counts {
		a.Counts[i/b.Classes*a.Classes+i%b.Classes] += n
	}
	return a
}

// grow makes room for so many classes, up to maxClasses.
func (c *Confusion) grow(classes int) {
	classes = min(classes, maxClasses)
	if classes <= c.Classes {
		return
	}
	counts := make([]int64, classes*classes)
	for i := range c.Classes {
		copy(counts[i*classes:], c.Counts[i*c.Classes:(i+1)*c.Classes])
	}
	c.Classes, c.Counts = classes, counts
}
