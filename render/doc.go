// Package render draws what the other packages compute: heat maps over images
// and figures of many of them (Overlay, Grid), as OpenCV and matplotlib do to
// the byte, scatter plots of layouts (Scatter), scree plots (Scree), the curves of
// a training (Curves) and what it confuses (Confusion), as pixels and as SVG.
// Package explorer below draws layouts in a browser.
//
// The same input gives the same bytes. Text is set in the Go font, which has the
// Latin letters of Europe, Greek and Cyrillic ones; in pixels others show as boxes,
// unless a Font that has them is given. Names are drawn as they are, but for what
// cannot be seen, such as line breaks and marks of direction: \n, \u202e.
package render
