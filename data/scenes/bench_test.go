package scenes

import "testing"

func BenchmarkDraw(b *testing.B) {
	i := uint64(0)
	for b.Loop() {
		Draw(i)
		i++
	}
}
