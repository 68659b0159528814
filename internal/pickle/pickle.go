// Package pickle decodes Python's pickles without trusting them.
//
// A pickle is a program for a stack machine, and Python's own machine calls
// whatever function the pickle names. This one calls nothing. It builds
// numbers, strings, tuples, lists and dicts; each global, call, state and
// persistent id is handed to the caller's Env, which knows the few that its
// format needs and refuses the rest by name.
//
// Nothing here recurses, each instruction takes time in proportion to the
// bytes or stack entries that it consumes, and every allocation is booked to
// a budget, so any bytes end in a value or an error soon and within bounds.
//
// It knows the instructions that protocols 2 to 5 use (the reference is
// CPython's pickletools).
package pickle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/glimpse-go/glimpse/internal/budget"
)

// A decoded value is nil (None), a bool, an int64, a float64, a string, a
// Long, a Span, a Tuple, a *List, a *Dict, or what an Env returned.
type (
	// Tuple is a tuple, or a frozenset.
	Tuple []any
	// List is a list, or a set.
	List struct{ Items []any }
	// Dict is a dict. A key that is set twice has two entries.
	Dict struct{ Entries []Entry }
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

// Decode decodes the pickle that begins at off in r and ends before end. It
// returns the value and the offset after the pickle. Errors name the offset of
// the instruction.
func Decode(r io.ReaderAt, off, end int64, b *budget.Budget, env Env) (value any, next int64, err error) {
	m := &machine{in: stream{r: r, next: off, end: end}, start: off, budget: b, env: env}
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

// The instructions, by their names in pickletools.
const (
	opProto           = 0x80
	opFrame           = 0x95
	opStop            = '.'
	opPop             = '0'
	opPopMark         = '1'
	opMark            = '('
	opNone            = 'N'
	opNewTrue         = 0x88
	opNewFalse        = 0x89
	opBinInt          = 'J'
	opBinInt1         = 'K'
	opBinInt2         = 'M'
	opLong1           = 0x8a
	opLong4           = 0x8b
	opBinFloat        = 'G'
	opBinUnicode      = 'X'
	opShortBinUnicode = 0x8c
	opBinUnicode8     = 0x8d
	opBinString       = 'T'
	opShortBinString  = 'U'
	opBinBytes        = 'B'
	opShortBinBytes   = 'C'
	opBinBytes8       = 0x8e
	opByteArray8      = 0x96
	opEmptyTuple      = ')'
	opTuple           = 't'
	opTuple1          = 0x85
	opTuple2          = 0x86
	opTuple3          = 0x87
	opEmptyList       = ']'
	opAppend          = 'a'
	opAppends         = 'e'
	opEmptyDict       = '}'
	opSetItem         = 's'
	opSetItems        = 'u'
	opEmptySet        = 0x8f
	opAddItems        = 0x90
	opFrozenSet       = 0x91
	opBinPut          = 'q'
	opLongBinPut      = 'r'
	opMemoize         = 0x94
	opBinGet          = 'h'
	opLongBinGet      = 'j'
	opGlobal          = 'c'
	opStackGlobal     = 0x93
	opInst            = 'i'
	opReduce          = 'R'
	opNewObj          = 0x81
	opBuild           = 'b'
	opBinPersID       = 'Q'
)

// A machine runs one pickle.
type machine struct {
	in     stream
	start  int64
	budget *budget.Budget
	env    Env
	stack  []any
	marks  []int             // heights of the stack
	memo   []*[memoChunk]any // in chunks, as it is what grows most
	puts   int               // entries that are not absent
}

// memoChunk entries of the memo are allocated at once: 4 KiB.
const memoChunk = 256

// absent is the memo's entry where nothing was put.
type absent struct{}

// step runs one instruction; done tells that it was the last.
func (m *machine) step() (done bool, err error) {
	code, err := m.in.take(1)
	if err != nil {
		return false, err
	}
	switch op := code[0]; op {
	case opProto:
		v, err := m.in.uint(1)
		if err == nil && v > 5 {
			err = fmt.Errorf("protocol %d, expected at most 5", v)
		}
		return false, err
	case opFrame: // a hint about buffering; what it frames is read as it comes
		_, err := m.in.length(8)
		return false, err
	case opStop:
		if len(m.stack) != 1 || len(m.marks) != 0 {
			return false, fmt.Errorf("the pickle stops with %d values and %d marks on its stack, expected 1 and 0", len(m.stack), len(m.marks))
		}
		return true, nil

	case opNone:
		return false, m.push(nil, 0)
	case opNewTrue:
		return false, m.push(true, 0)
	case opNewFalse:
		return false, m.push(false, 0)
	case opBinInt1:
		return false, m.pushInt(1)
	case opBinInt2:
		return false, m.pushInt(2)
	case opBinInt:
		v, err := m.in.uint(4)
		if err != nil {
			return false, err
		}
		return false, m.pushInt64(int64(int32(v)))
	case opLong1:
		return false, m.pushLong(1)
	case opLong4:
		return false, m.pushLong(4)
	case opBinFloat:
		p, err := m.in.take(8)
		if err != nil {
			return false, err
		}
		return false, m.push(math.Float64frombits(binary.BigEndian.Uint64(p)), 8)

	case opShortBinUnicode:
		return false, m.pushText(1, math.MaxInt64)
	case opBinUnicode:
		return false, m.pushText(4, math.MaxInt64)
	case opBinUnicode8:
		return false, m.pushText(8, math.MaxInt64)
	case opShortBinString:
		return false, m.pushText(1, MaxString)
	case opBinString:
		return false, m.pushText(4, MaxString)
	case opShortBinBytes:
		return false, m.pushText(1, 0)
	case opBinBytes:
		return false, m.pushText(4, 0)
	case opBinBytes8, opByteArray8:
		return false, m.pushText(8, 0)

	case opPop:
		// Python pops the mark when nothing lies above it.
		if n := len(m.marks); n > 0 && m.marks[n-1] == len(m.stack) {
			m.marks = m.marks[:n-1]
			return false, nil
		}
		_, err := m.pop()
		return false, err
	case opMark:
		m.marks, err = budget.Grow(m.budget, m.marks, 1)
		if err == nil {
			m.marks = append(m.marks, len(m.stack))
		}
		return false, err
	case opPopMark:
		_, err := m.popMark()
		return false, err

	case opEmptyTuple:
		return false, m.pushTuple(nil)
	case opTuple1, opTuple2, opTuple3:
		items, err := m.popN(int(op) - opTuple1 + 1)
		if err != nil {
			return false, err
		}
		return false, m.pushTuple(items)
	case opTuple, opFrozenSet:
		items, err := m.popMark()
		if err != nil {
			return false, err
		}
		return false, m.pushTuple(items)
	case opEmptyList, opEmptySet:
		return false, m.push(&List{}, 24)
	case opEmptyDict:
		return false, m.push(&Dict{}, 24)
	case opAppend:
		items, err := m.popN(1)
		if err != nil {
			return false, err
		}
		return false, m.extend(items)
	case opAppends, opAddItems:
		items, err := m.popMark()
		if err != nil {
			return false, err
		}
		return false, m.extend(items)
	case opSetItem:
		items, err := m.popN(2)
		if err != nil {
			return false, err
		}
		return false, m.set(items)
	case opSetItems:
		items, err := m.popMark()
		if err != nil {
			return false, err
		}
		return false, m.set(items)

	case opMemoize:
		return false, m.put(uint64(m.puts))
	case opBinPut, opLongBinPut:
		i, err := m.in.uint(memoIndexSize(op == opBinPut))
		if err != nil {
			return false, err
		}
		return false, m.put(i)
	case opBinGet, opLongBinGet:
		i, err := m.in.uint(memoIndexSize(op == opBinGet))
		if err != nil {
			return false, err
		}
		return false, m.get(i)

	case opGlobal, opInst:
		module, err := m.in.line()
		if err != nil {
			return false, err
		}
		name, err := m.in.line()
		if err != nil {
			return false, err
		}
		if err := errors.Join(m.budget.Take(len(module)), m.budget.Take(len(name))); err != nil {
			return false, err
		}
		v, err := m.env.Global(module, name)
		if err != nil {
			return false, err
		}
		if op == opInst {
			return false, fmt.Errorf("instruction INST of %s.%s is not supported", module, name)
		}
		return false, m.push(v, 0)
	case opStackGlobal:
		items, err := m.popN(2)
		if err != nil {
			return false, err
		}
		module, ok1 := items[0].(string)
		name, ok2 := items[1].(string)
		if !ok1 || !ok2 {
			return false, errors.New("a global whose name is no string")
		}
		v, err := m.env.Global(module, name)
		if err != nil {
			return false, err
		}
		return false, m.push(v, 0)
	case opReduce, opNewObj:
		items, err := m.popN(2)
		if err != nil {
			return false, err
		}
		args, ok := items[1].(Tuple)
		if !ok {
			return false, fmt.Errorf("a call whose arguments are %s, expected a tuple", Kind(items[1]))
		}
		v, err := m.env.Call(items[0], args)
		if err != nil {
			return false, err
		}
		return false, m.push(v, 0)
	case opBuild:
		items, err := m.popN(2)
		if err != nil {
			return false, err
		}
		v, err := m.env.Build(items[0], items[1])
		if err != nil {
			return false, err
		}
		return false, m.push(v, 0)
	case opBinPersID:
		id, err := m.pop()
		if err != nil {
			return false, err
		}
		v, err := m.env.Persistent(id)
		if err != nil {
			return false, err
		}
		return false, m.push(v, 0)

	default:
		return false, fmt.Errorf("unknown or unsupported instruction %q", op)
	}
}

func memoIndexSize(short bool) int {
	if short {
		return 1
	}
	return 4
}

// push puts v on the stack; cost is the memory that v itself took.
func (m *machine) push(v any, cost int) error {
	if cost > 0 {
		if err := m.budget.Take(cost); err != nil {
			return err
		}
	}
	var err error
	if m.stack, err = budget.Grow(m.budget, m.stack, 1); err != nil {
		return err
	}
	m.stack = append(m.stack, v)
	return nil
}

// pushInt pushes an unsigned integer of n bytes.
func (m *machine) pushInt(n int) error {
	v, err := m.in.uint(n)
	if err != nil {
		return err
	}
	return m.pushInt64(int64(v))
}

func (m *machine) pushInt64(v int64) error {
	if v >= 0 && v < 256 {
		return m.push(v, 0) // Go keeps these ready
	}
	return m.push(v, 8)
}

// pushLong pushes an integer in two's complement whose length takes n bytes.
func (m *machine) pushLong(n int) error {
	size, err := m.in.length(n)
	if err != nil {
		return err
	}
	if size > 255 {
		return fmt.Errorf("an integer of %d bytes, expected at most 255", size)
	}
	p, err := m.in.take(int(size))
	if err != nil {
		return err
	}
	if size > 8 {
		return m.push(Long(p), 16+int(size))
	}
	var full [8]byte
	copy(full[:], p)
	if size > 0 && p[size-1]&0x80 != 0 { // negative: extend the sign
		for i := size; i < 8; i++ {
			full[i] = 0xff
		}
	}
	return m.pushInt64(int64(binary.LittleEndian.Uint64(full[:])))
}

// pushText pushes a string whose length takes n bytes or, where it is at
// least spanFrom bytes long, its Span.
func (m *machine) pushText(n int, spanFrom int64) error {
	size, err := m.in.length(n)
	if err != nil {
		return err
	}
	if size >= spanFrom {
		s := Span{m.in.pos(), size}
		m.in.skip(size)
		return m.push(s, 16)
	}
	if err := m.budget.Take(16 + int(size)); err != nil {
		return err
	}
	s, err := m.in.text(int(size))
	if err != nil {
		return err
	}
	return m.push(s, 0)
}

// pushTuple pushes a tuple of a copy of items.
func (m *machine) pushTuple(items []any) error {
	if len(items) == 0 {
		return m.push(Tuple(nil), 0)
	}
	if err := m.budget.Take(24 + 16*len(items)); err != nil {
		return err
	}
	return m.push(append(make(Tuple, 0, len(items)), items...), 0)
}

// popN takes the n topmost values off the stack, none of them below the
// topmost mark. They are valid until the next push.
func (m *machine) popN(n int) ([]any, error) {
	low := 0
	if len(m.marks) > 0 {
		low = m.marks[len(m.marks)-1]
	}
	if len(m.stack)-low < n {
		return nil, fmt.Errorf("the stack holds %d values, expected %d", len(m.stack)-low, n)
	}
	items := m.stack[len(m.stack)-n:]
	m.stack = m.stack[:len(m.stack)-n]
	return items, nil
}

func (m *machine) pop() (any, error) {
	items, err := m.popN(1)
	if err != nil {
		return nil, err
	}
	return items[0], nil
}

// popMark takes the values above the topmost mark off the stack, and the
// mark. They are valid until the next push.
func (m *machine) popMark() ([]any, error) {
	n := len(m.marks)
	if n == 0 {
		return nil, errors.New("no mark on the stack")
	}
	low := m.marks[n-1]
	m.marks = m.marks[:n-1]
	items := m.stack[low:]
	m.stack = m.stack[:low]
	return items, nil
}

// top returns the topmost value, which must lie above the topmost mark.
func (m *machine) top() (any, error) {
	v, err := m.pop()
	if err != nil {
		return nil, err
	}
	m.stack = m.stack[:len(m.stack)+1]
	return v, nil
}

// extend appends items to the list on top of the stack.
func (m *machine) extend(items []any) error {
	top, err := m.top()
	if err != nil {
		return err
	}
	list, ok := top.(*List)
	if !ok {
		return fmt.Errorf("items appended to %s, expected a list", Kind(top))
	}
	if list.Items, err = budget.Grow(m.budget, list.Items, len(items)); err != nil {
		return err
	}
	list.Items = append(list.Items, items...)
	return nil
}

// set sets alternating keys and values in the dict on top of the stack.
func (m *machine) set(items []any) error {
	top, err := m.top()
	if err != nil {
		return err
	}
	dict, ok := top.(*Dict)
	if !ok {
		return fmt.Errorf("items set in %s, expected a dict", Kind(top))
	}
	if len(items)%2 != 0 {
		return errors.New("a key without a value")
	}
	if dict.Entries, err = budget.Grow(m.budget, dict.Entries, len(items)/2); err != nil {
		return err
	}
	for i := 0; i < len(items); i += 2 {
		dict.Entries = append(dict.Entries, Entry{items[i], items[i+1]})
	}
	return nil
}

// put keeps the topmost value under index i of the memo.
func (m *machine) put(i uint64) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	// Writers number from 0, and each value takes a byte at least.
	if i >= uint64(m.in.pos()-m.start) {
		return fmt.Errorf("memo index %d after %d bytes", i, m.in.pos()-m.start)
	}
	c := int(i) / memoChunk
	if n := c + 1 - len(m.memo); n > 0 {
		if m.memo, err = budget.Grow(m.budget, m.memo, n); err != nil {
			return err
		}
		m.memo = m.memo[:c+1]
	}
	if m.memo[c] == nil {
		if err := m.budget.Take(16 * memoChunk); err != nil {
			return err
		}
		m.memo[c] = new([memoChunk]any)
		for j := range m.memo[c] {
			m.memo[c][j] = absent{}
		}
	}
	slot := &m.memo[c][i%memoChunk]
	if *slot == (absent{}) {
		m.puts++
	}
	*slot = v
	return nil
}

// get pushes what was put under index i of the memo.
func (m *machine) get(i uint64) error {
	if c := i / memoChunk; c < uint64(len(m.memo)) && m.memo[c] != nil {
		if v := m.memo[c][i%memoChunk]; v != (absent{}) {
			return m.push(v, 0)
		}
	}
	return fmt.Errorf("memo entry %d was never put", i)
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
