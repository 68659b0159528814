// Package explorer writes points with their images and maps as one HTML file that is
// opened by a double click: a scatter plot to pan, zoom and search, in which every point
// shows its image, what the network said of it and where it found it (class activation
// maps), its nearest neighbours, and selections with their counts by class.
//
// The file needs no server and no network, and its Content-Security-Policy forbids one:
// the program (folder page, bundled into page/dist) and the data are in it. Numbers are
// binary, compressed with gzip where that pays, in base64; images are sprite sheets; maps
// are the coarse levels that the network gives, which the page brings to size and colours
// as package render does, to the byte. Names of classes, files and columns are data and
// never markup: they lie in a JSON block in which no "<" stands, and the page puts them
// into the document as text alone.
//
// The same page gives the same bytes, on any number of cores.
package explorer
