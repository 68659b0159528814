package cli

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal opens a pseudo-terminal, both ends.
func terminal(t *testing.T) (outer, inner *os.File) {
	t.Helper()
	outer, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { outer.Close() })
	if err := unix.IoctlSetPointerInt(int(outer.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skip(err)
	}
	n, err := unix.IoctlGetInt(int(outer.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skip(err)
	}
	inner, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { inner.Close() })
	return outer, inner
}

// shown is what came to the terminal so far.
func shown(t *testing.T, outer, inner *os.File) string {
	t.Helper()
	fmt.Fprint(inner, "|END|")
	var text strings.Builder
	b := make([]byte, 4096)
	for !strings.Contains(text.String(), "|END|") {
		n, err := outer.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(b[:n])
	}
	return text.String()
}

// On a terminal the bar shows its title, its count and its unit, and is gone when
// it is done.
func TestProgress(t *testing.T) {
	outer, inner := terminal(t)
	if !isTerminal(inner) {
		t.Fatal("a terminal is none")
	}
	p := NewProgress(inner, 10, "features", "images")
	p.Add(3)
	time.Sleep(150 * time.Millisecond) // it is drawn at most every 100 ms
	p.Add(1)
	text := shown(t, outer, inner)
	if !strings.Contains(text, "features") || !strings.Contains(text, "4/10") || !strings.Contains(text, "images/") {
		t.Errorf("shown %q", text)
	}
	time.Sleep(150 * time.Millisecond)
	p.Describe("maps")
	if text = shown(t, outer, inner); !strings.Contains(text, "maps") {
		t.Errorf("shown %q", text)
	}
	time.Sleep(150 * time.Millisecond)
	p.Set(2)
	if text = shown(t, outer, inner); !strings.Contains(text, "2/10") {
		t.Errorf("shown %q", text)
	}
	p.Hide()
	hidden := shown(t, outer, inner)
	if strings.Contains(hidden, "maps") || !strings.Contains(hidden, "\r") {
		t.Errorf("hidden by %q", hidden)
	}
	time.Sleep(150 * time.Millisecond)
	p.Add(1)
	if text = shown(t, outer, inner); !strings.Contains(text, "3/10") {
		t.Errorf("shown %q", text)
	}
	p.Done()
	if text = shown(t, outer, inner); !strings.Contains(text, "\r") || strings.HasSuffix(strings.TrimSuffix(text, "|END|"), "10") {
		t.Errorf("done by %q", text)
	}
	bytes := NewBytesProgress(inner, 1<<20, "download")
	time.Sleep(150 * time.Millisecond)
	bytes.Add(1 << 19)
	if text = shown(t, outer, inner); !strings.Contains(text, "download") || !strings.Contains(text, "B/s") {
		t.Errorf("shown %q", text)
	}
	bytes.Done()
}
