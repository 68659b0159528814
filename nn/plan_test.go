package nn

import (
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"
)

// What a chunk's images hand on together is within chunkBytes, unless one alone is more; and
// one more image would not be.
func TestPerChunk(t *testing.T) {
	const numbers = chunkBytes / 4
	for handed, want := range map[int]int{
		0: chunk, 1: chunk, numbers / chunk: chunk, numbers/chunk + 1: chunk - 1,
		numbers / 7: 7, numbers/7 + 1: 6, numbers / 2: 2, numbers/2 + 1: 1, numbers: 1, numbers + 1: 1, 100 * numbers: 1,
	} {
		if got := perChunk(handed); got != want {
			t.Errorf("%d numbers: %d images, want %d", handed, got, want)
		}
	}
}

// Groups are all images once, no more of them side by side than is said, and the first error
// counts, whichever comes first.
func TestGroups(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	var mu sync.Mutex
	seen, now, most := make([]int, 20), 0, 0
	first, second := errors.New("first"), errors.New("second")
	err := segment{group: 3, beside: 2}.groups(len(seen), func(a, b int) error {
		mu.Lock()
		now++
		most = max(most, now)
		for i := a; i < b; i++ {
			seen[i]++
		}
		mu.Unlock()
		time.Sleep(time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		now--
		switch a {
		case 6:
			return first
		case 9:
			return second
		}
		return nil
	})
	if err != first {
		t.Errorf("the error is %v", err)
	}
	for i, n := range seen {
		if n != 1 {
			t.Errorf("image %d: %d times", i, n)
		}
	}
	if most != 2 {
		t.Errorf("%d groups side by side, want 2", most)
	}
}

// Maps that are large for a cache go side by side only as far as memory allows.
func TestSegments(t *testing.T) {
	for size, want := range map[int]segment{
		1000:           {0, 1, groupBytes / 4000, 64},
		groupBytes / 4: {0, 1, 1, chunkBytes / groupBytes},
		chunkBytes / 8: {0, 1, 1, 2},
		chunkBytes / 4: {0, 1, 1, 1},
		chunkBytes:     {0, 1, 1, 1},
	} {
		r := &run{program: &program{steps: []step{{node: 0, in: []int{Input}}}}, x: &Tensor{Shape: []int{9, 1, 1, 1}}, shapes: [][]int{{9, size, 1, 1}}}
		if got, _ := r.segments(0, []int{1}); len(got) != 1 || got[0] != want {
			t.Errorf("%d numbers an image: %+v, want %+v", size, got, want)
		}
	}
	// Two steps whose maps differ, but not their groups.
	r := &run{program: &program{steps: []step{{node: 0, in: []int{Input}}, {node: 1, in: []int{0}}}}, x: &Tensor{Shape: []int{9, 1, 1, 1}},
		shapes: [][]int{{9, chunkBytes / 32, 1, 1}, {9, chunkBytes / 8, 1, 1}}}
	for _, cuts := range [][]int{{1, 2}, {2}} {
		if got, _ := r.segments(0, cuts); len(got) != 1 || got[0] != (segment{0, 2, 1, 2}) {
			t.Errorf("maps of an eighth and a half of chunkBytes, cut at %d: %+v", cuts, got)
		}
	}
}

func TestArgmax(t *testing.T) {
	for _, c := range []struct {
		x    []float32
		want int
	}{
		{nil, -1}, {[]float32{2}, 0}, {[]float32{3, 1, 2}, 0}, {[]float32{1, 3, 2}, 1}, {[]float32{1, 2, 3}, 2},
		{[]float32{1, 3, 3}, 1}, {[]float32{3, 3, 1}, 0}, {[]float32{-2, -1, -3}, 1}, {[]float32{-1, -2}, 0}, {[]float32{0, 0}, 0},
	} {
		if got := Argmax(c.x); got != c.want {
			t.Errorf("%v: %d, want %d", c.x, got, c.want)
		}
	}
}
