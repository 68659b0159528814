//go:build purego || !amd64

package pca

func driftAVX2f64(int, *float64, int, *float64, int, *float64, *float64) {}

func driftAVX2f32(int, *float32, int, *float32, int, *float64, *float64) {}

func centreAVX2f64(*float64, int, int, *float64, *float64) {}

func centreAVX2f32(*float32, int, int, *float64, *float64) {}
