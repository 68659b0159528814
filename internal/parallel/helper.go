package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// patience is how long a helper that is out of work, and a caller whose helpers
// are not done yet, look for it before they give their thread back. It is about
// what waking a thread takes: a network is a sequence of some fifty short loops,
// and would otherwise wait for most of them to begin and to end.
const patience = 100 * time.Microsecond

// working is how many goroutines are at work on loops. A loop gets no more helpers than make
// that GOMAXPROCS: one in another, or beside another, would only wait for its turn.
var working atomic.Int64

// A loop is one call of ForWorker.
type loop struct {
	n, grain int
	f        func(worker, lo, hi int)
	next     atomic.Int64 // ranges handed out
	joined   atomic.Int64 // workers, but for the caller
	left     atomic.Int64 // helpers that are not done
	done     sync.WaitGroup
}

// work calls f on ranges until there are none left.
func (l *loop) work(worker int) {
	working.Add(1)
	defer working.Add(-1)
	for {
		lo := int(l.next.Add(1)-1) * l.grain
		if lo >= l.n {
			return
		}
		l.f(worker, lo, min(lo+l.grain, l.n))
	}
}

// help gets so many helpers for the loop.
func (l *loop) help(helpers int) {
	l.left.Store(int64(helpers))
	l.done.Add(helpers)
	for range helpers {
		if h := idle.pop(); h != nil {
			h.given.Store(l)
		} else {
			go new(helper).run(l)
		}
	}
}

// wait returns when the helpers are done.
func (l *loop) wait() {
	spin(func() bool { return l.left.Load() == 0 })
	l.done.Wait()
}

// A helper is a goroutine that works on one loop after another, and ends when
// none comes for a while.
type helper struct{ given atomic.Pointer[loop] }

func (h *helper) run(l *loop) {
	for l != nil {
		l.work(int(l.joined.Add(1)))
		l.left.Add(-1)
		l.done.Done()
		l = h.await()
	}
}

// await returns the next loop, or nil when the helper is to end.
func (h *helper) await() *loop {
	h.given.Store(nil)
	idle.push(h)
	given := func() bool { return h.given.Load() != nil }
	for !spin(given) {
		if idle.remove(h) {
			return nil
		} // else a loop is about to be given
	}
	return h.given.Load()
}

// spin returns true as soon as ready does, or false after some patience. Other
// goroutines have their turn meanwhile.
func spin(ready func() bool) bool {
	const looks = 100 // between two turns of the others
	for began := time.Now(); ; runtime.Gosched() {
		for range looks {
			if ready() {
				return true
			}
		}
		if time.Since(began) > patience {
			return false
		}
	}
}

// idle are the helpers that wait for a loop.
var idle waiting

type waiting struct {
	mu      sync.Mutex
	helpers []*helper
}

func (w *waiting) push(h *helper) {
	w.mu.Lock()
	w.helpers = append(w.helpers, h)
	w.mu.Unlock()
}

// pop returns the helper that came last, whose thread is the likeliest to run,
// or nil.
func (w *waiting) pop() *helper {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := len(w.helpers) - 1
	if last < 0 {
		return nil
	}
	h := w.helpers[last]
	w.helpers[last] = nil
	w.helpers = w.helpers[:last]
	return h
}

// remove takes h out, and returns whether it was still there.
func (w *waiting) remove(h *helper) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, other := range w.helpers {
		if other == h {
			last := len(w.helpers) - 1
			w.helpers[i], w.helpers[last] = w.helpers[last], nil
			w.helpers = w.helpers[:last]
			return true
		}
	}
	return false
}
