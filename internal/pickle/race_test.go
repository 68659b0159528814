//go:build race

package pickle

// raceEnabled leaves out what counts bytes to the last: the detector takes some too.
const raceEnabled = true
