// Package promise holds, in tests, the readers of untrusted files to what is
// promised of every input: little memory, and an end.
package promise

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// hang is far more than any input of a test takes, on any machine.
const hang = 2 * time.Minute

// Keep runs read, which reads an input of size bytes, and fails the test when
// that allocates more than 4 times size, 1 MiB and beside bytes in all. A read
// that does not end within minutes panics, with all stacks.
//
// Other goroutines of a process allocate as well, so a read that seems to have
// taken too much runs again, up to three times.
func Keep(t testing.TB, size int, beside uint64, read func()) {
	t.Helper()
	watch := time.AfterFunc(hang, func() { panic(fmt.Sprintf("an input of %d bytes: no end after %v", size, hang)) })
	defer watch.Stop()
	limit := 4*uint64(size) + 1<<20 + beside
	var got uint64
	for range 4 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		read()
		runtime.ReadMemStats(&after)
		if got = after.TotalAlloc - before.TotalAlloc; got <= limit {
			return
		}
	}
	t.Fatalf("%d bytes of input took %d bytes of memory, the limit is %d", size, got, limit)
}
