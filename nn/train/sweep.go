package train

import (
	"fmt"
	"math"

	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/nn"
)

const maxFloat32 = math.MaxFloat32

// block is how many elements a goroutine takes at a time: some ten microseconds, next to
// which handing them out is little, and small enough to share a single large tensor.
const block = 1 << 14

// A span is elements [lo, hi) of a tensor.
type span struct{ tensor, lo, hi int }

// A visitor works on the spans of a sweep, several at a time.
type visitor interface{ visit(n int, s span) }

// A sweep is one pass over the elements of many tensors, cut into spans that depend on
// their sizes alone. A second pass takes no memory.
type sweep struct {
	spans   []span
	visitor visitor
	work    func(worker, lo, hi int)
}

func (w *sweep) reset() { w.spans = w.spans[:0] }

// add cuts a tensor of n elements into spans.
func (w *sweep) add(tensor, n int) {
	for lo := 0; lo < n; lo += block {
		w.spans = append(w.spans, span{tensor, lo, min(lo+block, n)})
	}
}

// run visits each span once.
func (w *sweep) run(v visitor) {
	if w.work == nil {
		w.work = func(_, lo, hi int) {
			for n := lo; n < hi; n++ {
				w.visitor.visit(n, w.spans[n])
			}
		}
	}
	w.visitor = v
	parallel.ForWorker(len(w.spans), 1, w.work)
	w.visitor = nil
}

// check returns an error unless the parameter has a name and elements that fill its shape.
func check(p nn.Parameter) error {
	if p.Value == nil {
		return fmt.Errorf("train: parameter %q has no tensor", p.Name)
	}
	n := 1
	for _, d := range p.Value.Shape {
		if d < 0 || d > 0 && n > math.MaxInt/d {
			return fmt.Errorf("train: parameter %q has shape %v", p.Name, p.Value.Shape)
		}
		n *= d
	}
	if n != len(p.Value.Data) {
		return fmt.Errorf("train: parameter %q has %d elements, which do not fill shape %v", p.Name, len(p.Value.Data), p.Value.Shape)
	}
	return nil
}
