package live

import (
	"context"
	"flag"
	"fmt"

	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/cmd/internal/live/answer"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// The names of the blocks, without the "live-" that they have in the page.
const (
	WasmBlock    = "wasm"
	ExecBlock    = "exec"
	NetworkBlock = "network"
	LayoutBlock  = "layout"
)

// Flags are the flags of a program that writes a page.
type Flags struct {
	Live bool
	Wasm string
}

// FlagNames are the names that AddFlags defines, for cli.PrintFlags.
var FlagNames = []string{"live", "live-wasm"}

// AddFlags defines the flags.
func (f *Flags) AddFlags(flags *flag.FlagSet) {
	flags.BoolVar(&f.Live, "live", false, "with -html: the network goes into the page, to explain images that are dropped there, and nothing leaves the machine")
	flags.StringVar(&f.Wasm, "live-wasm", "", "with -live: `file` of the page's program, "+FileName+" of a release (default: built by the go command, or beside this program)")
}

// Blocks makes the blocks of the page: of a network, sd with the options that its model was
// made with, and of the space that the page shows, nil where there is none. They are nil
// without -live. It tells say what takes time.
func (f *Flags) Blocks(ctx context.Context, sd *checkpoint.StateDict, opt model.Options, space *answer.Space, say func(string)) (map[string][]byte, error) {
	if !f.Live {
		return nil, nil
	}
	network, err := answer.PackNetwork(sd, opt)
	if err != nil {
		return nil, err
	}
	var layout []byte
	if space != nil {
		if layout, err = answer.PackSpace(space); err != nil {
			return nil, err
		}
	}
	program, err := Find(ctx, f.Wasm, say)
	if err != nil {
		return nil, err
	}
	blocks := map[string][]byte{ExecBlock: program.Exec}
	for name, data := range map[string][]byte{WasmBlock: program.Wasm, NetworkBlock: network, LayoutBlock: layout} {
		if data == nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if blocks[name], err = compressed(data); err != nil {
			return nil, fmt.Errorf("live: %w", err)
		}
	}
	return blocks, nil
}
