package transforms

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
)

// maxShards is how many shards a source has at most: their list is part of the pipeline,
// which runners limit to some MB.
const maxShards = 100_000

// A Range is a shard of a sequence: Count elements from First on.
type Range struct{ Shard, First, Count int }

// Ranges cuts n elements into so many shards, or n where that is less, whose lengths differ
// by one at most. It returns an error where there are none, or more than 100,000 shards.
func Ranges(n, shards int) ([]Range, error) {
	if n < 1 || shards < 1 || shards > maxShards {
		return nil, fmt.Errorf("transforms: %d elements in %d shards: want 1 or more in 1 to %d", n, shards, maxShards)
	}
	shards = min(n, shards)
	ranges := make([]Range, shards)
	first := 0
	for i := range ranges {
		count := n / shards
		if i < n%shards {
			count++
		}
		ranges[i] = Range{i, first, count}
		first += count
	}
	return ranges, nil
}

// A Shard is a file that is a shard by itself.
type Shard struct {
	Shard int
	Path  string
}

// Shards lists the files that match a pattern, on any of Beam's file systems, by name, and
// numbers them. It returns an error where there are none, or more than 100,000.
func Shards(ctx context.Context, pattern string) ([]Shard, error) {
	names, err := list(ctx, pattern)
	if err != nil {
		return nil, err
	}
	if len(names) > maxShards {
		return nil, fmt.Errorf("%s: %d files, want at most %d shards", pattern, len(names), maxShards)
	}
	shards := make([]Shard, len(names))
	for i, name := range names {
		shards[i] = Shard{i, name}
	}
	return shards, nil
}

// list returns the files that match a pattern, by name. None is an error.
func list(ctx context.Context, pattern string) ([]string, error) {
	fs, err := filesystem.New(ctx, pattern)
	if err != nil {
		return nil, err
	}
	defer fs.Close()
	names, err := fs.List(ctx, pattern)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", pattern, err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: no such files", pattern)
	}
	slices.Sort(names)
	return names, nil
}

// Size returns how many bytes the files of shards have.
func Size(ctx context.Context, shards []Shard) (int64, error) {
	var total int64
	for _, s := range shards {
		fs, err := filesystem.New(ctx, s.Path)
		if err != nil {
			return 0, err
		}
		n, err := fs.Size(ctx, s.Path)
		fs.Close()
		if err != nil {
			return 0, fmt.Errorf("%s: %w", s.Path, err)
		}
		total += n
	}
	return total, nil
}

// shardPath is the name of a shard's file: dir/features-00003-of-00100.npy.
func shardPath(dir, name string, shard, of int, ext string) string {
	return join(dir, fmt.Sprintf("%s-%05d-of-%05d%s", name, shard, of, ext))
}

// join joins a folder and a name, also of file systems whose paths begin with a scheme,
// which path.Join would spoil.
func join(dir, name string) string { return strings.TrimSuffix(dir, "/") + "/" + name }

// local tells whether a path is one of this machine.
func local(name string) bool { return !strings.Contains(name, "://") }

// folder is the name of the folder that a file is in.
func folder(name string) string { return path.Base(path.Dir(strings.ReplaceAll(name, `\`, "/"))) }
