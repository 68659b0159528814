package budget_test

import (
	"fmt"

	"github.com/glimpse-go/glimpse/internal/budget"
)

func Example() {
	b := budget.New(1000) // a file of 1000 bytes
	var list []float64
	var err error
	if list, err = budget.Grow(b, list, 100); err == nil {
		fmt.Println(len(list), cap(list) >= 100)
	}
	fmt.Println(b.Take(1 << 30))
	// Output:
	// 0 true
	// refused: it would take more memory than 4 times the file's 1000 bytes
}
