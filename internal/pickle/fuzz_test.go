package pickle

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/budget"
	"github.com/glimpse-go/glimpse/internal/testkit/promise"
)

// FuzzPickle holds Decode to its promises on any bytes: no panic, and memory
// within the budget. The names are all accepted, so that the machine is
// exercised, not the refusals.
func FuzzPickle(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		size := int64(len(data))
		for _, selective := range []bool{false, true} {
			promise.Keep(t, len(data), 0, func() {
				b := budget.New(size)
				var env Env = bookingEnv{b}
				if selective {
					env = selectiveEnv{bookingEnv{b}}
				}
				v, next, err := Decode(bytes.NewReader(data), 0, size, b, env)
				if err == nil && (next < 1 || next > size || Kind(v) == "") {
					t.Fatalf("a pickle of %d bytes that ends at %d", size, next)
				}
			})
		}
	})
}

// bookingEnv accepts every name, and makes a dict of every call.
type bookingEnv struct{ *budget.Budget }

func (bookingEnv) Global(module, name string) (any, error) { return "global", nil }
func (bookingEnv) Build(obj, state any) (any, error)       { return obj, nil }
func (bookingEnv) Persistent(id any) (any, error)          { return "object", nil }
func (e bookingEnv) Call(f any, args Tuple) (any, error)   { return &Dict{}, e.Take(24) }

// selectiveEnv needs no numbers, and makes opaque objects of all names.
type selectiveEnv struct{ bookingEnv }

func (selectiveEnv) Global(module, name string) (any, error) { return opaque{}, nil }
func (selectiveEnv) Unneeded(key, value any) bool {
	_, number := value.(int64)
	return number || value == nil
}

// seeds are the pickles of torch.save's golden files, whole, and cut and bent
// before and within their instructions.
func seeds(t testing.TB) [][]byte {
	var out [][]byte
	for _, c := range textCases {
		out = append(out, []byte(c.data))
	}
	for _, name := range []string{"module", "parameters", "in-state_dict", "protocol-4", "protocol-5", "views", "protocol-1", "strange-1", "strange-4", "negative"} {
		z, err := zip.OpenReader(filepath.Join("..", "..", "testdata", "golden", "checkpoint", name+".pth"))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range z.File {
			if !strings.HasSuffix(e.Name, "/data.pkl") {
				continue
			}
			r, err := e.Open()
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, data)
			for i := 0; i < len(data); i += 1 + len(data)/20 {
				bent := bytes.Clone(data)
				bent[i] ^= 0xff
				out = append(out, data[:i], bent)
			}
		}
		z.Close()
	}
	old, err := os.ReadFile(filepath.Join("..", "..", "testdata", "golden", "checkpoint", "old.pth"))
	if err != nil {
		t.Fatal(err)
	}
	return append(out, old)
}
