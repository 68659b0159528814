// Package budget holds the readers of untrusted files to one promise: to
// allocate, over the whole of a read, no more than 4 times the input's size
// plus 1 MiB, whatever the input says.
package budget

import (
	"errors"
	"fmt"
	"math"
	"unsafe"
)

const (
	factor = 4
	slack  = 1 << 20
	// fixed is set aside for what every read allocates: buffers, the search
	// for a zip's directory, an error message.
	fixed = 256 << 10
)

// ErrSpent is wrapped by the errors of a budget that does not suffice.
var ErrSpent = errors.New("refused: it would take more memory")

// A Budget counts down the memory that a reader may still allocate. The
// reader takes from it before it allocates anything whose size or number the
// input decides. It is for one goroutine.
type Budget struct {
	bound string // for people
	left  int64
}

// New returns the budget for an input of size bytes.
func New(size int64) *Budget {
	left := int64(math.MaxInt64)
	if size < (math.MaxInt64-slack)/factor {
		left = factor*size + slack
	}
	return &Budget{fmt.Sprintf("%d times the file's %d bytes", factor, size), left - fixed}
}

// NewMax returns a budget of max bytes, but of 1 MiB at least, whatever the
// size of the input.
func NewMax(max int64) *Budget {
	if max < slack {
		max = slack
	}
	return &Budget{fmt.Sprintf("the %d bytes allowed", max), max - fixed}
}

// Left returns the bytes that can still be taken.
func (b *Budget) Left() int64 { return b.left }

// Take books one allocation of n bytes, rounded up as the allocator may. It
// is an error when that is more than is left, or n is negative.
func (b *Budget) Take(n int) error {
	const page = 8 << 10 // what allocations over 32 KiB are rounded to
	cost := int64(n)
	switch {
	case cost > 4*page:
		cost = min(cost, math.MaxInt64-page) + page
	case cost > 256: // sizes of which the coarsest step is 4096 to 4864
		cost += cost/5 + 8
	case cost > 16 && cost <= 24: // a size of its own
		cost = 24
	default:
		cost = (cost + 15) &^ 15
	}
	if n < 0 || cost > b.left {
		return fmt.Errorf("%w than %s", ErrSpent, b.bound)
	}
	b.left -= cost
	return nil
}

// Grow is append's growth, booked: it returns s with room for n more
// elements.
func Grow[T any](b *Budget, s []T, n int) ([]T, error) {
	if cap(s)-len(s) >= n {
		return s, nil
	}
	var zero T
	size := max(1, int(unsafe.Sizeof(zero)))
	if n > math.MaxInt/2/size-cap(s) {
		return s, b.Take(math.MaxInt)
	}
	want := max(2*cap(s), len(s)+n)
	if err := b.Take(want * size); err != nil {
		return s, err
	}
	return append(make([]T, 0, want), s...), nil
}
