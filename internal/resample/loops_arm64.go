//go:build !purego

package resample

// machine is NEON, which every arm64 processor has. It multiplies in 32 bits, in which the
// sums fit, so that taps stay as they are.
func machine() []*loops {
	return []*loops{{name: "neon", filter: filterNEON, mix: mixNEON, block: 16, group: 4}}
}

//go:noescape
func filterNEON(dst0, dst1, src0, src1 *uint8, from *int, taps *uint32, width, n int)

//go:noescape
func mixNEON(dst, src *uint8, stride int, taps *uint32, count, n int)
