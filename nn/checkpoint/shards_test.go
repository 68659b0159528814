package checkpoint

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/budget"
	"github.com/glimpse-go/glimpse/internal/testkit/promise"
)

const indexName = "model.safetensors.index.json"

// shardFile is a file of one tensor.
func shardFile(name, dtype, data string) []byte {
	size := string('0'+rune(len(data)/10)) + string('0'+rune(len(data)%10))
	return safetensorsOf(`{"__metadata__":{"by":"`+name+`"},"`+name+`":{"dtype":"`+dtype+`","shape":[4],"data_offsets":[0,`+strings.TrimPrefix(size, "0")+`]}}`, data)
}

func folderOf(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestShards(t *testing.T) {
	dir := folderOf(t, map[string][]byte{
		indexName: []byte(`{"metadata": {"a": [1, -2.5e3, {"b": null}], "c": true, "d": ""}, "weight_map": {"module.y": "2.x", "module.x": "1.x", "module.z": "3.x"}, "more": []}`),
		"1.x":     shardFile("module.x", "F32", fourFloats),
		"2.x":     shardFile("module.y", "U8", "abcd"),
		"3.x":     shardFile("module.z", "F8_E4M3", "abcd"),
		"4.x":     []byte("not looked at"),
	})
	for _, path := range []string{dir, filepath.Join(dir, indexName)} {
		s, err := Load(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		x, _ := s.Get("x")
		if got := strings.Join(s.Names(), " "); got != "y x" || string(x.Bytes()) != fourFloats || s.Metadata["by"] != "module.y" {
			t.Errorf("%s: %s, %v", path, got, s.Metadata)
		}
		if len(s.Skipped) != 1 || s.Skipped[0].Name != "z" {
			t.Errorf("skipped %v", s.Skipped)
		}
	}
	// Files of torch.save, of which the index takes a part.
	dir = folderOf(t, map[string][]byte{
		"pytorch_model.bin.index.json": []byte(`{"weight_map": {"w": "pytorch_model-1.bin"}}`),
		"pytorch_model-1.bin":          zipOf(t, pDict(pStr("w"), pVector("0", 4), pStr("v"), pVector("0", 4)), entry{"x/data/0", fourFloats}),
	})
	if s, err := Load(t.Context(), dir); err != nil || strings.Join(s.Names(), " ") != "w" {
		t.Errorf("%v", err)
	}
	// A folder with one file, which comes first.
	if err := os.WriteFile(filepath.Join(dir, "model.safetensors"), shardFile("x", "F32", fourFloats), 0o644); err != nil {
		t.Fatal(err)
	}
	if s, err := Load(t.Context(), dir); err != nil || strings.Join(s.Names(), " ") != "x" {
		t.Errorf("%v", err)
	}
}

func TestHostileShards(t *testing.T) {
	one := shardFile("x", "F32", fourFloats)
	for index, want := range map[string]string{
		``:                                     "expected '{', found the index's end",
		`[]`:                                   "expected '{'",
		`{}`:                                   `expected a "weight_map"`,
		`{"weight_map": {}}`:                   `expected a "weight_map"`,
		`{"weight_map": []}`:                   "offset 15: expected '{'",
		`{"weight_map": {"x": 1}}`:             `expected '"'`,
		`{"weight_map": {"x": "../1.x"}}`:      `tensor "x" is in "../1.x": expected a file beside the index`,
		`{"weight_map": {"x": "/etc/passwd"}}`: "expected a file beside the index",
		`{"weight_map": {"x": "a\\b"}}`:        "expected a file beside the index",
		`{"weight_map": {"x": "C:b"}}`:         "expected a file beside the index",
		`{"weight_map": {"x": ".."}}`:          "expected a file beside the index",
		`{"weight_map": {"x": ""}}`:            "expected a file beside the index",
		`{"weight_map": {"x": "` + indexName + `"}}`:     "expected a file beside the index",
		`{"weight_map": {"x": "gone"}}`:                  "gone",
		`{"weight_map": {"x": "sub"}}`:                   "special file",
		`{"weight_map": {"y": "1.x"}}`:                   `tensor "y" is missing; the index says that it is there`,
		`{"weight_map": {"x": "1.x", "x": "1.x"}}`:       `a second tensor of that name`,
		`{"weight_map": {"x": "1.x"}, "weight_map": {}}`: "a second weight_map",
		`{"weight_map": {"x": "1.x"}} more`:              "expected the index's end",
		`{"a": nul}`:                                     "expected a value",
		`{"a": }`:                                        "expected a value",
		`{"a": ` + strings.Repeat("[", 40) + `}`:         "too many values within each other",
		`{"weight_map": {"x": "bad.x"}}`:                 `"bad.x": not a PyTorch or safetensors checkpoint`,
	} {
		dir := folderOf(t, map[string][]byte{indexName: []byte(index), "1.x": one, "bad.x": []byte("text")})
		if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
			t.Fatal(err)
		}
		_, err := Load(t.Context(), dir)
		if err == nil || !strings.Contains(err.Error(), want) && runtime.GOOS != "windows" || !strings.HasPrefix(err.Error(), filepath.Join(dir, indexName)) {
			t.Errorf("%s: error %v, want %q", index, err, want)
		}
	}
	var many strings.Builder
	for i := range mostShards + 1 {
		many.WriteString(`,"` + string(rune('a'+i%26)) + strings.Repeat("a", i/26) + `":"f` + strings.Repeat("a", i/26) + string(rune('a'+i%26)) + `"`)
	}
	dir := folderOf(t, map[string][]byte{indexName: []byte(`{"weight_map": {` + many.String()[1:] + `}}`)})
	if _, err := Load(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "more than 1000 files") {
		t.Errorf("many files: error %v", err)
	}
	if _, err := Load(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "a folder without model.safetensors, model.safetensors.index.json") {
		t.Errorf("an empty folder: error %v", err)
	}
	// What they take together is bounded, too.
	dir = folderOf(t, map[string][]byte{indexName: []byte(`{"weight_map": {"x": "1.x"}}`), "1.x": one})
	if _, err := LoadMax(t.Context(), dir, 1); err != nil {
		t.Errorf("a small one: error %v", err)
	}
	big := folderOf(t, map[string][]byte{indexName: []byte(`{"weight_map": {"x": "1.x"}}`), "1.x": safetensorsOf(`{"x":{"dtype":"U8","shape":[1048576],"data_offsets":[0,1048576]}}`, strings.Repeat("a", 1<<20))})
	if _, err := LoadMax(t.Context(), big, 1); !errors.Is(err, ErrMemory) {
		t.Errorf("a large one: error %v", err)
	}
}

// FuzzIndex reads any bytes as the index of several files.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"metadata": {"total_size": 1.5e3, "a": [null, true, "b"]}, "weight_map": {"x": "1.x", "y": "1.x"}}`))
	f.Add([]byte(`{"weight_map": {"x": "../1.x"}}`))
	f.Add([]byte(`{"weight_map": {"x": "n"}, "weight_map": {}}`))
	f.Add([]byte(`{"a": [[[[[[{"b":{}}]]]]]]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		promise.Keep(t, len(data), 0, func() {
			shards, err := parseIndex(data, budget.New(int64(len(data))))
			if (err == nil) != (len(shards) > 0) && err == nil {
				t.Fatalf("no shards and no error")
			}
			for _, s := range shards {
				if err == nil && filepath.Base(s.name) != s.name {
					t.Fatalf("a shard of name %q", s.name)
				}
			}
		})
	})
}
