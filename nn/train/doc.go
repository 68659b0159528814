// Package train has what training takes beside the network: losses, optimisers, schedules
// of the learning rate, clipping of gradients, a moving average of the weights, and the
// linear probe.
//
// Each is PyTorch's of the same name, and what differs is said. A step of training is
//
//	value, logits, err := training.Learn(ctx, x, train.CrossEntropy(labels, 0.1))
//	norm := train.ClipNorm(training.Parameters(), 1)
//	err = optimizer.Step(training.Parameters(), schedule(step))
//	err = average.Update(graph.State())
//
// Nothing here depends on how many goroutines run: the same input gives the same bits.
package train
