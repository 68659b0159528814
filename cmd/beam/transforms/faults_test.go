package transforms

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/memfs"

	"github.com/glimpse-go/glimpse/internal/testkit/tinydisk"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[failOnceFn]())
}

// failOnceFn fails at the first point with an index beyond Index that comes by in a process.
type failOnceFn struct{ Index int }

var failedOnce atomic.Bool

func (f *failOnceFn) ProcessElement(_ context.Context, p Point, emit func(Point)) error {
	if p.Index > f.Index && failedOnce.CompareAndSwap(false, true) {
		return errors.New("the first attempt fails")
	}
	emit(p)
	return nil
}

// whole returns the names of the files in a folder, which must all be whole .npy files.
func whole(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
		joined(t, filepath.Join(dir, e.Name()))
	}
	return names
}

// A bundle that fails at its first attempt is tried again or ends the run with its error;
// each shard is whole or absent, and the next run completes them.
func TestFirstAttemptFails(t *testing.T) {
	r := cifar(t)
	dir := t.TempDir()
	failedOnce.Store(false)
	attempt := func() error {
		return run(t, func(s beam.Scope) {
			pictures, _ := ReadDataset(s, r.dataset, ranges(t, 7))
			points, _ := Features(s, r.network, pictures)
			WriteNPY(s, dir, 7, beam.ParDo(s, &failOnceFn{Index: 100}, points))
		})
	}
	if err := attempt(); err != nil {
		if !strings.Contains(err.Error(), "the first attempt fails") {
			t.Errorf("error %v", err)
		}
		t.Logf("the runner does not try again; %d files", len(whole(t, dir)))
		if err := attempt(); err != nil {
			t.Fatal(err)
		}
	}
	if !failedOnce.Load() {
		t.Error("nothing failed")
	}
	if got, _ := joined(t, filepath.Join(dir, "features-*[0-9].npy")); len(whole(t, dir)) != 14 || !slices.Equal(got, r.x().RawMatrix().Data) {
		t.Errorf("%d files, or other features", len(whole(t, dir)))
	}
}

// packs iterates over packs of up to two points, as a runner lets a sink.
func packs(points []Point) func(*Points) bool {
	return func(p *Points) bool {
		n := min(2, len(points))
		*p, points = Points{points[:n]}, points[n:]
		return n > 0
	}
}

// A shard that is written again, by a worker to whom its points come in another order, has
// the same bytes, on any file system, and nothing is left beside it.
func TestWrittenAgain(t *testing.T) {
	points := []Point{{Index: 4, Label: 1, Features: []float32{1, 2}}, {Index: 2, Label: -1, Features: []float32{3, 4}}, {Index: 9, Features: []float32{5, 6}}}
	for _, dir := range []string{t.TempDir(), "memfs://again"} {
		var first []byte
		for i := range 3 {
			f := &writeNPYFn{Sink: sink{dir, 2}}
			if shard, err := f.ProcessElement(t.Context(), 1, packs(points)); err != nil || shard != 1 {
				t.Fatal(err)
			}
			b, err := ReadFile(t.Context(), join(dir, "features-00001-of-00002.npy"), 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				first = b
			}
			if !bytes.Equal(b, first) {
				t.Error("other bytes")
			}
			points = append(points[1:], points[0])
		}
		if names, err := list(t.Context(), join(dir, "*")); err != nil || len(names) != 2 {
			t.Errorf("%v, error %v", names, err)
		}
	}
	if n, err := Sweep(t.Context(), "memfs://again"); n != 0 || err != nil {
		t.Errorf("swept %d, error %v", n, err)
	}
	memfs.Write("memfs://again/x.aside-17", []byte("left"))
	if n, err := Sweep(t.Context(), "memfs://again"); n != 1 || err != nil {
		t.Errorf("swept %d, error %v", n, err)
	}
}

// A write that fails midway leaves what was there, and nothing else.
func TestWriteFails(t *testing.T) {
	boom := errors.New("no space")
	for _, dir := range []string{t.TempDir(), "memfs://fails"} {
		path := join(dir, "x.npy")
		for _, there := range []bool{false, true} {
			if there {
				if err := writeWhole(t.Context(), path, func(w io.Writer) error { _, err := io.WriteString(w, "old"); return err }); err != nil {
					t.Fatal(err)
				}
			}
			err := writeWhole(t.Context(), path, func(w io.Writer) error {
				w.Write(make([]byte, 1<<18))
				return boom
			})
			if !errors.Is(err, boom) || !strings.Contains(err.Error(), "x.npy") {
				t.Errorf("%s: error %v", dir, err)
			}
			names, _ := list(t.Context(), join(dir, "*"))
			if len(names) != map[bool]int{true: 1}[there] {
				t.Errorf("%s: %v", dir, names)
			}
			if b, err := ReadFile(t.Context(), path, 100); there && (err != nil || string(b) != "old") {
				t.Errorf("%s: %q, error %v", dir, b, err)
			}
		}
	}
}

