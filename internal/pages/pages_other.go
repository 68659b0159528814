//go:build !linux

package pages

// Large does nothing here: systems other than Linux decide by themselves.
func Large[T any]([]T) {}
