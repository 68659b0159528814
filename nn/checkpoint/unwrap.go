package checkpoint

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/internal/budget"
	"github.com/glimpse-go/glimpse/internal/pickle"
)

// wrapperKeys are the names under which training scripts keep the state dict, best first:
// the weights as they were trained before a running average of them, and the teacher that
// DINO evaluates before its student.
var wrapperKeys = []string{
	"state_dict", "model_state_dict", "model_state", "model", "module", "net", "network",
	"net_state_dict", "network_state_dict", "weights", "params", "backbone",
	"teacher", "student", "encoder",
	"model_ema", "state_dict_ema", "ema_state_dict", "model_ema_state_dict", "params_ema", "ema",
	"ema_model", "averaged_model", "swa_model",
}

const (
	// mostWrappers is how deep a state dict may lie; a pickle may hold itself.
	mostWrappers = 8
	// mostSteps bounds the entries looked at in search of weights. Dicts that hold each
	// other in many ways would take for ever.
	mostSteps = 1 << 22
)

// A namedView is a tensor of the state dict before its storage is read.
type namedView struct {
	name string
	*view
}

// contents are what a pickle holds of a state dict.
type contents struct {
	views   []namedView
	skipped []Skipped
	taken   string
	others  []string
}

// A searcher looks for the state dict in a pickled object.
type searcher struct {
	budget *budget.Budget
	steps  int
}

// findStateDict returns the tensors of the state dict that root is or wraps,
// in order, and marks their storages as needed. key names the wrapper's entry, several
// with slashes between; where it is empty the rule of [Read] decides.
func findStateDict(root any, key string, b *budget.Budget) (*contents, error) {
	dict, ok := root.(*pickle.Dict)
	if !ok {
		err := fmt.Errorf("expected a state dict, found %s", pickle.Kind(root))
		if isStrange(root) {
			err = fmt.Errorf("%w, which is not run (if the file holds a whole model, save model.state_dict() instead)", err)
		}
		return nil, err
	}
	s := &searcher{budget: b}
	c := &contents{}
	if key != "" {
		var err error
		if dict, err = s.follow(dict, key, c); err != nil {
			return nil, err
		}
	}
	for range mostWrappers {
		inner, err := s.unwrap(dict, c)
		if err != nil {
			return nil, err
		}
		if inner == nil {
			break
		}
		dict = inner
	}
	if err := s.collect(dict, c); err != nil {
		return nil, err
	}
	if len(c.views) == 0 {
		if len(c.skipped) > 0 && c.skipped[0].Shape != nil {
			x := c.skipped[0]
			return nil, fmt.Errorf("%sexpected a state dict, found no tensors that can be read; the first of %d is %s, %s", c.place(), len(c.skipped), quote(x.Name), x.Type)
		}
		return nil, errors.New(c.place() + "expected a state dict, found no tensors among " + describeKeys(dict))
	}
	return c, nil
}

// place is what stands before an error about what is in the file's entry.
func (c *contents) place() string {
	if c.taken == "" {
		return ""
	}
	return quote(c.taken) + ": "
}

// enter notes that the dict of that key is taken.
func (c *contents) enter(key string) { c.taken = c.within(key) }

// within is the path of a key beside the one that will be taken.
func (c *contents) within(key string) string {
	if c.taken == "" {
		return key
	}
	return c.taken + "/" + key
}

// follow goes to the entry that the caller asked for.
func (s *searcher) follow(dict *pickle.Dict, key string, c *contents) (*pickle.Dict, error) {
	for dict != nil && key != "" {
		part, rest, _ := strings.Cut(key, "/")
		inner, ok := lookup(dict, part).(*pickle.Dict)
		if !ok {
			part, rest = key, "" // a name with a slash in it
			inner, ok = lookup(dict, part).(*pickle.Dict)
		}
		if !ok {
			return nil, fmt.Errorf("%sno dict %s among %s", c.place(), quote(key), describeKeys(dict))
		}
		c.enter(part)
		dict, key = inner, rest
	}
	return dict, nil
}

// lookup returns the value that Python's dict would have under a key: the last one set.
func lookup(dict *pickle.Dict, key string) any {
	for i := len(dict.Entries) - 1; i >= 0; i-- {
		if dict.Entries[i].Key == key {
			return dict.Entries[i].Value
		}
	}
	return nil
}

