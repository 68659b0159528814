// Package live puts a network into a page: what package render/explorer embeds so that an
// image dropped on the page gets its classes, its map and its place, with nothing leaving
// the machine. It makes these blocks:
//
//	live-wasm     the program, cmd/internal/live/worker, as WebAssembly (gzip)
//	live-exec     wasm_exec.js of the Go that built it, which starts it, after the licences
//	              of all that is in it (text)
//	live-network  the checkpoint in half precision, with its transform, class names and
//	              method (safetensors, [answer.PackNetwork]; gzip)
//	live-layout   what places an image among the points: features and layouts
//	              (safetensors, [answer.PackSpace]; gzip); left out where there are none
//
// The program is built by the go command where there is one and the module's source is at
// hand, once for each state of the source; else it is taken from a file of a release,
// live.wasm. The page's side is render/explorer/page/src/live.js and worker.js.
package live
