//go:build !purego

package neighbours

import "golang.org/x/sys/cpu"

// machineLoops lists the loops in assembly that this processor can run.
func machineLoops() []loops {
	var list []loops
	if cpu.X86.HasAVX512F {
		list = append(list, loops{"avx512", scanAVX512, squaresAVX2f32, squaresAVX2f64})
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		list = append(list, loops{"avx2", scanAVX2, squaresAVX2f32, squaresAVX2f64})
	}
	return list
}

//go:noescape
func scanAVX512(products, base []float32, factor, limit float32) int

//go:noescape
func scanAVX2(products, base []float32, factor, limit float32) int

//go:noescape
func squaresAVX2f32(a *float64, rows *float32, at *[4]int, quads int, sums *[4][4]float64)

//go:noescape
func squaresAVX2f64(a *float64, rows *float64, at *[4]int, quads int, sums *[4][4]float64)
