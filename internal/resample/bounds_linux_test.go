package resample

import (
	"bytes"
	"image"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
)

// The loops read no byte beyond a picture: it ends here where memory does. (Nor before it:
// their addresses only grow.)
func TestBounds(t *testing.T) {
	page := os.Getpagesize()
	size := 16 * page
	m, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Skip(err)
	}
	defer syscall.Munmap(m)
	if err := syscall.Mprotect(m[size:], syscall.PROT_NONE); err != nil {
		t.Skip(err)
	}
	r := rand.New(rand.NewPCG(1, 6))
	for range 300 {
		width, height, w, h := 1+r.IntN(60), 1+r.IntN(60), 1+r.IntN(60), 1+r.IntN(60)
		src := m[size-3*width*height : size : size]
		copy(src, randomBytes(r, len(src)))
		want := plain(src, width, height, w, h)
		for _, l := range every() {
			got, err := scaled(t.Context(), l, src, width, height, w, h, image.Rect(0, 0, w, h))
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s: %d x %d to %d x %d: %v, or differs", l.name, width, height, w, h, err)
			}
		}
	}
}
