package arch

import (
	"errors"

	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// NewHead.
func NewHead(sd *checkpoint.StateDict, classes int, seed uint64) (*checkpoint.StateDict, error) {
	return nil, errors.New("arch: not yet")
}
