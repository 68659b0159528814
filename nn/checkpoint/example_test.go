package checkpoint_test

import (
	"bytes"
	"context"
	"fmt"
	"log"

	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// Load what torch.save(model.state_dict(), "module.pth") wrote.
func Example() {
	sd, err := checkpoint.Load(context.Background(), "../../testdata/golden/checkpoint/module.pth")
	if err != nil {
		log.Fatal(err)
	}
	for t := range sd.All() {
		fmt.Println(t.Name, t.DType, t.Shape)
	}
	bias, _ := sd.Get("fc.bias")
	values, err := bias.Float32() // the loaded memory itself
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f\n", values)
	// Output:
	// conv.weight F32 [4 3 3 3]
	// conv.bias F32 [4]
	// bn.weight F32 [4]
	// bn.bias F32 [4]
	// bn.running_mean F32 [4]
	// bn.running_var F32 [4]
	// bn.num_batches_tracked I64 []
	// fc.weight F32 [2 4]
	// fc.bias F32 [2]
	// [-0.0447 -0.0385]
}

// Keep a model in half the space.
func ExampleStateDict_Convert() {
	sd, err := checkpoint.Load(context.Background(), "../../testdata/golden/checkpoint/module.legacy.pth")
	if err != nil {
		log.Fatal(err)
	}
	half, err := sd.Convert(checkpoint.F16)
	if err != nil {
		log.Fatal(err)
	}
	half.Metadata = map[string]string{"classes": "cat,dog"}
	var file bytes.Buffer // or a path: checkpoint.SaveSafetensors
	if err := checkpoint.WriteSafetensors(&file, half); err != nil {
		log.Fatal(err)
	}
	again, err := checkpoint.Read(context.Background(), bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		log.Fatal(err)
	}
	weight, _ := again.Get("conv.weight")
	fmt.Println(weight.DType, weight.Len(), again.Metadata["classes"])
	// Output: F16 108 cat,dog
}
