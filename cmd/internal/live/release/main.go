// Command release writes the page's program as the file that a release has:
//
//	go run ./cmd/internal/live/release live.wasm
//
// The same source and Go give the same bytes.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/glimpse-go/glimpse/cmd/internal/live"
)

func main() {
	if len(os.Args) != 2 || strings.HasPrefix(os.Args[1], "-") {
		fmt.Fprintln(os.Stderr, "release: want the name of the file to write, as live.wasm")
		os.Exit(2)
	}
	p, err := live.Build(context.Background(), func(words string) { fmt.Fprintln(os.Stderr, "release:", words) })
	if err == nil {
		err = os.WriteFile(os.Args[1], p.Pack(), 0o666)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}
