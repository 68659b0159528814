package budget

import (
	"math"
	"runtime"
	"testing"
)

func TestTakeEndsBeforeThePromise(t *testing.T) {
	for _, size := range []int64{0, 1, 1000, 1 << 30} {
		for _, n := range []int{0, 1, 100, 40_000, 1 << 20} {
			b := New(size)
			var total int64
			for range 1 << 20 {
				if b.Take(n) != nil {
					break
				}
				total += int64(n)
			}
			if limit := 4*size + 1<<20; total > limit {
				t.Errorf("size %d: %d taken by pieces of %d, the limit is %d", size, total, n, limit)
			}
		}
	}
}

func TestTakeRefuses(t *testing.T) {
	b := New(100)
	left := b.Left()
	for _, n := range []int{-1, math.MinInt, math.MaxInt, 2 << 20} {
		if b.Take(n) == nil {
			t.Errorf("Take(%d) is no error", n)
		}
	}
	if b.Left() != left {
		t.Errorf("a refused Take left %d of %d", b.Left(), left)
	}
	if New(math.MaxInt64).Take(math.MaxInt/2) != nil {
		t.Error("a huge input has no budget")
	}
}

// The booked cost must cover what the allocator really hands out.
func TestTakeCoversTheAllocator(t *testing.T) {
	var keep []byte
	for _, n := range []int{1, 9, 17, 100, 513, 1025, 1281, 2049, 3073, 4097, 4865, 6145, 8193, 9473, 19073, 27265, 32768, 32769, 40961, 1<<20 + 1} {
		times := 1 + 1<<20/n
		// Other goroutines of the process allocate as well, so what seems too
		// much is measured again.
		for try := 1; ; try++ {
			b := New(1 << 40)
			before := b.Left()
			var m0, m1 runtime.MemStats
			runtime.ReadMemStats(&m0)
			for range times {
				keep = make([]byte, n)
			}
			runtime.ReadMemStats(&m1)
			for range times {
				if err := b.Take(n); err != nil {
					t.Fatal(err)
				}
			}
			got, booked := int64(m1.TotalAlloc-m0.TotalAlloc), before-b.Left()
			if got <= booked+8192 { // what the runtime allocates beside
				break
			}
			if try == 4 {
				t.Errorf("%d allocations of %d took %d bytes, booked %d", times, n, got, booked)
				break
			}
		}
	}
	runtime.KeepAlive(keep)
}

func TestGrow(t *testing.T) {
	b := New(0)
	var s []int64
	var err error
	for err == nil {
		if s, err = Grow(b, s, 1); err == nil {
			s = append(s, int64(len(s)))
		}
	}
	if len(s) < 10_000 || len(s) > 1<<20/8 {
		t.Errorf("grew to %d elements", len(s))
	}
	for i, x := range s {
		if int(x) != i {
			t.Fatalf("element %d is %d", i, x)
		}
	}
	if _, err := Grow(b, s, math.MaxInt); err == nil {
		t.Error("growth by MaxInt is no error")
	}
	if _, err := Grow(New(0), []struct{}{}, 5); err != nil {
		t.Errorf("elements of no size: %v", err)
	}
}
