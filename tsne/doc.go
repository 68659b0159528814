// Package tsne lays out points of many dimensions in one, two or three, so that
// near points stay near: t-distributed stochastic neighbour embedding (van der
// Maaten and Hinton 2008), exact or by Barnes-Hut (van der Maaten 2014).
//
// [Fit] takes the rows of any gonum mat.Matrix and, with the zero [Options],
// computes what scikit-learn's TSNE() does; openTSNE's schedule is there by
// name. [Result.Transform] places new points into a finished layout. Package
// quality says how much of the neighbourhood of the input a layout keeps.
//
// The files are the papers': affinity.go the perplexity search and the joint
// probabilities, gradient_exact.go, gradient_barneshut.go and gradient_fft.go the
// three ways to sum the gradient of objective.go, optimise.go and mover.go the
// descent. What finds neighbours and sums forces is in packages of its own, under
// internal.
//
// Results do not depend on GOMAXPROCS, to the last bit. Whatever the input,
// duplicates included, no coordinate is ever NaN or infinite.
package tsne
