//go:build race

package cmd_test

// raceEnabled has the programs built with the race detector, too.
const raceEnabled = true
