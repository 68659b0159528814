//go:build js && wasm

// Command worker is the network in a page: WebAssembly that runs in a Web Worker, or under
// Node, and explains images there with nothing leaving the machine. It is built with
//
//	GOOS=js GOARCH=wasm go build -trimpath -ldflags='-s -w' ./cmd/internal/live/worker
//
// and started by Go's wasm_exec.js. When its main has run, the global glimpseNetwork has
//
//	load(network, space, say)                  {about, classes}
//	explain(pixels, width, height, class)      see below
//
// network and space are the Uint8Arrays that package answer packed, space perhaps empty or
// null; say is called with what is being done, in words. pixels is a Uint8Array or
// Uint8ClampedArray as a canvas gives it, class a number, or -1 for the predicted one.
// explain returns
//
//	predictions  [{class, name, probability}], the likeliest first
//	logits       Float32Array, by class
//	map          {class, name, method, width, height, values: Float32Array, levels: Uint8Array}
//	input        {width, height, pixels: Uint8Array}: R, G, B, as the network saw it
//	places       [{layout, at: [x, y, ...]}]
//	neighbours   [index of a point, ...], the nearest by features first
//
// What fails returns {error: words} instead; nothing throws.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"syscall/js"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cmd/internal/live/answer"
)

func main() {
	w := &worker{}
	js.Global().Set("glimpseNetwork", map[string]any{"load": guarded(w.load), "explain": guarded(w.explain), "explainFile": guarded(w.explainFile)})
	select {} // the functions are called as long as the page is open
}

// guarded makes a function for JavaScript, whose errors, and panics of arguments of other
// kinds, are returned in words: a panic would end the program.
func guarded(f func(args []js.Value) (map[string]any, error)) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) (result any) {
		defer func() {
			if p := recover(); p != nil {
				result = map[string]any{"error": fmt.Sprint(p)}
			}
		}()
		out, err := f(args)
		if err != nil {
			return map[string]any{"error": err.Error()}
		}
		return out
	})
}

// worker has the network once it is loaded.
type worker struct{ session *answer.Session }

func (w *worker) load(args []js.Value) (map[string]any, error) {
	if len(args) != 3 {
		return nil, fmt.Errorf("load: %d arguments, want network, space and say", len(args))
	}
	say := func(words string) { args[2].Invoke(words) }
	session, err := answer.Load(context.Background(), bytesOf(args[0]), bytesOf(args[1]), say)
	if err != nil {
		return nil, err
	}
	w.session = session
	// The engine compiles anew what runs often: the first image would take five times as
	// long as the next. What does not fit the network shows at a real one.
	say("trying the network")
	const side = 64
	_, _ = session.Explain(context.Background(), make([]byte, 4*side*side), side, side, cam.Predicted)
	return map[string]any{"about": session.About(), "classes": list(session.Classes())}, nil
}

func (w *worker) explain(args []js.Value) (map[string]any, error) {
	switch {
	case len(args) != 4:
		return nil, fmt.Errorf("explain: %d arguments, want pixels, width, height and class", len(args))
	case w.session == nil:
		return nil, fmt.Errorf("explain: no network is loaded")
	}
	width, height := args[1].Int(), args[2].Int()
	if n := args[0].Length(); n > 4*answer.MaxPixels { // before they are copied
		return nil, fmt.Errorf("an image of %d x %d pixels, want at most %d pixels", width, height, answer.MaxPixels)
	}
	a, err := w.session.Explain(context.Background(), bytesOf(args[0]), width, height, args[3].Int())
	if err != nil {
		return nil, err
	}
	return w.object(a), nil
}

func (w *worker) explainFile(args []js.Value) (map[string]any, error) {
	switch {
	case len(args) != 2:
		return nil, fmt.Errorf("explainFile: %d arguments, want file and class", len(args))
	case w.session == nil:
		return nil, fmt.Errorf("explainFile: no network is loaded")
	}
	a, err := w.session.ExplainFile(context.Background(), bytesOf(args[0]), args[1].Int())
	if err != nil {
		return nil, err
	}
	return w.object(a), nil
}

// object is an answer for JavaScript.
func (w *worker) object(a *answer.Answer) map[string]any {
	predictions := make([]any, len(a.Predictions))
	for i, p := range a.Predictions {
		predictions[i] = map[string]any{"class": p.Class, "name": p.Name, "probability": p.Probability}
	}
	places := make([]any, len(a.Places))
	for i, p := range a.Places {
		places[i] = map[string]any{"layout": p.Layout, "at": list(p.At)}
	}
	class, name := -1, "" // of a network without a last layer
	if len(a.Predictions) > 0 {
		class, name = a.Map.Class, w.session.Classes()[a.Map.Class]
	}
	return map[string]any{
		"predictions": predictions,
		"logits":      float32s(a.Logits),
		"map": map[string]any{
			"class": class, "name": name, "method": w.session.Method(),
			"width": a.Map.Width, "height": a.Map.Height,
			"values": float32s(a.Map.Values), "levels": uint8s(a.Levels),
		},
		"input":      map[string]any{"width": a.Width, "height": a.Height, "pixels": uint8s(a.Pixels)},
		"places":     places,
		"neighbours": list(a.Neighbours),
	}
}

// bytesOf copies a Uint8Array; null is none.
func bytesOf(v js.Value) []byte {
	if v.IsNull() || v.IsUndefined() {
		return nil
	}
	b := make([]byte, v.Length())
	js.CopyBytesToGo(b, v)
	return b
}

// uint8s makes a Uint8Array.
func uint8s(b []byte) js.Value {
	v := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(v, b)
	return v
}

// float32s makes a Float32Array.
func float32s(x []float32) js.Value {
	b := make([]byte, 0, 4*len(x))
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return js.Global().Get("Float32Array").New(uint8s(b).Get("buffer"))
}

// list makes an array.
func list[T any](values []T) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}
