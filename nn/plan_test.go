package nn

import "testing"

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
