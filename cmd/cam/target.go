package main

import (
	"strings"

	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/nn"
)

// targetByName follows -target: what of the class is explained.
func targetByName(text string, classes []string) (func(classes []int) nn.Target, error) {
	switch text {
	case "logit":
		return nn.Logit, nil
	case "probability":
		return nn.Probability, nil
	case "logprobability":
		return nn.LogProbability, nil
	case "against":
		return func(c []int) nn.Target { return nn.Minus(nn.Logit(c)) }, nil
	case "finer":
		return func(c []int) nn.Target { return nn.Finer(c, 1, 3) }, nil
	}
	if name, ok := strings.CutPrefix(text, "over:"); ok {
		other, err := classIndex("-target over:", name, classes)
		if err != nil {
			return nil, err
		}
		logit := nn.Logit([]int{other})
		same := func(_ int, z, d []float64) (float64, error) { return logit(0, z, d) } // for every image
		return func(c []int) nn.Target { return nn.Plus(nn.Logit(c), nn.Minus(same)) }, nil
	}
	return nil, cli.Usagef("-target %q: want logit, probability, logprobability, against, finer or over:CLASS", text)
}
