package elementwise

import (
	"math"
	"unsafe"
)

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// normal is the distribution function of the normal distribution.
func normal(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

var activateGo = [functions]func(y, x *float32, n int){
	each(func(x float32) float32 { return clamp(x, 6) }),
	each(func(x float32) float32 { return float32(sigmoid(float64(x))) }),
	each(func(x float32) float32 { return float32(float64(x) * sigmoid(float64(x))) }),
	each(func(x float32) float32 { return clamp(x/6+0.5, 1) }),
	each(func(x float32) float32 { return x * clamp(x/6+0.5, 1) }),
	each(func(x float32) float32 { return float32(float64(x) * normal(float64(x))) }),
}

var gradientGo = [functions]func(dx, dy, x *float32, n int){
	eachTimes(func(x float64) float64 {
		if x <= 0 || x >= 6 {
			return 0
		}
		return 1
	}),
	eachTimes(sigmoidSlope),
	eachTimes(siluSlope),
	eachTimes(func(x float64) float64 {
		if x <= -3 || x >= 3 {
			return 0
		}
		return 1.0 / 6
	}),
	eachTimes(func(x float64) float64 {
		switch {
		case x <= -3:
			return 0
		case x >= 3:
			return 1
		}
		return x/3 + 0.5
	}),
	eachTimes(geluSlope),
}

func sigmoidSlope(x float64) float64 {
	s := sigmoid(x)
	return s * (1 - s)
}

func siluSlope(x float64) float64 {
	s := sigmoid(x)
	return s * (1 + x*(1-s))
}

func geluSlope(x float64) float64 {
	return normal(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
}

// clamp returns x between 0 and top; NaN stays.
func clamp(x, top float32) float32 {
	switch {
	case x < 0:
		return 0
	case x > top:
		return top
	}
	return x
}

func each(f func(float32) float32) func(y, x *float32, n int) {
	return func(y, x *float32, n int) {
		to := unsafe.Slice(y, n)
		for i, v := range unsafe.Slice(x, n) {
			to[i] = f(v)
		}
	}
}

func eachTimes(slope func(float64) float64) func(dx, dy, x *float32, n int) {
	return func(dx, dy, x *float32, n int) {
		to, from := unsafe.Slice(dx, n), unsafe.Slice(dy, n)
		for i, v := range unsafe.Slice(x, n) {
			to[i] = from[i] * float32(slope(float64(v)))
		}
	}
}
