package parallel

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
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
