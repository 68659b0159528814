//go:build !purego

package transpose

// AVX2 is Go for eight runs at a time, on a processor that has AVX2.
//
//go:noescape
func AVX2(t *Runs)
