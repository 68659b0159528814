package pca_test

import (
	"bytes"
	"encoding"
	"encoding/binary"
	"encoding/gob"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/testkit/promise"
	"github.com/glimpse-go/glimpse/pca"
)

var (
	_ encoding.BinaryAppender    = pca.Incremental{}
	_ encoding.BinaryMarshaler   = pca.Incremental{}
	_ encoding.BinaryUnmarshaler = &pca.Incremental{}
)

// added is an Incremental of the rows of x.
func added(t testing.TB, x mat.Matrix) *pca.Incremental {
	t.Helper()
	inc := &pca.Incremental{}
	if err := inc.Add(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	return inc
}

func state(t testing.TB, inc *pca.Incremental) []byte {
	t.Helper()
	b, err := inc.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// However it travels, an Incremental comes back to the last bit, and goes on as if it had
// stayed.
func TestStateTravels(t *testing.T) {
	x := random("state", 60, 5)
	inc := added(t, x)
	more := random("state more", 7, 5)
	ways := map[string]func() (*pca.Incremental, error){
		"binary": func() (*pca.Incremental, error) {
			var back pca.Incremental
			return &back, back.UnmarshalBinary(state(t, inc))
		},
		"append": func() (*pca.Incremental, error) {
			b, err := inc.AppendBinary([]byte("before"))
			if err != nil {
				return nil, err
			}
			var back pca.Incremental
			return &back, back.UnmarshalBinary(bytes.TrimPrefix(b, []byte("before")))
		},
		"json": func() (*pca.Incremental, error) {
			b, err := json.Marshal(struct{ Sum pca.Incremental }{*inc})
			if err != nil {
				return nil, err
			}
			var back struct{ Sum pca.Incremental }
			return &back.Sum, json.Unmarshal(b, &back)
		},
		"gob": func() (*pca.Incremental, error) {
			var b bytes.Buffer
			if err := gob.NewEncoder(&b).Encode(inc); err != nil {
				return nil, err
			}
			var back pca.Incremental
			return &back, gob.NewDecoder(&b).Decode(&back)
		},
	}
	want := added(t, x)
	if err := want.Add(t.Context(), more); err != nil {
		t.Fatal(err)
	}
	for name, way := range ways {
		back, err := way()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if back.Samples() != 60 || !bytes.Equal(state(t, back), state(t, inc)) {
			t.Errorf("%s: %d samples, or other bits", name, back.Samples())
		}
		if err := back.Add(t.Context(), more); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(state(t, back), state(t, want)) {
			t.Errorf("%s: it does not go on as it would have", name)
		}
	}
	var none, back pca.Incremental
	if err := back.UnmarshalBinary(state(t, &none)); err != nil || back.Samples() != 0 {
		t.Errorf("without samples: %d of them, error %v", back.Samples(), err)
	}
	if err := inc.UnmarshalBinary(state(t, &none)); err != nil || inc.Samples() != 0 {
		t.Errorf("a state without samples leaves %d, error %v", inc.Samples(), err)
	}
}

// The bytes are those that the format's description says.
func TestStateLayout(t *testing.T) {
	inc := added(t, mat.NewDense(2, 2, []float64{1, 10, 3, 16}))
	want := append([]byte("glimpse-pca-sum\x01"), 2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0)
	for _, v := range []float64{2, 13, 2, 6, 18} { // the means; (1 1), (1 3) and (3 3), of both samples
		want = binary.LittleEndian.AppendUint64(want, math.Float64bits(v))
	}
	if got := state(t, inc); !bytes.Equal(got, want) {
		t.Errorf("%x\nwant %x", got, want)
	}
}

// What is not a state is an error, and the Incremental stays as it was.
func TestStateErrors(t *testing.T) {
	good := state(t, added(t, random("state", 9, 3)))
	number := func(at int, v uint64) []byte {
		b := bytes.Clone(good)
		binary.LittleEndian.PutUint64(b[at:], v)
		return b
	}
	float := func(at int, v float64) []byte { return number(at, math.Float64bits(v)) }
	version := bytes.Clone(good)
	version[15]++
	for _, c := range []struct {
		name string
		b    []byte
		want string
	}{
		{"nothing", nil, "not the state"},
		{"another magic", append([]byte("G"), good[1:]...), "not the state"},
		{"half a head", good[:31], "not the state"},
		{"version", version, "version 2, want 1"},
		{"cut", good[:len(good)-1], "71 bytes for 3 features, want 72"},
		{"longer", append(bytes.Clone(good), 0), "73 bytes"},
		{"no samples with features", number(16, 0), "0 samples with 3 features"},
		{"too many samples", number(16, 1<<53+1), "9007199254740993 samples"},
		{"samples without features", number(24, 0), "9 samples with 0 features"},
		{"features that overflow a product", number(24, 1<<63), "features"},
		{"a million features", number(24, 1<<20), "72 bytes for 1048576 features"},
		{"mean", float(40, math.NaN()), "mean 1 is NaN"},
		{"scatter", float(32+24+16, math.Inf(-1)), "scatter of 0 and 2 is -Inf"},
		{"negative square", float(32+24+24, -1), "scatter of 1 is -1"},
	} {
		inc := added(t, random("other", 4, 3))
		before := state(t, inc)
		if err := inc.UnmarshalBinary(c.b); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
		if !bytes.Equal(state(t, inc), before) {
			t.Errorf("%s: changed", c.name)
		}
	}
	if err := new(pca.Incremental).UnmarshalText([]byte("*")); err == nil {
		t.Error("a text that is no base64")
	}
}

// A merge of what overflows when added up is refused, and nothing has been added.
func TestMergeOverflow(t *testing.T) {
	far := added(t, mat.NewDense(2, 2, []float64{1, 1e200, 2, 1e200}))
	other := added(t, mat.NewDense(2, 2, []float64{1, -1e200, 2, -1e200}))
	wide := added(t, mat.NewDense(2, 1, []float64{9e153, -9e153})) // whose scatter is near the largest float64
	huge := added(t, mat.NewDense(1, 1, []float64{1}))
	manyState := state(t, huge)
	binary.LittleEndian.PutUint64(manyState[16:], 1<<53)
	many := &pca.Incremental{}
	if err := many.UnmarshalBinary(manyState); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		to, from *pca.Incremental
		want     string
	}{
		{"means far apart", far, other, "column 1: the values are too large"},
		{"large variances", wide, wide, "column 0: the values are too large"},
		{"counts", many, huge, "9007199254740992 samples and 1: there can be"},
	} {
		before, from := state(t, c.to), state(t, c.from)
		if err := c.to.Merge(c.from); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
		if !bytes.Equal(state(t, c.to), before) || !bytes.Equal(state(t, c.from), from) {
			t.Errorf("%s: changed", c.name)
		}
	}
	if err := far.Add(t.Context(), mat.NewDense(1, 2, []float64{1, -1e200})); err == nil || far.Samples() != 2 {
		t.Errorf("Add: error %v, %d samples", err, far.Samples())
	}
	// What did not overflow fits.
	if _, err := far.Fit(t.Context(), pca.Options{}); err != nil {
		t.Error(err)
	}
}

// A merge with itself counts all samples twice, whatever memory the two share.
func TestMergeItself(t *testing.T) {
	x := random("itself", 20, 4)
	inc := added(t, x)
	if err := inc.Merge(inc); err != nil {
		t.Fatal(err)
	}
	twice := mat.NewDense(40, 4, nil)
	twice.Stack(x, x)
	if d := sameModel(t, fitIncremental(t, inc), fit(t, twice, pca.Options{})); d > 1e-12 || inc.Samples() != 40 {
		t.Errorf("%d samples, differs by %g", inc.Samples(), d)
	}
}

func fitIncremental(t *testing.T, inc *pca.Incremental) *pca.Model {
	t.Helper()
	m, err := inc.Fit(t.Context(), pca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Whatever UnmarshalBinary accepts comes back as the same bytes, and can be merged and
// fitted without a panic.
func FuzzUnmarshalBinary(f *testing.F) {
	for _, d := range []int{1, 3} {
		good := state(f, added(f, random("fuzz state", 5, d)))
		f.Add(good)
		for i := 0; i < len(good); i += 5 {
			bent := bytes.Clone(good)
			bent[i] ^= 0x81
			f.Add(bent)
			f.Add(good[:i])
		}
	}
	f.Add(state(f, &pca.Incremental{}))
	f.Fuzz(func(t *testing.T, data []byte) {
		var inc pca.Incremental
		var err error
		promise.Keep(t, len(data), 0, func() { err = inc.UnmarshalBinary(data) })
		if err != nil {
			return
		}
		if b := state(t, &inc); !bytes.Equal(b, data) {
			t.Fatalf("%x came back as %x", data, b)
		}
		samples := inc.Samples()
		if err := inc.Merge(&inc); err == nil && inc.Samples() != 2*samples {
			t.Errorf("%d samples of %d", inc.Samples(), samples)
		}
		_, _ = inc.Fit(t.Context(), pca.Options{})
	})
}
