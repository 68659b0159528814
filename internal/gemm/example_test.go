package gemm_test

import (
	"fmt"

	"github.com/glimpse-go/glimpse/internal/gemm"
)

func ExampleFloat32() {
	a := []float32{
		1, 2, 3,
		4, 5, 6,
	}
	b := []float32{
		1, 0,
		0, 1,
		1, 1,
	}
	c := make([]float32, 4)
	if err := gemm.Float32(2, 2, 3, a, 3, b, 2, c, 2); err != nil {
		fmt.Println(err)
	}
	fmt.Println(c)
	// Output: [4 5 10 11]
}
