// Package scratch is memory that is used again from call to call.
package scratch

// Resize returns s with length n, its contents lost.
func Resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
