package conv

import "testing"

// What is kept for batches that grow and grow is the memory of the last ones, and not of all.
func TestMemoryOfGrowingMaps(t *testing.T) {
	var mem Memory
	for side := 10; side < 200; side++ {
		a := mem.Maps(1, side, side, 8, 0)
		b := mem.Maps(1, side, side, 4, 1)
		mem.Free(a)
		c := mem.Maps(1, side/2, side/2, 16, 0)
		mem.Free(b)
		mem.Free(c)
		kept := 0
		for _, f := range mem.free {
			kept += cap(f)
		}
		if used := 12*(side+2)*(side+2) + 1000; len(mem.free) > 2 || kept > used {
			t.Fatalf("%d x %d: %d pieces of %d elements kept, want at most 2 of %d", side, side, len(mem.free), kept, used)
		}
	}
}
