package checkpoint

import (
	"fmt"
	"math"
	"unsafe"
)

// A budget holds a reader to its promise: to allocate, over the whole of a
// load, no more than 4 times the input's size plus 1 MiB, whatever the input
// says. Readers take from it before they allocate anything whose size or
// number the input decides.
type budget struct {
	size int64 // of the input
	left int64
}

const (
	budgetFactor = 4
	budgetSlack  = 1 << 20
	// fixedCost is set aside for what every load allocates: buffers, the
	// search for a zip's directory, an error message.
	fixedCost = 192 << 10
)

func newBudget(size int64) *budget {
	left := int64(math.MaxInt64)
	if size < (math.MaxInt64-budgetSlack)/budgetFactor {
		left = budgetFactor*size + budgetSlack
	}
	return &budget{size, left - fixedCost}
}

// take books one allocation of n bytes, as the allocator will round it.
func (b *budget) take(n int) error {
	const page = 8 << 10 // what allocations over 32 KiB are rounded to
	cost := int64(n)
	if cost > 4*page {
		cost = min(cost, math.MaxInt64-page) + page
	} else {
		cost += cost/8 + 8
	}
	if n < 0 || cost > b.left {
		return fmt.Errorf("refused: reading it would take more memory than %d times the file's %d bytes", budgetFactor, b.size)
	}
	b.left -= cost
	return nil
}

// grow is append's growth, booked: it returns s with room for n more
// elements.
func grow[T any](b *budget, s []T, n int) ([]T, error) {
	if cap(s)-len(s) >= n {
		return s, nil
	}
	var zero T
	size := max(1, int(unsafe.Sizeof(zero)))
	if n > math.MaxInt/size-len(s) {
		return nil, b.take(math.MaxInt)
	}
	want := max(2*cap(s), len(s)+n, 4)
	if err := b.take(want * size); err != nil {
		return nil, err
	}
	return append(make([]T, 0, want), s...), nil
}

// alloc is the function alloc, booked.
func (b *budget) alloc(n int) ([]byte, error) {
	if err := b.take(n); err != nil {
		return nil, err
	}
	return alloc(n), nil
}
