//go:build !purego

package tsne

import "golang.org/x/sys/cpu"

// machineVectors lists the loops in assembly that this processor can run.
func machineVectors() []vectors {
	var list []vectors
	if cpu.X86.HasAVX512F {
		list = append(list, vectors{"avx512", walkAVX, sumAVX512, sumNearAVX512, attractAVX512, crossAVX512, pairsAVX512, scanAVX512})
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		list = append(list, vectors{"avx2", walkAVX, sumAVX2, sumNearAVX2, attractAVX2, crossAVX2, pairsAVX2, scanAVX2})
	}
	return list
}

// walkAVX is a walk breadth first, a quad at a time: without the branches of
// walkGo, which cannot be foretold. Where its lists do not suffice, as at small
// angles, it leaves the tree to walkGo.
func walkAVX(w *walk) {
	if w.at == 0 && w.quads != nil && quadsAVX(w, &w.queue[0], &w.leaves[0]) {
		w.at = int64(len(w.tree.nodes))
		return
	}
	walkGo(w)
}

// quadsAVX copies leaves of this size.
var _ = [leafSize]struct{}([8]struct{}{})

// quadsAVX lists what acts on the group, or else returns false.
//
//go:noescape
func quadsAVX(w *walk, queue, leaves *int32) bool

//go:noescape
func sumAVX512(on *group, from *farList, n int)

//go:noescape
func sumNearAVX512(on *group, from *body, n int)

//go:noescape
func sumAVX2(on *group, from *farList, n int)

//go:noescape
func sumNearAVX2(on *group, from *body, n int)

//go:noescape
func attractAVX512(s *springs, lo, hi int)

//go:noescape
func attractAVX2(s *springs, lo, hi int)

//go:noescape
func crossAVX512(s *springs, lo, hi int) float64

//go:noescape
func crossAVX2(s *springs, lo, hi int) float64

//go:noescape
func scanAVX512(products, base []float32, factor, limit float32) int

//go:noescape
func scanAVX2(products, base []float32, factor, limit float32) int

func pairsAVX512(f *forces, p, others []float64, x, y float64) {
	n := len(p) &^ 7
	eightPairsAVX512(f, p[:n], others[:2*n], x, y)
	pairsGo(f, p[n:], others[2*n:], x, y)
}

func pairsAVX2(f *forces, p, others []float64, x, y float64) {
	n := len(p) &^ 3
	fourPairsAVX2(f, p[:n], others[:2*n], x, y)
	pairsGo(f, p[n:], others[2*n:], x, y)
}

// eightPairsAVX512 takes a multiple of 8 pairs.
//
//go:noescape
func eightPairsAVX512(f *forces, p, others []float64, x, y float64)

// fourPairsAVX2 takes a multiple of 4 pairs.
//
//go:noescape
func fourPairsAVX2(f *forces, p, others []float64, x, y float64)
