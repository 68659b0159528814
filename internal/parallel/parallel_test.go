package parallel

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestForCoversEveryIndexOnce(t *testing.T) {
	for _, procs := range []int{1, 2, 7} {
		old := runtime.GOMAXPROCS(procs)
		for _, n := range []int{0, 1, 2, 9, 100, 1001} {
			for _, grain := range []int{-1, 0, 1, 3, 64, 5000} {
				seen := make([]int32, n)
				For(n, grain, func(lo, hi int) {
					if hi-lo > max(grain, 1) || lo%max(grain, 1) != 0 {
						t.Errorf("n=%d grain=%d: range [%d, %d)", n, grain, lo, hi)
					}
					for i := lo; i < hi; i++ {
						atomic.AddInt32(&seen[i], 1)
					}
				})
				for i, c := range seen {
					if c != 1 {
						t.Fatalf("n=%d grain=%d: index %d called %d times", n, grain, i, c)
					}
				}
			}
		}
		runtime.GOMAXPROCS(old)
	}
}

func TestForWorkerNumbersWorkers(t *testing.T) {
	busy := make([]int32, Workers(1000, 1))
	ForWorker(1000, 1, func(worker, lo, hi int) {
		if atomic.AddInt32(&busy[worker], 1) != 1 {
			t.Errorf("worker %d runs twice at once", worker)
		}
		runtime.Gosched()
		atomic.AddInt32(&busy[worker], -1)
	})
}

func TestForContextStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var calls atomic.Int64
	err := ForContext(ctx, 1_000_000, 1, func(lo, hi int) {
		calls.Add(1)
		cancel()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want context.Canceled", err)
	}
	if c := calls.Load(); c > int64(runtime.GOMAXPROCS(0)) {
		t.Errorf("%d ranges ran after the context ended", c)
	}
}

// TestManyLoops runs short loops from several goroutines at once, one in
// another, so that helpers go from loop to loop: each must cover its indices
// once, with as many workers as are said, and no helper may stay behind.
func TestManyLoops(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	before := runtime.NumGoroutine()
	var callers sync.WaitGroup
	for range 3 {
		callers.Go(func() {
			for round := range 500 {
				var sum, inner atomic.Int64
				ForWorker(7, 2, func(worker, lo, hi int) {
					if worker >= Workers(7, 2) {
						t.Errorf("worker %d of %d", worker, Workers(7, 2))
					}
					for i := lo; i < hi; i++ {
						sum.Add(int64(i))
					}
					if round%10 == 0 {
						For(5, 1, func(lo, hi int) { inner.Add(int64(hi - lo)) })
					}
				})
				if sum.Load() != 21 || round%10 == 0 && inner.Load() != 4*5 {
					t.Errorf("sum %d, inner calls %d", sum.Load(), inner.Load())
				}
			}
		})
	}
	callers.Wait()
	n := runtime.NumGoroutine()
	for try := 0; n > before && try < 10_000; try++ { // until they have lost patience
		time.Sleep(time.Millisecond)
		n = runtime.NumGoroutine()
	}
	if n > before {
		t.Errorf("%d goroutines, %d before", n, before)
	}
}
