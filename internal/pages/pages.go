// Package pages allots memory that is read from end to end: on lines of the cache, and in large
// pages, where the system has them. In small ones the weights of a network take hundreds of
// thousands of translations of addresses.
package pages

import "unsafe"

// size is a large page's. Where it is another, the system takes what it can use.
const size = 2 << 20

// Aligned returns n elements that begin on a line of the cache, so that no vector straddles
// two. An element's size must divide a line's.
func Aligned[T any](n int) []T {
	const line = 64
	each := int(unsafe.Sizeof(*new(T)))
	s := make([]T, n+line/each)
	large(s)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(s)))%line) / each
	return s[skip : skip+n : skip+n]
}

// inside returns the whole large pages of s, at addresses that the size divides.
func inside[T any](s []T) []byte {
	at := unsafe.Pointer(unsafe.SliceData(s))
	skip, bytes := int(-uintptr(at)%size), len(s)*int(unsafe.Sizeof(*new(T)))
	if bytes < skip+size {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Add(at, skip)), (bytes-skip)&^(size-1))
}
