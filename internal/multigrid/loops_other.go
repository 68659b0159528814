//go:build !amd64 || purego

package multigrid

// machine is empty: this build has the portable loops alone.
func machine() []loops { return nil }
