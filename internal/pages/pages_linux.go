package pages

import "golang.org/x/sys/unix"

// large asks for large pages for what of s can lie in them. It is a wish: nothing depends on
// whether it is granted, which is when the memory is first written to.
func large[T any](s []T) {
	if b := inside(s); b != nil {
		_ = unix.Madvise(b, unix.MADV_HUGEPAGE) // refused where the system has none
	}
}
