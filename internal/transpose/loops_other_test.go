//go:build !amd64 || purego

package transpose

var loops = map[string]func(*Runs){"portable": Go}
