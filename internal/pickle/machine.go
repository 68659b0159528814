package pickle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"github.com/glimpse-go/glimpse/internal/budget"
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

	selective Selective // the env, where it is that
	odd       bool      // an odd number of integers was allocated
}

// memoChunk entries of the memo are allocated at once: 4 KiB.
const memoChunk = 256

// dictSize is the memory of an empty Dict.
const dictSize = int(unsafe.Sizeof(Dict{}))

// absent is the memo's entry where nothing was put.
type absent struct{}

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
	// Two of them share the allocator's smallest block, of 16 bytes.
	if m.odd = !m.odd; m.odd {
		return m.push(v, 16)
	}
	return m.push(v, 0)
}

// pushFloat pushes a number, or 0 where nobody will look at it.
func (m *machine) pushFloat(v float64) error {
	if m.selective != nil {
		return m.push(0.0, 0)
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
	if _, ok := top.(Opaque); ok {
		return nil
	}
	list, ok := top.(*List)
	if !ok {
		return fmt.Errorf("items appended to %s, expected a list", Kind(top))
	}
	return m.extendList(list, items)
}

// extendList appends items to a list, but for what nobody needs.
func (m *machine) extendList(list *List, items []any) error {
	if m.selective != nil {
		kept := items[:0]
		for _, item := range items {
			if !m.selective.Unneeded(nil, item) {
				kept = append(kept, item)
			}
		}
		items = kept
	}
	var err error
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
	if _, ok := top.(Opaque); ok {
		return nil
	}
	dict, ok := top.(*Dict)
	if !ok {
		return fmt.Errorf("items set in %s, expected a dict", Kind(top))
	}
	return m.setDict(dict, items)
}

func (m *machine) setDict(dict *Dict, items []any) error {
	if len(items)%2 != 0 {
		return errors.New("a key without a value")
	}
	if m.selective != nil {
		kept := items[:0]
		for i := 0; i < len(items); i += 2 {
			if m.selective.Unneeded(items[i], items[i+1]) {
				dict.LeftOut++
			} else {
				kept = append(kept, items[i], items[i+1])
			}
		}
		items = kept
	}
	var err error
	if dict.Entries, err = budget.Grow(m.budget, dict.Entries, len(items)/2); err != nil {
		return err
	}
	for i := 0; i < len(items); i += 2 {
		dict.Entries = append(dict.Entries, Entry{items[i], items[i+1]})
	}
	return nil
}

// reduce calls f with a tuple of arguments.
func (m *machine) reduce(f, args any) error {
	if _, ok := args.(Opaque); ok {
		args = Tuple(nil)
	}
	tuple, ok := args.(Tuple)
	if !ok {
		return fmt.Errorf("a call whose arguments are %s, expected a tuple", Kind(args))
	}
	v, err := m.env.Call(f, tuple)
	if err != nil {
		return err
	}
	return m.push(v, 0)
}

// call calls f with a copy of some items of the stack.
func (m *machine) call(f any, items []any) error {
	if err := m.budget.Take(24 + 16*len(items)); err != nil {
		return err
	}
	v, err := m.env.Call(f, append(make(Tuple, 0, len(items)), items...))
	if err != nil {
		return err
	}
	return m.push(v, 0)
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
