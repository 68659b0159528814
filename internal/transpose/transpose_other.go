//go:build !amd64 || purego

package transpose

// Transpose does it.
func (t *Runs) Transpose() { runsGo(t) }
