package checkpoint

import (
	"fmt"
	"unsafe"

	"github.com/glimpse-go/glimpse/internal/budget"
)

// What a tensor takes in a state dict: itself, and its places in the list and
// in a map that may be less than half full.
const (
	tensorSize  = int(unsafe.Sizeof(Tensor{}))
	tensorPlace = 8 + 64
)

// assemble makes the state dict once the storages are read.
func (c *contents) assemble(b *budget.Budget) (*StateDict, error) {
	if err := b.Take(len(c.views) * (tensorPlace + tensorSize)); err != nil {
		return nil, err
	}
	s := newStateDict(len(c.views))
	s.Skipped, s.Taken, s.Others = c.skipped, c.taken, c.others
	for _, v := range c.views {
		t, err := v.tensor(v.name, b)
		if err == nil {
			err = s.Add(t)
		} else {
			err = fmt.Errorf("tensor %s: %w", quote(v.name), err)
		}
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}
