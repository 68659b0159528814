//go:build !purego

package gemm

// Loops of fused multiply-adds in registers, for BenchmarkPeak: 16 or 12
// independent ones a turn, more than latency times throughput on any
// processor. Only the benchmark links them.

//go:noescape
func peakAVX512f32(turns int)

//go:noescape
func peakAVX512f64(turns int)

//go:noescape
func peakAVX2f32(turns int)

//go:noescape
func peakAVX2f64(turns int)
