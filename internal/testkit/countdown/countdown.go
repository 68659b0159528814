// Package countdown measures, without a clock, how soon work stops when its
// context ends: by how often the work looks at the context.
package countdown

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"testing"
)

// Context ends when its Err has been asked for a number of times. Its Done
// channel closes then, too; looks at that are not counted.
type Context struct {
	context.Context
	looks atomic.Int64
	end   int64
	once  sync.Once
	done  chan struct{}
}

// New returns a context that answers nil so many times.
func New(parent context.Context, looks int) *Context {
	return &Context{Context: parent, end: int64(looks), done: make(chan struct{})}
}

// Err is context.Canceled once the count is down.
func (c *Context) Err() error {
	if c.looks.Add(1) <= c.end {
		return nil
	}
	c.once.Do(func() { close(c.done) })
	return context.Canceled
}

// Done is closed when the count is down.
func (c *Context) Done() <-chan struct{} { return c.done }

// Looks returns how often Err was asked for.
func (c *Context) Looks() int { return int(c.looks.Load()) }

// Stops runs f under contexts that end at the first look, at the last, and at
// up to points looks between, and fails the test unless f each time returns
// an error that is the context's after at most late looks more. It returns how
// many looks the whole of f takes.
func Stops(t testing.TB, what string, points, late int, f func(context.Context) error) int {
	t.Helper()
	whole := New(t.Context(), math.MaxInt)
	if err := f(whole); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	total := whole.Looks()
	if total == 0 {
		t.Errorf("%s: never looks at its context", what)
	}
	step := max(1, total/max(points, 1))
	for n := 0; n < total; n += step {
		ctx := New(t.Context(), n)
		err := f(ctx)
		after := ctx.Looks() - n - 1
		// The number of looks may depend on how the goroutines took turns.
		if err == nil && after < 0 {
			continue
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: ended at look %d of %d: error %v", what, n, total, err)
		}
		if after > late {
			t.Errorf("%s: ended at look %d of %d: looked %d more times", what, n, total, after)
		}
	}
	return total
}
