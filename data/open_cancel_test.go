package data

import (
	"context"
	"fmt"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/countdown"
)

// Opening a folder stops between its folders, and within a large one.
func TestOpenStops(t *testing.T) {
	dir := t.TempDir()
	files := map[string][]byte{}
	for class := range 4 {
		for i := range 3 {
			files[fmt.Sprintf("class%d/part%d/%d.png", class, i, i)] = nil
		}
	}
	for i := range 3000 {
		files[fmt.Sprintf("class0/%04d.jpg", i)] = nil
	}
	write(t, dir, files)
	looks := countdown.Stops(t, "Open", 100, 0, func(ctx context.Context) error {
		ds, err := Open(ctx, dir, OpenOptions{})
		if err != nil {
			return err
		}
		if ds.Len() != 3012 {
			t.Errorf("%d files", ds.Len())
		}
		return ds.Close()
	})
	if folders := 1 + 4 + 12; looks < folders+3 {
		t.Errorf("%d looks at the context for %d folders, one of 3,000 files", looks, folders)
	}
	countdown.Stops(t, "OpenFiles", 10, 0, func(ctx context.Context) error {
		ds, err := OpenFiles(ctx, []string{dir + "/class0"}, OpenOptions{})
		if err != nil {
			return err
		}
		return ds.Close()
	})
}
