//go:build !purego

package forces

import "golang.org/x/sys/cpu"

// machineVectors lists the loops in assembly that this processor can run.
func machineVectors() []vectors {
	var list []vectors
	if cpu.X86.HasAVX512F {
		list = append(list, vectors{"avx512", attractAVX512, crossAVX512, pairsAVX512})
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		list = append(list, vectors{"avx2", attractAVX2, crossAVX2, pairsAVX2})
	}
	return list
}

//go:noescape
func attractAVX512(s *Springs, lo, hi int)

//go:noescape
func attractAVX2(s *Springs, lo, hi int)

//go:noescape
func crossAVX512(s *Springs, lo, hi int) float64

//go:noescape
func crossAVX2(s *Springs, lo, hi int) float64

func pairsAVX512(f *Forces, p, others []float64, x, y float64) {
	n := len(p) &^ 7
	eightPairsAVX512(f, p[:n], others[:2*n], x, y)
	pairsGo(f, p[n:], others[2*n:], x, y)
}

func pairsAVX2(f *Forces, p, others []float64, x, y float64) {
	n := len(p) &^ 3
	fourPairsAVX2(f, p[:n], others[:2*n], x, y)
	pairsGo(f, p[n:], others[2*n:], x, y)
}

// eightPairsAVX512 takes a multiple of 8 pairs.
//
//go:noescape
func eightPairsAVX512(f *Forces, p, others []float64, x, y float64)

// fourPairsAVX2 takes a multiple of 4 pairs.
//
//go:noescape
func fourPairsAVX2(f *Forces, p, others []float64, x, y float64)
