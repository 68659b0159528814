package pages

import (
	"testing"
	"unsafe"
)

// What is asked for is whole pages, all of them, and nothing that is another's.
func TestInside(t *testing.T) {
	memory := make([]float32, 5*size/4)
	base := -int(uintptr(unsafe.Pointer(&memory[0]))%size) / 4 // of a page, from memory[0]
	for _, c := range []struct{ from, to, first, pages int }{
		{0, size / 4, 0, 1},
		{1, size / 4, 0, 0},
		{0, size/4 - 1, 0, 0},
		{1, 2*size/4 + 1, size / 4, 1},
		{0, 3*size/4 + 7, 0, 3},
		{5, 5, 0, 0},
	} {
		s := memory[base+size/4+c.from : base+size/4+c.to]
		got := inside(s)
		if len(got) != c.pages*size {
			t.Errorf("elements %d to %d of a page: %d bytes, want %d pages", c.from, c.to, len(got), c.pages)
		}
		if len(got) > 0 && unsafe.Pointer(&got[0]) != unsafe.Pointer(&memory[base+size/4+c.first]) {
			t.Errorf("elements %d to %d of a page: pages begin elsewhere", c.from, c.to)
		}
		large(s)
	}
	if got := inside([]float32(nil)); got != nil {
		t.Errorf("no elements: %d bytes", len(got))
	}
}

// Elements begin on a line, and are as many as asked for, to be read and written.
func TestAligned(t *testing.T) {
	for n := range 40 {
		a, b := Aligned[float32](n), Aligned[float64](n+size/4)
		if len(a) != n || cap(a) != n || len(b) != n+size/4 {
			t.Errorf("%d elements: %d of %d, %d", n, len(a), cap(a), len(b))
		}
		if at := uintptr(unsafe.Pointer(unsafe.SliceData(b))); at%64 != 0 || n > 0 && uintptr(unsafe.Pointer(&a[0]))%64 != 0 {
			t.Errorf("%d elements begin within a line", n)
		}
		clear(a)
		clear(b)
	}
}
