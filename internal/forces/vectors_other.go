//go:build purego || !amd64

package forces

// machineVectors is empty: this build has the portable loops alone.
func machineVectors() []vectors { return nil }
