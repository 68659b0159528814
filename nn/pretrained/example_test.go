package pretrained_test

import (
	"fmt"

	"github.com/glimpse-go/glimpse/nn/pretrained"
)

// A state dict, as checkpoint.Load gives it; model.New makes it a classifier.
func Example() {
	sd, err := pretrained.CIFAR10()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sd.Len(), "tensors for", sd.Metadata["classes"])
	fmt.Println("input of", sd.Metadata["size"], "pixels, mean", sd.Metadata["mean"])
	// Output:
	// 122 tensors for airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck
	// input of 32 pixels, mean 0.5
}