// unwrap returns the dict in dict that leads to the weights, nil if dict holds them
// itself. It is the one under the best of wrapperKeys; with none of these, the only one
// that holds weights. It is an error when there are several.
func (s *searcher) unwrap(dict *pickle.Dict, c *contents) (*pickle.Dict, error) {
	if s.isStateDict(dict) {
		return nil, nil
	}
	var best *pickle.Dict
	var bestKey string
	var others []string
	note := func(key string) error {
		var err error
		if others, err = budget.Grow(s.budget, others, 1); err != nil {
			return err
		}
		if err := s.budget.Take(len(c.within(key))); err != nil {
			return err
		}
		others = append(others, c.within(key))
		return nil
	}
	for _, key := range wrapperKeys {
		inner, ok := lookup(dict, key).(*pickle.Dict)
		if !ok || inner == dict || !s.leads(inner, 3, false) {
			continue
		}
		if best == nil {
			best, bestKey = inner, key
		} else if err := note(key); err != nil {
			return nil, err
		}
	}
	known := best != nil
	const most = 64 // far more than any file has
	var tried []*pickle.Dict
	for _, entry := range dict.Entries {
		key, isName := entry.Key.(string)
		inner, ok := entry.Value.(*pickle.Dict)
		if !isName || !ok || inner == dict || inner == best || known && slices.Contains(wrapperKeys, key) || slices.Contains(tried, inner) {
			continue
		}
		if len(tried) == most {
			break
		}
		var err error
		if tried, err = budget.Grow(s.budget, tried, 1); err != nil {
			return nil, err
		}
		tried = append(tried, inner)
		if !s.leads(inner, 2, true) {
			continue
		}
		if best == nil {
			best, bestKey = inner, key
			continue
		}
		if err := note(key); err != nil {
			return nil, err
		}
	}
	if len(others) > 0 && !known {
		names := []string{quote(c.within(bestKey))}
		for _, o := range others[:min(len(others), 5)] {
			names = append(names, quote(o))
		}
		return nil, fmt.Errorf("%d entries hold weights (%s): name one of them as the key", 1+len(others), strings.Join(names, ", "))
	}
	if best == nil {
		return nil, nil
	}
	c.others = append(c.others, others...)
	if err := s.budget.Take(len(c.within(bestKey))); err != nil {
		return nil, err
	}
	c.enter(bestKey)
	return best, nil
}

// isStateDict tells whether dict holds weights itself: tensors with a dot in their names.
// (A tensor beside the state dict, as of the best accuracy, has none.)
func (s *searcher) isStateDict(dict *pickle.Dict) bool {
	return s.holds(dict, func(name string) bool { return strings.Contains(name, ".") })
}

// holds tells whether dict has a tensor whose name is as asked for.
func (s *searcher) holds(dict *pickle.Dict, named func(string) bool) bool {
	for _, entry := range dict.Entries {
		if s.steps++; s.steps > mostSteps {
			return false
		}
		if _, ok := entry.Value.(*view); !ok {
			continue
		}
		if name, ok := entry.Key.(string); ok && named(name) {
			return true
		}
	}
	return false
}

// leads tells whether there are tensors in dict, or in dicts within it, to a depth. With
// weights, their names must be those of weights: an optimizer has other tensors.
func (s *searcher) leads(dict *pickle.Dict, depth int, weights bool) bool {
	named := func(name string) bool {
		return !weights || name == "weight" || strings.HasSuffix(name, ".weight")
	}
	if s.holds(dict, named) {
		return true
	}
	if depth == 0 {
		return false
	}
	for _, entry := range dict.Entries {
		if s.steps++; s.steps > mostSteps {
			return false
		}
		inner, ok := entry.Value.(*pickle.Dict)
		if _, isName := entry.Key.(string); ok && isName && s.leads(inner, depth-1, true) {
			return true
		}
	}
	return false
}

// collect takes the tensors of a state dict, and notes those that cannot be read.
func (s *searcher) collect(dict *pickle.Dict, c *contents) error {
	for _, entry := range dict.Entries {
		v, isTensor := entry.Value.(*view)
		if !isTensor && !isStrange(entry.Value) {
			continue
		}
		name, ok := entry.Key.(string)
		if !ok && !isTensor {
			continue
		}
		if !ok {
			return fmt.Errorf("%sa tensor whose name is %s, expected a str", c.place(), pickle.Kind(entry.Key))
		}
		var err error
		if isTensor && v.elem.dtype != 0 {
			if c.views, err = budget.Grow(s.budget, c.views, 1); err != nil {
				return err
			}
			c.views = append(c.views, namedView{name, v})
			v.needed = v.needed || holdsElements(v)
			continue
		}
		if c.skipped, err = budget.Grow(s.budget, c.skipped, 1); err != nil {
			return err
		}
		skipped := Skipped{Name: name}
		if isTensor {
			skipped.Type, skipped.Shape = v.elem.name, v.shape
		} else {
			skipped.Type = pickle.Kind(entry.Value)
			if err := s.budget.Take(2 * len(skipped.Type)); err != nil {
				return err
			}
		}
		c.skipped = append(c.skipped, skipped)
	}
	return nil
}

// isStrange tells whether v stands for something that the reader knows nothing of.
func isStrange(v any) bool {
	switch v.(type) {
	case *stranger, stray:
		return true
	}
	return false
}

func holdsElements(v *view) bool {
	n, err := elements(v.shape)
	return err == nil && n > 0
}

// describeKeys lists the first few keys of dict for an error message, and what stands
// under them where that is strange.
func describeKeys(dict *pickle.Dict) string {
	if len(dict.Entries) == 0 {
		if dict.LeftOut > 0 {
			return fmt.Sprintf("its %d entries, which are numbers", dict.LeftOut)
		}
		return "no entries"
	}
	var parts []string
	whole := ""
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
		part := quote(key)
		if isStrange(entry.Value) {
			part += " (" + pickle.Kind(entry.Value) + ")"
			whole = "; an object is not run: if it is a whole model, save its state_dict() instead"
		}
		parts = append(parts, part)
	}
	if dict.LeftOut > 0 {
		parts = append(parts, "and numbers")
	}
	return fmt.Sprintf("its %d entries: %s%s", len(dict.Entries)+dict.LeftOut, strings.Join(parts, ", "), whole)
}
