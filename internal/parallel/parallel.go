// Package parallel splits loops over goroutines.
//
// Every function here hands out *outputs*: the caller writes each index from
// exactly one call, so a result never depends on how many goroutines ran or in
// which order the ranges were taken.
package parallel

import (
	"context"
	"runtime"
	"sync/atomic"
)

// For calls f on consecutive ranges [lo, hi) that cover [0, n) exactly once,
// each at most grain long, over at most GOMAXPROCS goroutines. The boundaries
// depend on n and grain alone, never on the number of goroutines. It returns
// when every call has returned. A grain below 1 is taken as 1.
func For(n, grain int, f func(lo, hi int)) {
	ForWorker(n, grain, func(_, lo, hi int) { f(lo, hi) })
}

// ForContext is For that stops handing out ranges once ctx is done, and then
// returns ctx.Err(). Ranges that have begun are finished.
func ForContext(ctx context.Context, n, grain int, f func(lo, hi int)) error {
	var ended atomic.Bool // one look that finds it ended is enough
	ForWorker(n, grain, func(_, lo, hi int) {
		switch {
		case ended.Load():
		case ctx.Err() != nil:
			ended.Store(true)
		default:
			f(lo, hi)
		}
	})
	return ctx.Err()
}

// ForWorker is For that also tells f which worker calls it, in
// [0, Workers(n, grain)), so that each worker can own scratch memory.
func ForWorker(n, grain int, f func(worker, lo, hi int)) {
	grain = max(grain, 1)
	helpers := min(Workers(n, grain)-1, runtime.GOMAXPROCS(0)-int(max(working.Load(), 1)))
	if helpers <= 0 {
		for lo := 0; lo < n; lo += grain {
			f(0, lo, min(lo+grain, n))
		}
		return
	}
	l := &loop{n: n, grain: grain, f: f}
	l.help(helpers)
	l.work(0)
	l.wait()
}

// Workers returns the largest number of goroutines that For and ForWorker use for the
// same n and grain.
func Workers(n, grain int) int {
	grain = max(grain, 1)
	return max(1, min(runtime.GOMAXPROCS(0), (n+grain-1)/grain))
}
