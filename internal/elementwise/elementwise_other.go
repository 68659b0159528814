//go:build !amd64 || purego

package elementwise

func machine() []*loops { return nil }
