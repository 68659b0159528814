package promise

import (
	"runtime"
	"testing"
)

// recorder is a test that notes its failure.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Fatalf(string, ...any) { r.failed = true }

func TestKeep(t *testing.T) {
	var keep []byte
	for _, c := range []struct {
		size   int
		beside uint64
		take   int
		fails  bool
	}{
		{0, 0, 1 << 20 / 2, false},
		{0, 0, 1<<20 + 1, true},
		{1 << 20, 0, 5 << 20, false},
		{1 << 20, 0, 5<<20 + 1, true},
		{0, 1 << 20, 2 << 20, false},
		{0, 1 << 20, 2<<20 + 1, true},
	} {
		r := &recorder{TB: t}
		runs := 0
		Keep(r, c.size, c.beside, func() {
			keep = make([]byte, c.take)
			runs++
		})
		if r.failed != c.fails || runs > 4 || c.fails && runs != 4 {
			t.Errorf("%+v: failed %t after %d runs", c, r.failed, runs)
		}
	}
	runtime.KeepAlive(keep)
	// A single excess is another goroutine's.
	first := true
	Keep(t, 0, 0, func() {
		if first {
			keep = make([]byte, 4<<20)
		}
		first = false
	})
}
