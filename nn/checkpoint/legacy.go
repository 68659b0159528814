package checkpoint

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/glimpse-go/glimpse/internal/budget"
	"github.com/glimpse-go/glimpse/internal/pickle"
)

const (
	// legacyMagic is 0x1950a86a20f9469cfc6c, the first object of a stream.
	legacyMagic    pickle.Long = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"
	legacyProtocol int64       = 1001
)

// readLegacy reads what torch.save wrote before PyTorch 1.6: pickles of a
// magic number, of a protocol number, of facts about the writing machine, of
// the object and of the list of storage keys; then, for each key, the number
// of elements as an int64 and the elements. All is little-endian, on whatever
// machine it was written.
func readLegacy(r io.ReaderAt, size int64, key string, b *budget.Budget) (*StateDict, error) {
	env := &torchEnv{budget: b, storages: map[string]*storage{}}
	var off int64
	next := func(what string) (v any, err error) {
		v, off, err = pickle.Decode(r, off, size, b, env)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		return v, nil
	}
	magic, err := next("magic number")
	if err != nil {
		return nil, err
	}
	if magic != legacyMagic {
		return nil, fmt.Errorf("expected the magic number of torch.save, found %s; torch.save did not write it", pickle.Kind(magic))
	}
	protocol, err := next("protocol number")
	if err != nil {
		return nil, err
	}
	if protocol != legacyProtocol {
		return nil, fmt.Errorf("protocol number: expected %d, found %v", legacyProtocol, printable(protocol))
	}
	if _, err := next("facts about the machine"); err != nil {
		return nil, err
	}
	root, err := next("object")
	if err != nil {
		return nil, err
	}
	keys, err := next("storage keys")
	if err != nil {
		return nil, err
	}
	list, ok := keys.(*pickle.List)
	if !ok {
		return nil, fmt.Errorf("storage keys: expected a list, found %s", pickle.Kind(keys))
	}
	found, err := findStateDict(root, key, b)
	if err != nil {
		return nil, err
	}
	reads, err := locateStorages(r, off, size, list.Items, env)
	if err != nil {
		return nil, err
	}
	if err := readStorages(r, reads, b); err != nil {
		return nil, err
	}
	return found.assemble(b)
}

// locateStorages walks over the storages, which begin at off in the order of
// keys, and returns those that are needed. What follows the last is no matter, as
// torch.load does not look at it.
func locateStorages(r io.ReaderAt, off, size int64, keys []any, env *torchEnv) (reads []read, err error) {
	for i, k := range keys {
		key, ok := k.(string)
		if !ok {
			return nil, fmt.Errorf("storage key %d is %s, expected a str", i, pickle.Kind(k))
		}
		s := env.storages[key]
		if s == nil {
			return nil, fmt.Errorf("storage key %s: no tensor names it, or it is there twice", quote(key))
		}
		delete(env.storages, key)
		var head [8]byte
		if err := readAt(r, head[:], off); err != nil {
			return nil, fmt.Errorf("storage %s: its length: %w", quote(key), err)
		}
		if n := binary.LittleEndian.Uint64(head[:]); n != uint64(s.size/s.elemSize) {
			return nil, fmt.Errorf("storage %s at offset %d: %d elements, expected %d as the object says", quote(key), off, n, s.size/s.elemSize)
		}
		off += 8
		if int64(s.size) > size-off {
			return nil, fmt.Errorf("storage %s at offset %d: expected %d bytes, but the file has only %d more", quote(key), off, s.size, size-off)
		}
		if s.needed {
			if reads, err = budget.Grow(env.budget, reads, 1); err != nil {
				return nil, err
			}
			reads = append(reads, read{s, record{name: key, off: off, size: int64(s.size)}})
		}
		off += int64(s.size)
	}
	for key := range env.storages {
		return nil, fmt.Errorf("storage %s is not in the list of storage keys", quote(key))
	}
	return reads, nil
}
