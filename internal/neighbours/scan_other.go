//go:build purego || !amd64

package neighbours

// machineScanners is empty: this build has the portable loops alone.
func machineScanners() []scanner { return nil }
