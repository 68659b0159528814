package train_test

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/train"
)

// A small network learns to tell points of the plane whose coordinates have the same sign
// from the rest, which no line does.
func Example() {
	ctx, rng := context.Background(), rand.New(rand.NewPCG(1, 2))
	random := func(shape ...int) *nn.Tensor {
		x, err := nn.NewTensor(shape...)
		if err != nil {
			log.Fatal(err)
		}
		for i := range x.Data {
			x.Data[i] = float32(rng.NormFloat64())
		}
		return x
	}
	graph := &nn.Graph{}
	for i, op := range []nn.Operation{
		nn.Flatten{},
		&nn.Linear{Weight: random(8, 2), Bias: make([]float32, 8)},
		nn.ReLU,
		&nn.Linear{Weight: random(2, 8), Bias: make([]float32, 2)},
	} {
		if _, err := graph.Add([]string{"flatten", "hidden", "relu", "fc"}[i], op, i-1); err != nil {
			log.Fatal(err)
		}
	}

	training, err := nn.NewTraining(graph)
	if err != nil {
		log.Fatal(err)
	}
	const steps = 300
	schedule, err := train.Cosine(0.1, 0, steps)
	if err != nil {
		log.Fatal(err)
	}
	optimizer := &train.SGD{Momentum: 0.9, Nesterov: true, WeightDecay: 1e-4}
	average := &train.Average{Decay: 0.98}
	right := 0
	for step := range steps {
		x := random(64, 2, 1, 1)
		labels := make([]int, 64)
		for i := range labels {
			if (x.Data[2*i] > 0) == (x.Data[2*i+1] > 0) {
				labels[i] = 1
			}
		}
		_, logits, err := training.Learn(ctx, x, train.CrossEntropy(labels, 0))
		if err != nil {
			log.Fatal(err)
		}
		train.ClipNorm(training.Parameters(), 1)
		if err := optimizer.Step(training.Parameters(), schedule(step)); err != nil {
			log.Fatal(err)
		}
		if err := average.Update(graph.State()); err != nil {
			log.Fatal(err)
		}
		if step >= steps-10 {
			for i, label := range labels {
				if nn.Argmax(logits.Data[2*i:2*i+2]) == label {
					right++
				}
			}
		}
	}
	if err := average.Swap(graph.State()); err != nil { // the network has the averages now
		log.Fatal(err)
	}
	fmt.Println("over 95% of the last 640 points are told:", right > 608)
	// Output: over 95% of the last 640 points are told: true
}

func ExampleProbe() {
	// Features that tell the class by their difference.
	features := &nn.Tensor{Shape: []int{6, 2}, Data: []float32{1, 2, 3, 5, 5, 6, 2, 1, 5, 3, 6, 5}}
	layer, report, err := train.Probe(context.Background(), features, []int{0, 0, 0, 1, 1, 1}, 2, train.ProbeOptions{C: 10})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("converged: %t, loss %.4f\n", report.Converged, report.Loss)
	fmt.Printf("weights %.2f\n", layer.Weight.Data)
	// Output:
	// converged: true, loss 0.1056
	// weights [-1.35 1.35 1.35 -1.35]
}
