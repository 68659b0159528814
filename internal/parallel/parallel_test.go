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

// TestNestedLoops runs loops in loops: no more goroutines may be at work than GOMAXPROCS, and
// when the outer ones run out, the inner ones get them.
func TestNestedLoops(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	var now, most atomic.Int64
	For(4, 1, func(outer, _ int) {
		for range 50 {
			For(8, 1, func(_, _ int) {
				if n := now.Add(1); n > most.Load() {
					most.Store(n)
				}
				time.Sleep(10 * time.Microsecond)
				now.Add(-1)
			})
		}
	})
	if most.Load() > 2*4 { // where loops end and begin, one may count those of the other late
		t.Errorf("%d ranges at once on 4 processors", most.Load())
	}
	var met atomic.Int64 // ranges that wait for one another
	For(4, 1, func(_, _ int) {
		met.Add(1)
		for end := time.Now().Add(10 * time.Second); met.Load() < 4; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Errorf("%d of 4 processors have a range", met.Load())
				met.Store(4)
			}
		}
	})
	var workers atomic.Int64
	For(2, 1, func(outer, _ int) {
		if outer == 0 {
			return
		}
		time.Sleep(time.Millisecond)
		ForWorker(8, 1, func(worker, _, _ int) {
			workers.Store(max(workers.Load(), int64(worker)))
			time.Sleep(time.Millisecond)
		})
	})
	if workers.Load() == 0 {
		t.Error("the last of the outer ranges had no helper")
	}
	if n := working.Load(); n != 0 {
		t.Errorf("%d goroutines are counted as working when there is no loop", n)
	}
}
