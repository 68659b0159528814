package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// A journal tells of long work where there is no terminal for a bar: a line a minute, so that
// short work says nothing.
type journal struct {
	w           io.Writer
	title, unit string
	total       int64 // -1: not known
	now         func() time.Time

	mu    sync.Mutex
	done  int64
	begun time.Time
	next  time.Time
}

const entryEvery = time.Minute

func newJournal(w io.Writer, total int64, title, unit string, now func() time.Time) *journal {
	begun := now()
	return &journal{w: w, title: title, unit: unit, total: total, now: now, begun: begun, next: begun.Add(entryEvery)}
}

func (j *journal) add(n int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.done += n
	j.enter()
}

func (j *journal) set(n int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.done = n
	j.enter()
}

func (j *journal) describe(title string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.title = title
}

// enter writes a line if it is time for one.
func (j *journal) enter() {
	now := j.now()
	if now.Before(j.next) {
		return
	}
	j.next = now.Add(entryEvery)
	var b strings.Builder
	if j.title != "" {
		fmt.Fprintf(&b, "%s: ", j.title)
	}
	if j.total < 0 {
		fmt.Fprintf(&b, "%d %s", j.done, j.unit)
	} else {
		fmt.Fprintf(&b, "%d of %d %s", j.done, j.total, j.unit)
	}
	gone := now.Sub(j.begun)
	fmt.Fprintf(&b, " after %s", gone.Round(time.Second))
	if 0 < j.done && j.done < j.total {
		left := time.Duration(float64(gone) / float64(j.done) * float64(j.total-j.done))
		fmt.Fprintf(&b, ", %s left", left.Round(time.Second))
	}
	fmt.Fprintln(j.w, b.String()) // an error is no reason to stop
}
