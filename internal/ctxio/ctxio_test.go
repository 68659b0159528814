package ctxio

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestReaders(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	text := strings.NewReader("abcd")
	r, at := Reader(ctx, text), ReaderAt(ctx, text)
	p := make([]byte, 2)
	if n, err := r.Read(p); n != 2 || err != nil || string(p) != "ab" {
		t.Errorf("Read: %d, %v, %q", n, err, p)
	}
	if n, err := at.ReadAt(p, 1); n != 2 || err != nil || string(p) != "bc" {
		t.Errorf("ReadAt: %d, %v, %q", n, err, p)
	}
	cancel()
	if n, err := r.Read(p); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("Read after the end: %d, %v", n, err)
	}
	if n, err := at.ReadAt(p, 0); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("ReadAt after the end: %d, %v", n, err)
	}
}
