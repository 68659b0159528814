// Package demo is what the programs use when they are given no files: scenes
// drawn by a deterministic generator, with the place of the object in each, so
// that localisation can be scored; a network trained on them; and a network
// trained on CIFAR-10. Importing it adds 7 MB of weights to a program.
package demo
