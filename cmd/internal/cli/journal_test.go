package cli

import (
	"bytes"
	"testing"
	"time"
)

// A line a minute, with the time left by the rate so far.
func TestJournal(t *testing.T) {
	var b bytes.Buffer
	now := time.Unix(1e9, 0)
	clock := func() time.Time { return now }
	j := newJournal(&b, 200, "", "maps", clock)
	unknown := newJournal(&b, -1, "last layer", "iterations", clock)
	for range 6 {
		now = now.Add(25 * time.Second)
		j.add(10)
	}
	unknown.set(7)
	j.describe("CAM")
	now = now.Add(time.Minute)
	j.set(200)
	const want = `30 of 200 maps after 1m15s, 7m5s left
60 of 200 maps after 2m30s, 5m50s left
last layer: 7 iterations after 2m30s
CAM: 200 of 200 maps after 3m30s
`
	if b.String() != want {
		t.Errorf("wrote\n%swant\n%s", b.String(), want)
	}
}
