// Package render draws what the other packages compute: heat maps over images
// and figures of many of them (Overlay, Grid), as OpenCV and matplotlib do to
// the byte, scatter plots of layouts (Scatter) and scree plots (Scree), as
// pixels and as SVG.
//
// The same input gives the same bytes. Text is set in the Go fonts, which have
// Latin, Greek and Cyrillic letters; in PNG, others show as boxes.
package render
