package checkpoint

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/glimpse-go/glimpse/internal/budget"
	"github.com/glimpse-go/glimpse/internal/pickle"
)

// wrapperKeys are the names under which training scripts keep the state dict,
// best first.
var wrapperKeys = []string{"state_dict", "model_state_dict", "model", "net", "model_ema"}

// A namedView is a tensor of the state dict before its storage is read.
type namedView struct {
	name string
	*view
}

// findStateDict returns the tensors of the state dict that root is or wraps,
// in order, and marks their storages as needed.
func findStateDict(root any, b *budget.Budget) ([]namedView, error) {
	dict, ok := root.(*pickle.Dict)
	if !ok {
		return nil, fmt.Errorf("expected a state dict, found %s", pickle.Kind(root))
	}
	path := ""
	const most = 4 // wrappers within each other; a pickle may hold itself
	for range most {
		inner, key := unwrap(dict)
		if inner == nil {
			break
		}
		dict = inner
		path += key + ": "
	}
	var err error
	var views []namedView
	for _, entry := range dict.Entries {
		v, ok := entry.Value.(*view)
		if !ok {
			continue
		}
		name, ok := entry.Key.(string)
		if !ok {
			return nil, fmt.Errorf("%sa tensor whose name is %s, expected a str", path, pickle.Kind(entry.Key))
		}
		if views, err = budget.Grow(b, views, 1); err != nil {
			return nil, err
		}
		views = append(views, namedView{name, v})
		v.needed = v.needed || holdsElements(v)
	}
	if len(views) == 0 {
		return nil, errors.New(path + "expected a state dict, found no tensors among " + describeKeys(dict))
	}
	return views, nil
}

func holdsElements(v *view) bool {
	n, err := elements(v.shape)
	return err == nil && n > 0
}

// unwrap returns the dict under the best wrapper key of dict that leads to
// tensors, nil if there is none.
func unwrap(dict *pickle.Dict) (inner *pickle.Dict, key string) {
	for _, key := range wrapperKeys {
		i := slices.IndexFunc(dict.Entries, func(e pickle.Entry) bool { return e.Key == key })
		if i < 0 {
			continue
		}
		if inner, ok := dict.Entries[i].Value.(*pickle.Dict); ok && inner != dict && leadsToTensors(inner) {
			return inner, key
		}
	}
	return nil, ""
}

// leadsToTensors tells whether dict holds a tensor, or a dict under a wrapper
// key.
func leadsToTensors(dict *pickle.Dict) bool {
	for _, entry := range dict.Entries {
		switch entry.Value.(type) {
		case *view:
			return true
		case *pickle.Dict:
			if key, ok := entry.Key.(string); ok && slices.Contains(wrapperKeys, key) {
				return true
			}
		}
	}
	return false
}

// describeKeys lists the first few keys of dict for an error message.
func describeKeys(dict *pickle.Dict) string {
	if len(dict.Entries) == 0 {
		return "no entries"
	}
	var parts []string
	for i, entry := range dict.Entries {
		if i == 6 {
			parts = append(parts, "...")
			break
		}
		key, ok := entry.Key.(string)
		if !ok {
			parts = append(parts, "("+pickle.Kind(entry.Key)+")")
			continue
		}
		parts = append(parts, quote(key))
	}
	return fmt.Sprintf("its %d entries: %s", len(dict.Entries), strings.Join(parts, ", "))
}

// What a tensor takes in a state dict: itself, and its places in the list and
// in a map that may be less than half full.
const (
	tensorSize  = int(unsafe.Sizeof(Tensor{}))
	tensorPlace = 8 + 64
)

// assemble makes the state dict once the storages are read.
func assemble(views []namedView, b *budget.Budget) (*StateDict, error) {
	if err := b.Take(len(views) * (tensorPlace + tensorSize)); err != nil {
		return nil, err
	}
	s := newStateDict(len(views))
	for _, v := range views {
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
