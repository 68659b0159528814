package pca

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/atomicfile"
	"github.com/glimpse-go/glimpse/internal/ctxio"
)

// formatName and formatVersion open every saved model.
const (
	formatName    = "glimpse-pca"
	formatVersion = 1
)

// modelFile is a saved model: JSON in which an array of floats is the base64
// of its little-endian float64 (row-major), so that every bit comes back and
// the file stays small. In Python,
//
//	m = json.load(open("model.json"))
//	c = np.frombuffer(base64.b64decode(m["components"]), "<f8").reshape(-1, m["features"])
type modelFile struct {
	Format        string  `json:"format"`
	Version       int     `json:"version"`
	Samples       int     `json:"samples"`
	Features      int     `json:"features"`
	Kept          int     `json:"kept"`
	Whiten        bool    `json:"whiten"`
	NoiseVariance float64 `json:"noise_variance"`
	Mean          []byte  `json:"mean"`
	Variance      []byte  `json:"explained_variance"`
	Ratio         []byte  `json:"explained_variance_ratio"`
	Singular      []byte  `json:"singular_values"`
	Components    []byte  `json:"components"`
}

// Write writes the model as JSON, arrays of floats as the base64 of their
// little-endian float64. Read gives the same model, to the last bit.
func (m *Model) Write(w io.Writer) error {
	k, d, err := m.dims()
	if err != nil {
		return err
	}
	components := make([]float64, 0, k*d)
	for i := range k {
		components = append(components, m.Components.RawRowView(i)...)
	}
	return json.NewEncoder(w).Encode(modelFile{
		Format: formatName, Version: formatVersion,
		Samples: m.Samples, Features: d, Kept: k,
		Whiten: m.Whiten, NoiseVariance: m.NoiseVariance,
		Mean:       encode(m.Mean),
		Variance:   encode(m.ExplainedVariance),
		Ratio:      encode(m.ExplainedVarianceRatio),
		Singular:   encode(m.SingularValues),
		Components: encode(components),
	})
}

// Save writes the model to a file that is whole or absent. It stops with ctx's
// error, nothing written, when ctx ends.
func (m *Model) Save(ctx context.Context, path string) error {
	return atomicfile.Write(ctx, path, m.Write)
}

// Read reads a model that Write wrote. It is an error when anything else
// comes, when shapes do not agree or a number is not finite; the memory used
// is less than four times the input.
func Read(r io.Reader) (*Model, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("pca: reading a model: %w", err)
	}
	return decode(data)
}

// Load reads the model in a file that Save wrote; see Read. It stops with ctx's
// error, at the next MiB, when ctx ends.
func Load(ctx context.Context, path string) (*Model, error) {
	// Looked at before it is opened: opening a named pipe would wait for ever.
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("pca: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("pca: %s: not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("pca: %w", err)
	}
	defer f.Close()
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(ctxio.Reader(ctx, f), data); err != nil {
		return nil, fmt.Errorf("pca: %s: %w", path, err)
	}
	m, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

func decode(data []byte) (*Model, error) {
	var f modelFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("pca: not a saved model: %w", err)
	}
	if f.Format != formatName || f.Version != formatVersion {
		return nil, fmt.Errorf("pca: not a saved model: format %.20q version %d, want %q version %d", f.Format, f.Version, formatName, formatVersion)
	}
	if f.Samples < 2 || f.Features < 1 || f.Kept < 1 || f.Kept > min(f.Samples, f.Features) {
		return nil, fmt.Errorf("pca: saved model: %d components of %d samples with %d features", f.Kept, f.Samples, f.Features)
	}
	if !(f.NoiseVariance >= 0) {
		return nil, fmt.Errorf("pca: saved model: noise variance %v", f.NoiseVariance)
	}
	m := &Model{Samples: f.Samples, Whiten: f.Whiten, NoiseVariance: f.NoiseVariance}
	if f.Features > len(f.Components)/8/f.Kept {
		return nil, fmt.Errorf("pca: saved model: components: %d bytes are too few for %d x %d float64", len(f.Components), f.Kept, f.Features)
	}
	var components []float64
	for _, a := range []struct {
		name  string
		bytes []byte
		n     int
		sign  bool // negative numbers are allowed
		to    *[]float64
	}{
		{"mean", f.Mean, f.Features, true, &m.Mean},
		{"explained_variance", f.Variance, f.Kept, false, &m.ExplainedVariance},
		{"explained_variance_ratio", f.Ratio, f.Kept, false, &m.ExplainedVarianceRatio},
		{"singular_values", f.Singular, f.Kept, false, &m.SingularValues},
		{"components", f.Components, f.Kept * f.Features, true, &components},
	} {
		if len(a.bytes) != 8*a.n {
			return nil, fmt.Errorf("pca: saved model: %s: %d bytes, want %d float64", a.name, len(a.bytes), a.n)
		}
		v := make([]float64, a.n)
		for i := range v {
			v[i] = math.Float64frombits(binary.LittleEndian.Uint64(a.bytes[8*i:]))
			if math.IsNaN(v[i]) || math.IsInf(v[i], 0) || v[i] < 0 && !a.sign {
				return nil, fmt.Errorf("pca: saved model: %s: element %d is %v", a.name, i, v[i])
			}
		}
		*a.to = v
	}
	m.Components = mat.NewDense(f.Kept, f.Features, components)
	return m, nil
}

// encode returns the little-endian bytes of v.
func encode(v []float64) []byte {
	b := make([]byte, 0, 8*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
	}
	return b
}
