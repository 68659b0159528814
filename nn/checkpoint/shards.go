package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/glimpse-go/glimpse/internal/budget"
)

// folderNames are the checkpoints that a folder may hold, as transformers looks for them,
// best first.
var folderNames = []string{
	"model.safetensors", "model.safetensors.index.json",
	"pytorch_model.bin", "pytorch_model.bin.index.json",
}

// inFolder returns the checkpoint in a folder; of any other path the path itself.
func inFolder(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return path, nil // opening it says what is wrong
	}
	for _, name := range folderNames {
		file := filepath.Join(path, name)
		if _, err := os.Stat(file); err == nil {
			return file, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return "", fmt.Errorf("%s: expected a checkpoint file, found a folder without %s", path, strings.Join(folderNames, ", "))
}

const (
	mostShards = 1000
	// shardFixed is what reading a further file allocates in any case; see package budget.
	shardFixed = 128 << 10
)

// A shard is one of the files of a checkpoint, with the names that the index gives it.
type shard struct {
	name    string
	tensors []string
}

// readShards reads a checkpoint in several files, of which r is the index: JSON with a
// weight_map from the tensors' names to the files, which lie beside it. The memory is
// bounded by the size of all files together.
func readShards(ctx context.Context, r *os.File, size int64, path string, opt Options) (*StateDict, error) {
	text := budget.New(size)
	index, err := bookedAlloc(text, int(size))
	if err != nil {
		return nil, err
	}
	if err := readAt(r, index, 0); err != nil {
		return nil, err
	}
	shards, err := parseIndex(index, text)
	if err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	files := make([]*os.File, len(shards))
	sizes := make([]int64, len(shards))
	var total int64
	for i, s := range shards {
		if files[i], sizes[i], err = openRegular(filepath.Join(filepath.Dir(path), s.name)); err != nil {
			return nil, fmt.Errorf("index: %w", err)
		}
		defer files[i].Close()
		total += sizes[i]
	}
	b := opt.budget(total)
	all := &StateDict{}
	for i, s := range shards {
		if i > 0 {
			if err := b.Take(shardFixed); err != nil {
				return nil, err
			}
		}
		part, err := readBytes(ctx, files[i], sizes[i], opt.Key, b)
		if err == nil {
			err = all.join(part, s, b)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", quote(s.name), err)
		}
	}
	return all, nil
}

// join adds the tensors of a shard that the index gives it.
func (s *StateDict) join(part *StateDict, sh shard, b *budget.Budget) error {
	if err := b.Take(len(sh.tensors) * 2 * tensorPlace); err != nil {
		return err
	}
	skipped := make(map[string]Skipped, len(part.Skipped))
	for _, x := range part.Skipped {
		skipped[x.Name] = x
	}
	for _, name := range sh.tensors {
		if t, ok := part.Get(name); ok {
			if err := s.Add(t); err != nil {
				return err
			}
		} else if x, ok := skipped[name]; ok {
			s.Skipped = append(s.Skipped, x)
		} else {
			return fmt.Errorf("tensor %s is missing; the index says that it is there", quote(name))
		}
	}
	for key, value := range part.Metadata {
		if s.Metadata == nil {
			s.Metadata = map[string]string{}
		}
		if _, ok := s.Metadata[key]; !ok { // the first file's
			s.Metadata[key] = value
		}
	}
	s.Taken, s.Others = part.Taken, part.Others
	return nil
}

// parseIndex reads an index: an object with a weight_map. The shards are in the order in
// which they are named first.
func parseIndex(text []byte, b *budget.Budget) ([]shard, error) {
	p := &headerScanner{buf: text, what: "index", budget: b}
	var shards []shard
	found := false
	place := map[string]int{}
	err := p.object(func(key string) error {
		if key != "weight_map" {
			return p.skip(32)
		}
		if found {
			return errors.New("a second weight_map")
		}
		found = true
		return p.object(func(name string) error {
			file, err := p.string()
			if err != nil {
				return err
			}
			i, ok := place[file]
			if !ok {
				if file == "" || filepath.Base(file) != file || !filepath.IsLocal(file) || strings.ContainsAny(file, `/\:`) || strings.HasSuffix(file, ".json") {
					return fmt.Errorf("tensor %s is in %s: expected a file beside the index", quote(name), quote(file))
				}
				if len(shards) == mostShards {
					return fmt.Errorf("more than %d files", mostShards)
				}
				if shards, err = budget.Grow(b, shards, 1); err != nil {
					return err
				}
				if err := b.Take(192); err != nil { // as of metadata
					return err
				}
				i = len(shards)
				shards, place[file] = append(shards, shard{name: file}), i
			}
			if shards[i].tensors, err = budget.Grow(b, shards[i].tensors, 1); err != nil {
				return err
			}
			shards[i].tensors = append(shards[i].tensors, name)
			return nil
		})
	})
	if err == nil {
		err = p.end()
	}
	if err == nil && len(shards) == 0 {
		err = errors.New(`expected a "weight_map" from tensors to files`)
	}
	return shards, err
}
