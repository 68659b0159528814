//go:build !purego

package multigrid

import "golang.org/x/sys/cpu"

// machine lists the loops in assembly that this processor can run. A pixel is a register of
// AVX2; wider ones would need pixels that do not wait for one another.
func machine() []loops {
	if !cpu.X86.HasAVX2 {
		return nil
	}
	avx2 := loops{"avx2", sweepAVX2, sweepBackAVX2, restrictAVX2, prolongAVX2}
	avx512 := avx2
	avx512.name = "avx512"
	return []loops{avx512, avx2}
}

//go:noescape
func sweepAVX2(l *level)

//go:noescape
func sweepBackAVX2(l *level) float64

//go:noescape
func restrictAVX2(l, c *level)

//go:noescape
func prolongAVX2(l, c *level) float64
