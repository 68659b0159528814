//go:build !purego

package resample

import "golang.org/x/sys/cpu"

// machine lists the loops in assembly that this processor can run.
func machine() []*loops {
	if !cpu.X86.HasAVX2 {
		return nil
	}
	avx2 := loops{name: "avx2", filter: filterAVX2, mix: mixAVX2, block: 32, group: 2, halves: true}
	avx512 := avx2
	avx512.name = "avx512"
	return []*loops{&avx512, &avx2}
}

//go:noescape
func filterAVX2(dst0, dst1, src0, src1 *uint8, from *int, taps *uint32, width, n int)

//go:noescape
func mixAVX2(dst, src *uint8, stride int, taps *uint32, count, n int)
