//go:build !amd64 || purego

package jpeg

func machine() []*loops { return nil }