// A disk that is full ends the run with an error that names the file; no half shard stays.
func TestFullDisk(t *testing.T) {
	dir := tinydisk.Mount(t, 64<<10)
	r := cifar(t)
	err := run(t, func(s beam.Scope) {
		pictures, _ := ReadDataset(s, r.dataset, ranges(t, 7))
		points, _ := Features(s, r.network, pictures)
		WriteNPY(s, dir, 7, points)
	})
	if err == nil || !strings.Contains(err.Error(), "no space left") || !strings.Contains(err.Error(), "features-0000") {
		t.Errorf("error %v", err)
	}
	t.Logf("%d whole files", len(whole(t, dir)))
}

// Weights that are no checkpoint end the run with their name.
func TestUnloadableNetwork(t *testing.T) {
	r := cifar(t)
	path := filepath.Join(t.TempDir(), "net.pth")
	write(t, path, []byte("no checkpoint"))
	for _, weights := range []string{path, path + ".gone", "memfs://gone.pth"} {
		err := run(t, func(s beam.Scope) {
			pictures, _ := ReadDataset(s, r.dataset, ranges(t, 1))
			points, _ := Features(s, Network{Weights: weights}, pictures)
			WriteNPY(s, t.TempDir(), 1, points)
		})
		if err == nil || !strings.Contains(err.Error(), filepath.Base(weights)) {
			t.Errorf("error %v, want one that names %s", err, weights)
		}
	}
}

// Points of differing lengths are errors wherever they meet.
func TestDifferingPoints(t *testing.T) {
	a, b := Point{Name: "a", Features: []float32{1}}, Point{Name: "b", Features: []float32{1, 2}}
	var m Moments
	if err := errors.Join(m.add(t.Context(), a.Features), m.add(t.Context(), b.Features)); err == nil {
		t.Error("moments of both")
	}
	if _, err := matrix([]Point{a, b}); err == nil {
		t.Error("a matrix of both")
	}
	s := &sumFn{}
	sum, _ := s.AddInput(t.Context(), Sum{}, a)
	if _, err := s.AddInput(t.Context(), sum, b); err == nil {
		t.Error("a sum of both")
	}
	other, _ := s.AddInput(t.Context(), Sum{}, b)
	if _, err := s.MergeAccumulators(t.Context(), sum, other); err == nil {
		t.Error("sums of both")
	}
	if _, err := (&writeNPYFn{Sink: sink{t.TempDir(), 1}}).ProcessElement(t.Context(), 0, packs([]Point{a, b})); err == nil || !strings.Contains(err.Error(), "b: 2 features") {
		t.Errorf("a file of both: error %v", err)
	}
}

// Elements come back as they were, and what is cut short or bent is an error or an element,
// without a panic or much memory.
func FuzzDecode(f *testing.F) {
	p := Point{Shard: 3, Index: 1 << 40, Name: "näme", Label: -1, Predicted: 7, Features: []float32{1, -2.5}, Logits: []float32{3}, PCA: []float64{4}, TSNE: []float64{5, 6}}
	f.Add(encodePoint(p))
	f.Add(encodePoints(Points{[]Point{p, {}}}))
	f.Add(encodePicture(Picture{Name: "x", Content: []byte{1, 2, 3}, Width: 1, Height: 1}))
	f.Add(encodeMap(Map{Name: "x", Values: []float32{1}, Width: 1, Height: 1, Overlay: []byte{9}}))
	f.Add(encodeLayout(Layout{1, []float32{1}, []float64{2, 3}}))
	f.Add(encodeSum(Sum{2, []float64{1}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		same(t, b, decodePoint, encodePoint)
		same(t, b, decodePoints, encodePoints)
		same(t, b, decodePicture, encodePicture)
		same(t, b, decodeMap, encodeMap)
		same(t, b, decodeSum, encodeSum)
		same(t, b, decodeLayout, encodeLayout)
		if l, err := decodeLayout(b); err == nil {
			_, _ = l.result(TSNE{}.options())
		}
	})
}

// same checks that what bytes decode to comes back from bytes of its own.
func same[T any](t *testing.T, b []byte, decode func([]byte) (T, error), encode func(T) []byte) {
	t.Helper()
	v, err := decode(b)
	if err != nil {
		return
	}
	first := encode(v)
	again, err := decode(first)
	if err != nil || !bytes.Equal(encode(again), first) {
		t.Errorf("%T: %v came back as %v, error %v", v, v, again, err)
	}
}

// Ranges cover all elements once, evenly.
func TestRanges(t *testing.T) {
	for _, c := range []struct{ n, shards, want int }{{10, 3, 3}, {3, 10, 3}, {1, 1, 1}, {100, 7, 7}} {
		r, err := Ranges(c.n, c.shards)
		if err != nil || len(r) != c.want {
			t.Fatalf("%v, error %v", r, err)
		}
		next := 0
		for i, x := range r {
			if x.Shard != i || x.First != next || x.Count < c.n/len(r) || x.Count > c.n/len(r)+1 {
				t.Errorf("%v", r)
			}
			next += x.Count
		}
		if next != c.n {
			t.Errorf("%v", r)
		}
	}
	for _, c := range [][2]int{{0, 1}, {1, 0}, {1 << 20, maxShards + 1}} {
		if _, err := Ranges(c[0], c[1]); err == nil {
			t.Errorf("%v: no error", c)
		}
	}
}
