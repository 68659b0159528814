//go:build !purego

package transpose

import "golang.org/x/sys/cpu"

var loops = map[string]func(*Runs){"portable": Go}

func init() {
	if cpu.X86.HasAVX2 {
		loops["avx2"] = AVX2
	}
}
