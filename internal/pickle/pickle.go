// Package pickle decodes Python's pickles without trusting them.
//
// A pickle is a program for a stack machine, and Python's own machine calls
// whatever function the pickle names. This one calls nothing. It builds
// numbers, strings, tuples, lists and dicts; each global, call, state and
// persistent id is handed to the caller's Env, which knows the few that its
// format needs, and refuses the rest by name or puts a value in their place
// that stands for nothing ([Opaque]).
//
// Nothing here recurses, each instruction takes time in proportion to the
// bytes or stack entries that it consumes, and every allocation is booked to
// a budget, so any bytes end in a value or an error soon and within bounds.
//
// It knows the instructions of protocols 0 to 5 (the reference is CPython's
// pickletools), but for extension codes and for buffers outside the pickle.
package pickle

import (
	"fmt"
	"io"

	"github.com/glimpse-go/glimpse/internal/budget"
)

// A decoded value is nil (None), a bool, an int64, a float64, a string, a
// Long, a Span, a Tuple, a *List, a *Dict, or what an Env returned.
type (
	// Tuple is a tuple, or a frozenset.
	Tuple []any
	// List is a list, or a set.
	List struct{ Items []any }
	// Dict is a dict. A key that is set twice has two entries. LeftOut counts those that
	// a Selective did not need.
	Dict struct {
		Entries []Entry
		LeftOut int
	}
	// Entry is a key of a dict with its value.
	Entry struct{ Key, Value any }
	// Long is an integer that does not fit an int64, in little-endian two's
	// complement.
	Long string
	// Span is where a bytes object lies in the input. It is not read, and so
	// costs no memory. The strings of Python 2, which hold either text or raw
	// bytes, are Spans from MaxString bytes up.
	Span struct{ Off, Len int64 }
)

// MaxString is the length from which a Python 2 string is taken for raw bytes.
const MaxString = 1 << 16

// An Env gives meaning to what a pickle refers to outside itself. What it
// allocates it books to the decoder's budget itself.
type Env interface {
	// Global returns what stands for module.name, or an error that refuses
	// it.
	Global(module, name string) (any, error)
	// Call returns what stands for the result of calling f, which Global or
	// Call returned, with args.
	Call(f any, args Tuple) (any, error)
	// Build returns what stands for obj once state is set on it.
	Build(obj, state any) (any, error)
	// Persistent returns the object of a persistent id.
	Persistent(id any) (any, error)
}

// Opaque is a value of an Env that stands for an object which it does not build. What is
// appended to it or set in it is dropped.
type Opaque interface{ Opaque() }

// Selective is an Env that does not need all that there is: the losses of a training, by the
// hundred thousand. Lists and dicts leave out what is not needed, and floats are read as 0.
type Selective interface {
	// Unneeded tells whether the item of a list (with a nil key) or a dict can be left
	// out.
	Unneeded(key, value any) bool
}

// Decode decodes the pickle that begins at off in r and ends before end. It
// returns the value and the offset after the pickle. Errors name the offset of
// the instruction.
func Decode(r io.ReaderAt, off, end int64, b *budget.Budget, env Env) (value any, next int64, err error) {
	m := &machine{in: stream{r: r, next: off, end: end}, start: off, budget: b, env: env}
	m.selective, _ = env.(Selective)
	for {
		at := m.in.pos()
		done, err := m.step()
		if err != nil {
			return nil, 0, fmt.Errorf("pickle byte %d: %w", at, err)
		}
		if done {
			return m.stack[0], m.in.pos(), nil
		}
	}
}

// Kind names a value's type for an error message, as Python would.
func Kind(v any) string {
	switch v.(type) {
	case nil:
		return "None"
	case bool:
		return "a bool"
	case int64, Long:
		return "an int"
	case float64:
		return "a float"
	case string:
		return "a str"
	case Span:
		return "bytes"
	case Tuple:
		return "a tuple"
	case *List:
		return "a list"
	case *Dict:
		return "a dict"
	}
	if k, ok := v.(interface{ Kind() string }); ok {
		return k.Kind()
	}
	return fmt.Sprintf("a %T", v)
}
