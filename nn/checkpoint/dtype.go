package checkpoint

import "fmt"

// DType is the type of a tensor's elements. Its String is the name that the
// safetensors format uses.
type DType uint8

// The element types that a checkpoint may hold. The zero DType is none of
// them.
const (
	F16  DType = iota + 1 // IEEE 754 binary16
	BF16                  // the upper half of a binary32
	F32
	F64
	I8
	I16
	I32
	I64
	U8
	U16
	U32
	U64
	Bool // one byte, 0 or 1
)

var dtypes = [...]struct {
	name string
	size int
}{
	F16: {"F16", 2}, BF16: {"BF16", 2}, F32: {"F32", 4}, F64: {"F64", 8},
	I8: {"I8", 1}, I16: {"I16", 2}, I32: {"I32", 4}, I64: {"I64", 8},
	U8: {"U8", 1}, U16: {"U16", 2}, U32: {"U32", 4}, U64: {"U64", 8},
	Bool: {"BOOL", 1},
}

// valid tells whether d is one of the constants above.
func (d DType) valid() bool { return d >= F16 && d <= Bool }

// IsFloat tells whether d is F16, BF16, F32 or F64.
func (d DType) IsFloat() bool { return d >= F16 && d <= F64 }

// Size returns the bytes that one element takes, 0 for an invalid DType.
func (d DType) Size() int {
	if !d.valid() {
		return 0
	}
	return dtypes[d].size
}

// String returns the safetensors name: "F32", "I64", "BOOL".
func (d DType) String() string {
	if !d.valid() {
		return fmt.Sprintf("DType(%d)", uint8(d))
	}
	return dtypes[d].name
}

// dtypeByName is the inverse of String.
func dtypeByName(name string) (DType, bool) {
	for d := F16; d <= Bool; d++ {
		if dtypes[d].name == name {
			return d, true
		}
	}
	return 0, false
}
