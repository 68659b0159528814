//go:build !purego

package transpose

import "golang.org/x/sys/cpu"

// Transpose does it.
func (t *Runs) Transpose() {
	if cpu.X86.HasAVX2 && t.Count%8 == 0 {
		runsAVX2(t)
		return
	}
	runsGo(t)
}

// runsAVX2 takes eight runs at a time, a multiple of 8.
//
//go:noescape
func runsAVX2(t *Runs)
