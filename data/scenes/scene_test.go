package scenes

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"runtime"
	"slices"
	"testing"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// draw returns the scenes [0, n).
func draw(n int) []Scene {
	scenes := make([]Scene, n)
	parallel.For(n, 4, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			scenes[i] = Draw(uint64(i))
		}
	})
	return scenes
}

// meanColour averages the pixels that pick chooses.
func meanColour(s Scene, pick func(i int) bool) (mean colour) {
	n := 0
	for i := range pixels {
		if pick(i) {
			n++
			for c := range mean {
				mean[c] += int(s.Image.Pix[3*i+c])
			}
		}
	}
	for c := range mean {
		mean[c] /= max(n, 1)
	}
	return mean
}

func TestScenes(t *testing.T) {
	const n = 500
	var labels [10]int
	var centre, area, faint int
	least, shortest, longest := 765, Size, 0
	for i, s := range draw(n) {
		if s.Image.Width != Size || s.Image.Height != Size || len(s.Image.Pix) != 3*pixels || len(s.Mask) != pixels {
			t.Fatalf("scene %d: image %d x %d with %d bytes, mask of %d", i, s.Image.Width, s.Image.Height, len(s.Image.Pix), len(s.Mask))
		}
		labels[s.Label]++
		x0, y0, x1, y1 := Size, Size, -1, -1
		for k, in := range s.Mask {
			if in {
				x, y := k%Size, k/Size
				x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x), max(y1, y)
				area++
			}
		}
		if x1 < 0 {
			t.Fatalf("scene %d: empty mask", i)
		}
		if x0 < 1 || y0 < 1 || x1 > Size-2 || y1 > Size-2 {
			t.Errorf("scene %d: the object (%d..%d, %d..%d) touches the border", i, x0, x1, y0, y1)
		}
		side := max(x1-x0, y1-y0) + 1
		shortest, longest = min(shortest, side), max(longest, side)
		if s.Mask[pixels/2+Size/2] {
			centre++
		}
		near := func(k int) bool {
			x, y := k%Size, k/Size
			return !s.Mask[k] && x >= x0-5 && x <= x1+5 && y >= y0-5 && y <= y1+5
		}
		contrast := distance(meanColour(s, func(k int) bool { return s.Mask[k] }), meanColour(s, near))
		least = min(least, contrast)
		if contrast < 60 {
			faint++
		}
	}
	t.Logf("labels %v, longer side %d..%d pixels, centre in the mask %d/%d, random point %.1f%%, contrast at least %d of 765, below 60 in %d",
		labels, shortest, longest, centre, n, 100*float64(area)/(n*pixels), least, faint)
	// Four standard deviations of a binomial of 500 and 1/10 are 27.
	if slices.Min(labels[:]) < 23 || slices.Max(labels[:]) > 77 {
		t.Errorf("labels %v are not balanced", labels)
	}
	// 20% to 45% of the side; the tips of a moon or star may cover less than half a pixel.
	if shortest < Size*20/100-4 || longest > Size*45/100+1 {
		t.Errorf("longer sides of %d..%d pixels", shortest, longest)
	}
	if centre > n/5 {
		t.Errorf("the centre lies in %d of %d masks: too good a guess", centre, n)
	}
	if faint > n/50 {
		t.Errorf("%d of %d objects differ from what surrounds them by less than 60 of 765", faint, n)
	}
}

// Each object lies within its coordinates and has both a solid interior and a
// smoothed edge when it is at its smallest.
func TestObjects(t *testing.T) {
	upright := pose{size: 2000, cos: 16384, stretch: 256}
	small := pose{cx: 48 * unit, cy: 48 * unit, size: Size * unit / 5, cos: 16384, stretch: 256}
	for _, o := range objects {
		if x0, y0, x1, y1 := upright.bounds(o.shape); min(x0, y0) < -1000 || max(x1, y1) > 1000 || max(x1-x0, y1-y0) < 1800 {
			t.Errorf("%s spans %d..%d, %d..%d", o.name, x0, x1, y0, y1)
		}
		solid, edge := 0, 0
		small.cover(o.shape, func(i int, n [hole]int) {
			if n[body]+n[trim]+n[dark]+n[light] == samples*samples {
				solid++
			} else {
				edge++
			}
		})
		if solid < 30 || edge < 20 {
			t.Errorf("%s: %d pixels wholly covered, %d partly", o.name, solid, edge)
		}
	}
}

func TestSceneIsPure(t *testing.T) {
	const n = 28
	want := draw(n)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, procs := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(procs)
		got := make([]Scene, n)
		parallel.For(n, 1, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				got[n-1-i] = Draw(uint64(n - 1 - i)) // in another order
			}
		})
		for i := range n {
			if got[i].Label != want[i].Label || !slices.Equal(got[i].Mask, want[i].Mask) || !bytes.Equal(got[i].Image.Pix, want[i].Image.Pix) {
				t.Errorf("scene %d differs at GOMAXPROCS %d", i, procs)
			}
		}
	}
	if bytes.Equal(want[0].Image.Pix, want[1].Image.Pix) {
		t.Error("scenes 0 and 1 are the same")
	}
}

// The embedded network was trained on this generator. The hash, that of the
// first 64 held-out scenes as its training saw them, is the contract between
// the two: it says nothing about whether the scenes are good, only that they
// are still the ones trained on, here and on every architecture.
func TestScenesAreThoseTrainedOn(t *testing.T) {
	h := sha256.New()
	for _, s := range draw(64) {
		h.Write([]byte{byte(s.Label)})
		h.Write(s.Image.Pix)
		for _, in := range s.Mask {
			if in {
				h.Write([]byte{1})
			} else {
				h.Write([]byte{0})
			}
		}
	}
	const want = "e0e6fc20b906b5ec1a608d4c2ef6023c9c2dc46f3738af505ddc67a4bd014db8"
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("SHA-256 of the scenes is %s, trained on %s: retrain the network or undo the change", got, want)
	}
}
