//go:build !purego

package neighbours

import "golang.org/x/sys/cpu"

// machineScanners lists the loops in assembly that this processor can run.
func machineScanners() []scanner {
	var list []scanner
	if cpu.X86.HasAVX512F {
		list = append(list, scanner{"avx512", scanAVX512})
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		list = append(list, scanner{"avx2", scanAVX2})
	}
	return list
}

//go:noescape
func scanAVX512(products, base []float32, factor, limit float32) int

//go:noescape
func scanAVX2(products, base []float32, factor, limit float32) int
