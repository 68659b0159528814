package pickle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/glimpse-go/glimpse/internal/budget"
)

// The instructions, by their names in pickletools.
const (
	opProto           = 0x80
	opFrame           = 0x95
	opStop            = '.'
	opPop             = '0'
	opPopMark         = '1'
	opDup             = '2'
	opMark            = '('
	opNone            = 'N'
	opNewTrue         = 0x88
	opNewFalse        = 0x89
	opInt             = 'I'
	opLong            = 'L'
	opFloat           = 'F'
	opString          = 'S'
	opUnicode         = 'V'
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
	opList            = 'l'
	opDict            = 'd'
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
	opPut             = 'p'
	opGet             = 'g'
	opBinPut          = 'q'
	opLongBinPut      = 'r'
	opMemoize         = 0x94
	opBinGet          = 'h'
	opLongBinGet      = 'j'
	opGlobal          = 'c'
	opStackGlobal     = 0x93
	opInst            = 'i'
	opObj             = 'o'
	opReduce          = 'R'
	opNewObj          = 0x81
	opNewObjEx        = 0x92
	opBuild           = 'b'
	opPersID          = 'P'
	opBinPersID       = 'Q'
)

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
		return false, m.pushFloat(math.Float64frombits(binary.BigEndian.Uint64(p)))
	case opInt, opLong:
		return false, m.pushDecimal(op == opInt)
	case opFloat:
		return false, m.pushDecimalFloat()

	case opString:
		return false, m.pushQuoted()
	case opUnicode:
		return false, m.pushRawUnicode()
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
	case opDup:
		v, err := m.top()
		if err != nil {
			return false, err
		}
		return false, m.push(v, 0)
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
		return false, m.push(&Dict{}, dictSize)
	case opList:
		items, err := m.popMark()
		if err != nil {
			return false, err
		}
		list := &List{}
		if err := m.budget.Take(24); err != nil {
			return false, err
		}
		if err := m.extendList(list, items); err != nil {
			return false, err
		}
		return false, m.push(list, 0)
	case opDict:
		items, err := m.popMark()
		if err != nil {
			return false, err
		}
		dict := &Dict{}
		if err := m.budget.Take(dictSize); err != nil {
			return false, err
		}
		if err := m.setDict(dict, items); err != nil {
			return false, err
		}
		return false, m.push(dict, 0)
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

	case opPut, opGet:
		i, err := m.decimalIndex()
		if err != nil {
			return false, err
		}
		if op == opPut {
			return false, m.put(i)
		}
		return false, m.get(i)

	case opGlobal, opInst:
		module, err := m.line()
		if err != nil {
			return false, err
		}
		name, err := m.line()
		if err != nil {
			return false, err
		}
		v, err := m.env.Global(module, name)
		if err != nil {
			return false, err
		}
		if op == opGlobal {
			return false, m.push(v, 0)
		}
		items, err := m.popMark()
		if err != nil {
			return false, err
		}
		return false, m.call(v, items)
	case opObj:
		items, err := m.popMark()
		if err != nil {
			return false, err
		}
		if len(items) == 0 {
			return false, errors.New("an object without a class")
		}
		return false, m.call(items[0], items[1:])
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
		return false, m.reduce(items[0], items[1])
	case opNewObjEx: // keyword arguments are for classes that no Env builds
		items, err := m.popN(3)
		if err != nil {
			return false, err
		}
		return false, m.reduce(items[0], items[1])
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
	case opPersID:
		id, err := m.line()
		if err != nil {
			return false, err
		}
		v, err := m.env.Persistent(id)
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
