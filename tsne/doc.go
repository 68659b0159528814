// Package tsne lays out points of many dimensions in one, two or three, so that
// near points stay near: t-distributed stochastic neighbour embedding (van der
// Maaten and Hinton 2008), exact or by Barnes-Hut (van der Maaten 2014).
//
// [Fit] takes the rows of any gonum mat.Matrix and, with the zero [Options],
// computes what scikit-learn's TSNE() does; openTSNE's schedule is there by
// name. [Result.Transform] places new points into a finished layout. The
// quality measures say how much of the neighbourhood of the input a layout
// keeps.
//
// Results do not depend on GOMAXPROCS, to the last bit. Whatever the input,
// duplicates included, no coordinate is ever NaN or infinite.
package tsne
