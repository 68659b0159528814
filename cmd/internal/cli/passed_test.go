package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/data"
)

// mixed is a folder of good and bad files, opened with flags.
func mixed(t *testing.T, bad int, args ...string) *Opened {
	t.Helper()
	dir := t.TempDir()
	for i := range 3 {
		picture(t, filepath.Join(dir, fmt.Sprintf("b%d.png", i)), 8+i, 6)
	}
	for i := range bad {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("a%02d.png", i)), []byte("no"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, err := parsed(append(args, "-data", dir, "-weights", sceneWeights(t, nil))...)
	if err != nil {
		t.Fatal(err)
	}
	o, err := s.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	return o
}

func TestBatchesSkip(t *testing.T) {
	o := mixed(t, 2, "-skip-bad", "-size", "0")
	for range 2 { // programs go over the data twice, backwards too
		for _, start := range []int{1, 0} {
			var got []int
			for b, err := range o.Batches(t.Context(), data.BatchOptions{Start: start}) {
				if err != nil {
					t.Fatal(err)
				}
				if want := []int{1, 3, 6, 8 + b.Index[0] - 2}; !slices.Equal(b.Shape, want) {
					t.Errorf("shape %v, want %v", b.Shape, want)
				}
				got = append(got, b.Index...)
			}
			if !slices.Equal(got, []int{2, 3, 4}) {
				t.Errorf("images %v", got)
			}
		}
	}
	text := `images: a01.png: not an image: it begins with "no", expected JPEG`
	if len(o.Skipped) != 2 || o.Skipped[0].Index != 0 || o.Skipped[1].Index != 1 || o.Skipped[1].Name != "a01.png" || !strings.HasPrefix(o.Skipped[1].Error, text) {
		t.Errorf("skipped %+v", o.Skipped)
	}
}

func TestBatchesNameTheFlag(t *testing.T) {
	o := mixed(t, 1)
	n := 0
	for b, err := range o.Batches(t.Context(), data.BatchOptions{}) {
		n++
		if b != nil || err == nil || !strings.HasPrefix(err.Error(), "sample 0: images: a00.png: ") || !strings.HasSuffix(err.Error(), " (-skip-bad goes on without it)") {
			t.Errorf("%v, %v", b, err)
		}
		if _, ok := errors.AsType[*data.SampleError](err); !ok {
			t.Errorf("%v is not the sample's", err)
		}
	}
	if n != 1 || len(o.Skipped) != 0 {
		t.Errorf("%d errors, skipped %v", n, o.Skipped)
	}
	// Other errors have nothing to do with it.
	for _, err := range o.Batches(t.Context(), data.BatchOptions{Start: 9}) {
		if err == nil || strings.Contains(err.Error(), "skip-bad") {
			t.Errorf("%v", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range o.Batches(ctx, data.BatchOptions{}) {
		if err != context.Canceled {
			t.Errorf("%v", err)
		}
	}
	for range mixed(t, 0).Batches(t.Context(), data.BatchOptions{Size: 1}) {
		break
	}
}

func TestReports(t *testing.T) {
	skipped := func(n int) (all []Skipped) {
		for i := range n {
			all = append(all, Skipped{i, "x", fmt.Sprint("bad\n", i)})
		}
		return all
	}
	leftovers := func(n int) (all []string) {
		for i := range n {
			all = append(all, fmt.Sprint("d/._", n-i))
		}
		return all
	}
	for _, c := range []struct {
		o    Opened
		want string
	}{
		{Opened{}, ""},
		{Opened{Skipped: skipped(1)}, "skipped   1 image that cannot be read:\n          0: bad\\n0\n"},
		{Opened{Skipped: skipped(10)}, "9: bad\\n9\n"},
		{Opened{Skipped: skipped(11)}, "skipped   11 images that cannot be read:\n"},
		{Opened{Skipped: skipped(11)}, "          9: bad\\n9\n          and 1 more\n"},
		{Opened{leftovers: leftovers(1)}, "note      passed over 1 leftover of other programs: d/._1\n"},
		{Opened{leftovers: leftovers(3)}, "note      passed over 3 leftovers of other programs: d/._1, d/._2, d/._3\n"},
		{Opened{leftovers: leftovers(9)}, "d/._8, d/._9\n"},
		{Opened{leftovers: leftovers(12)}, "d/._7 and 2 more\n"},
		{Opened{notes: []string{"", "a\x1bb", ""}}, "note      a\\x1bb\n"},
	} {
		var b bytes.Buffer
		c.o.ReportNotes(&b)
		c.o.ReportSkipped(&b)
		if got := b.String(); !strings.HasSuffix(got, c.want) && !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%+v: %q, want %q", c.o, got, c.want)
		}
	}
}

// What is odd about a file of class names is told when it is opened for images.
func TestNoteOfClasses(t *testing.T) {
	latin := filepath.Join(t.TempDir(), "latin.txt")
	if err := os.WriteFile(latin, []byte("a\nb\nc\nd\ne\nf\ng\nh\ni\n\xe9"), 0o644); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	mixed(t, 0, "-classes", latin).ReportNotes(&b)
	if want := "note      -classes: " + latin + " is not UTF-8: read as Latin-1\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}
