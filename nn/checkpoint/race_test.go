//go:build race

package checkpoint

// raceEnabled makes the tests that go over much data go over less.
const raceEnabled = true
