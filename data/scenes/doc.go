// Package scenes is a data set that needs no files: pictures drawn by a
// deterministic generator, each of one object over clutter, with the pixels that
// the object covers, so that localisation can be scored. There are as many as
// there are indices; the network of [nn/pretrained] was trained on others than
// the first [HeldOut].
//
// [nn/pretrained]: https://pkg.go.dev/github.com/glimpse-go/glimpse/nn/pretrained
package scenes
