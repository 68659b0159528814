//go:build purego || !amd64

package pca

// vectors is a variable for the tests.
var vectors = false

func rows4AVX2(int, *float64, int, *float64, *float64, *[4]float64, *[4]float64) {}

func turnAVX2(*float64, *rotation, int) {}
