//go:build purego || !amd64

package neighbours

// machineLoops is empty: this build has the portable loops alone.
func machineLoops() []loops { return nil }
