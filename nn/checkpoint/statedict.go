package checkpoint

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// A StateDict is an ordered set of named tensors, as a PyTorch module's
// state_dict() gives it. The zero value is empty and ready for use. Reading
// from several goroutines is safe; Add is not.
type StateDict struct {
	// Metadata holds a safetensors file's __metadata__. It is nil where there
	// is none.
	Metadata map[string]string

	// Skipped are the tensors that were left in the file because their elements are of a
	// type that Go lacks, or that no tensor is made of.
	Skipped []Skipped

	// Taken is where in the file the tensors stand: the keys of the entries that wrap
	// them ("checkpoint/model"), or empty. Others are the keys of entries beside these
	// that hold weights as well ("checkpoint/model_ema"); see [Options].
	Taken  string
	Others []string

	tensors []*Tensor
	index   map[string]int
}

// Skipped is a tensor that was not read.
type Skipped struct {
	Name  string
	Type  string // "F8_E4M3", "torch.complex64", `an object of "torch._utils._rebuild_qtensor"`
	Shape []int  // nil where it is not known
}

// newStateDict returns an empty state dict with room for n tensors.
func newStateDict(n int) *StateDict {
	return &StateDict{tensors: make([]*Tensor, 0, n), index: make(map[string]int, n)}
}

// Len returns the number of tensors.
func (s *StateDict) Len() int { return len(s.tensors) }

// Names returns the tensors' names in their order: that of insertion, or of
// the file.
func (s *StateDict) Names() []string {
	names := make([]string, len(s.tensors))
	for i, t := range s.tensors {
		names[i] = t.Name
	}
	return names
}

// Get returns the tensor of that name.
func (s *StateDict) Get(name string) (*Tensor, bool) {
	i, ok := s.index[name]
	if !ok {
		return nil, false
	}
	return s.tensors[i], true
}

// All yields the tensors in their order.
func (s *StateDict) All() iter.Seq[*Tensor] { return slices.Values(s.tensors) }

// Add appends t. A nil tensor, a name that is there already, and a name that
// is not valid UTF-8 are errors.
func (s *StateDict) Add(t *Tensor) error {
	if t == nil {
		return errors.New("add: no tensor")
	}
	if !utf8.ValidString(t.Name) {
		return fmt.Errorf("tensor %s: the name is not valid UTF-8", quote(t.Name))
	}
	if _, ok := s.index[t.Name]; ok {
		return fmt.Errorf("tensor %s: a second tensor of that name", quote(t.Name))
	}
	if s.index == nil {
		s.index = make(map[string]int)
	}
	s.index[t.Name] = len(s.tensors)
	s.tensors = append(s.tensors, t)
	return nil
}

// wrapperPrefixes are what PyTorch's wrapping modules put before each name:
// DataParallel and DistributedDataParallel "module.", torch.compile
// "_orig_mod.".
var wrapperPrefixes = []string{"module.", "_orig_mod."}

// averagedCount is what torch.optim.swa_utils.AveragedModel keeps beside its module: how
// many states were averaged.
const averagedCount = "n_averaged"

// stripPrefixes removes the wrapper prefixes, in any order and number, that
// every name of tensors carries, but for averagedCount. A name is never stripped to
// nothing. What was skipped follows where it carries the prefix.
func stripPrefixes(tensors []*Tensor, skipped []Skipped) {
	for {
		prefix := commonPrefix(tensors)
		if prefix == "" {
			return
		}
		for _, t := range tensors {
			if t.Name != averagedCount {
				t.Name = t.Name[len(prefix):]
			}
		}
		for i := range skipped {
			skipped[i].Name = strings.TrimPrefix(skipped[i].Name, prefix)
		}
	}
}

// commonPrefix returns the wrapper prefix of all names, or nothing.
func commonPrefix(tensors []*Tensor) string {
	for _, prefix := range wrapperPrefixes {
		carry := 0
		for _, t := range tensors {
			if len(t.Name) > len(prefix) && strings.HasPrefix(t.Name, prefix) {
				carry++
			} else if t.Name != averagedCount {
				carry = -len(tensors)
			}
		}
		if carry > 0 {
			return prefix
		}
	}
	return ""
}

// quote makes a name from a file fit for an error message: on one line,
// printable, and no longer than is useful.
func quote(name string) string {
	const most = 80
	if len(name) > most {
		return fmt.Sprintf("%q... (%d bytes)", name[:most], len(name))
	}
	return fmt.Sprintf("%q", name)
}
