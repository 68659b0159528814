package checkpoint

import "unsafe"

// This file holds the package's only use of unsafe: tensors are bytes, and a
// caller gets the bytes of an F32 tensor as a []float32 without a copy. That
// is sound because every tensor's bytes begin at an address that is a multiple
// of its element size (alloc gives 8-byte alignment; newTensor copies what is
// not aligned) and because any bits are a valid number.

type number interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// littleEndian tells whether this machine keeps numbers as the formats do.
var littleEndian = func() bool {
	one := uint16(1)
	return *(*byte)(unsafe.Pointer(&one)) == 1
}()

// alloc returns n zero bytes at an address that is a multiple of 8.
func alloc(n int) []byte {
	words := make([]uint64, (n+7)/8)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), n)
}

// aligned tells whether b begins at a multiple of size.
func aligned(b []byte, size int) bool {
	return size <= 1 || uintptr(unsafe.Pointer(unsafe.SliceData(b)))%uintptr(size) == 0
}

// viewAs returns the same memory as numbers in the machine's own byte order. b must be
// aligned for T.
func viewAs[T number](b []byte) []T {
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(zero)))
}

// bytesOf is the inverse of viewAs.
func bytesOf[T number](s []T) []byte {
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(zero)))
}

// decode returns the little-endian numbers in b: the same memory where the
// machine is little-endian, a copy where it is not.
func decode[T number](b []byte) []T {
	if littleEndian {
		return viewAs[T](b)
	}
	c := alloc(len(b))
	copy(c, b)
	v := viewAs[T](c)
	swapBytes(c, len(b)/max(1, len(v)))
	return v
}

// encode is the inverse of decode.
func encode[T number](s []T) []byte {
	b := bytesOf(s)
	if littleEndian {
		return b
	}
	c := alloc(len(b))
	copy(c, b)
	swapBytes(c, len(b)/max(1, len(s)))
	return c
}

// swapBytes reverses the bytes of each element of size bytes in place.
func swapBytes(b []byte, size int) {
	switch size {
	case 2:
		for i := 0; i+2 <= len(b); i += 2 {
			b[i], b[i+1] = b[i+1], b[i]
		}
	case 4:
		for i := 0; i+4 <= len(b); i += 4 {
			b[i], b[i+1], b[i+2], b[i+3] = b[i+3], b[i+2], b[i+1], b[i]
		}
	case 8:
		for i := 0; i+8 <= len(b); i += 8 {
			for j := range 4 {
				b[i+j], b[i+7-j] = b[i+7-j], b[i+j]
			}
		}
	}
}
