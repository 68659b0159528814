// Package pages has memory that is read from end to end lie in large pages, where the system
// has them: the weights of a network take hundreds of thousands of translations of addresses
// in small ones.
package pages

import "unsafe"

// size is a large page's. Where it is another, the system takes what it can use.
const size = 2 << 20

// inside returns the whole large pages of s, at addresses that the size divides.
func inside[T any](s []T) []byte {
	at := unsafe.Pointer(unsafe.SliceData(s))
	skip, bytes := int(-uintptr(at)%size), len(s)*int(unsafe.Sizeof(*new(T)))
	if bytes < skip+size {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Add(at, skip)), (bytes-skip)&^(size-1))
}
