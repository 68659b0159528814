//go:build !purego

package tree

import "golang.org/x/sys/cpu"

// machineVectors lists the loops in assembly that this processor can run.
func machineVectors() []vectors {
	var list []vectors
	if cpu.X86.HasAVX512F {
		list = append(list, vectors{"avx512", walkAVX, sumAVX512, sumNearAVX512})
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		list = append(list, vectors{"avx2", walkAVX, sumAVX2, sumNearAVX2})
	}
	return list
}

// walkAVX is a walk breadth first, a quad at a time: without the branches of
// walkGo, which cannot be foretold. Where its lists do not suffice, as at small
// angles, it leaves the tree to walkGo.
func walkAVX(w *Walk) {
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
func quadsAVX(w *Walk, queue, leaves *int32) bool

//go:noescape
func sumAVX512(on *group, from *farList, n int)

//go:noescape
func sumNearAVX512(on *group, from *body, n int)

//go:noescape
func sumAVX2(on *group, from *farList, n int)

//go:noescape
func sumNearAVX2(on *group, from *body, n int)
