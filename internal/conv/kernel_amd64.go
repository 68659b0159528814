//go:build !purego

package conv

import "golang.org/x/sys/cpu"

// machineKernels lists the kernels in assembly that this processor can run.
// The tiles are those of internal/gemm.
func machineKernels() []*kernel {
	var list []*kernel
	if cpu.X86.HasAVX512F {
		list = append(list, &kernel{
			name: "avx512", rows: 8, lanes: 32, narrow: 16,
			mul:    mulAVX512,
			outer:  outerAVX512,
			spread: spreadAVX512, gather: gatherAVX512,
			input:  [variants]func(*transform){input2AVX512, input4AVX512},
			output: [variants]func(*transform){output2AVX512, output4AVX512},
			filter: [variants]func(*transform){filter2AVX512, filter4AVX512},
			pool:   poolAVX512, stencil: stencilAVX512, choose: chooseAVX512,
		})
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		list = append(list, &kernel{
			name: "avx2", rows: 6, lanes: 16, narrow: 16,
			mul:    mulAVX2,
			outer:  outerAVX2,
			spread: spreadAVX2, gather: gatherAVX2,
			input:  [variants]func(*transform){input2AVX2, input4AVX2},
			output: [variants]func(*transform){output2AVX2, output4AVX2},
			filter: [variants]func(*transform){filter2AVX2, filter4AVX2},
			pool:   poolAVX2, stencil: stencilAVX2, choose: chooseAVX2,
		})
	}
	return list
}

//go:noescape
func mulAVX512(p *product)

//go:noescape
func input2AVX512(t *transform)

//go:noescape
func input4AVX512(t *transform)

//go:noescape
func output2AVX512(t *transform)

//go:noescape
func output4AVX512(t *transform)

//go:noescape
func poolAVX512(p *pooling)

//go:noescape
func mulAVX2(p *product)

//go:noescape
func input2AVX2(t *transform)

//go:noescape
func input4AVX2(t *transform)

//go:noescape
func output2AVX2(t *transform)

//go:noescape
func output4AVX2(t *transform)

//go:noescape
func poolAVX2(p *pooling)

//go:noescape
func stencilAVX512(p *stencil)

//go:noescape
func stencilAVX2(p *stencil)

//go:noescape
func chooseAVX512(p *selection)

//go:noescape
func chooseAVX2(p *selection)

//go:noescape
func outerAVX512(p *outer)

//go:noescape
func outerAVX2(p *outer)

//go:noescape
func spreadAVX512(t *transform)

//go:noescape
func gatherAVX512(t *transform)

//go:noescape
func spreadAVX2(t *transform)

//go:noescape
func gatherAVX2(t *transform)

//go:noescape
func filter2AVX512(t *transform)

//go:noescape
func filter4AVX512(t *transform)

//go:noescape
func filter2AVX2(t *transform)

//go:noescape
func filter4AVX2(t *transform)
