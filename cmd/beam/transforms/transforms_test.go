package transforms

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/local"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/memfs"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"
	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/nn"
)

func TestMain(m *testing.M) { ptest.Main(m) }

// A reference is what one process makes of the first images of CIFAR-10's test split.
type reference struct {
	dataset  Dataset
	network  Network
	samples  []data.Sample
	features []float32 // n x d
	logits   []float32 // n x classes
	d, k     int
}

// images is how many images most tests have.
const images = 210

// cifar runs the images through the network for them, in batches of another size than the
// pipeline's.
func cifar(t *testing.T) *reference {
	t.Helper()
	whole, err := os.ReadFile("../../../../shared/data/cifar-10-batches-bin/test_batch.bin")
	if err != nil {
		t.Skipf("no shared data: %v", err)
	}
	dir := t.TempDir()
	names, err := os.ReadFile("../../../../shared/data/cifar-10-batches-bin/batches.meta.txt")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "batches.meta.txt"), names)
	write(t, filepath.Join(dir, "test_batch.bin"), whole)
	half := float32(0.5)
	r := &reference{dataset: Dataset{Path: dir}, network: Network{Weights: CIFAR10, Options: model.Options{Size: model.AsIs, Mean: []float32{half}, Std: []float32{half}}}}
	ds, err := r.dataset.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer ds.Close()
	m, err := r.network.load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for b, err := range data.Batches(t.Context(), ds, data.BatchOptions{Count: images, Size: 13, Transform: m.Transform()}) {
		if err != nil {
			t.Fatal(err)
		}
		out, err := m.Network().Run(t.Context(), tensorOf(b))
		if err != nil {
			t.Fatal(err)
		}
		r.samples = append(r.samples, b.Samples...)
		r.features, r.d = append(r.features, out.Features.Data...), out.Features.Shape[1]
		r.logits, r.k = append(r.logits, out.Logits.Data...), out.Logits.Shape[1]
	}
	return r
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// ranges cuts the images into shards, which come in any order.
func ranges(t *testing.T, shards int) []Range {
	t.Helper()
	r, err := Ranges(images, shards)
	if err != nil {
		t.Fatal(err)
	}
	rand.New(rand.NewPCG(1, uint64(shards))).Shuffle(len(r), func(i, j int) { r[i], r[j] = r[j], r[i] })
	return r
}

// run runs a pipeline on Prism, in this process.
func run(t *testing.T, build func(s beam.Scope)) error {
	t.Helper()
	p, s := beam.NewPipelineWithRoot()
	build(s)
	return ptest.Run(p)
}

// joined are the shards of an array, one after another.
func joined(t *testing.T, pattern string) (v []float64, rows int) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(paths)
	for _, path := range paths {
		a, err := npy.Load(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		v, rows = append(v, a.Float64s()...), rows+a.Shape[0]
	}
	return v, rows
}

// x are the features of all points, a row each.
func (r *reference) x() *mat.Dense {
	v := make([]float64, len(r.features))
	for i, f := range r.features {
		v[i] = float64(f)
	}
	return mat.NewDense(len(r.samples), r.d, v)
}

// Features are those of one process to the last bit, for any number of shards in any order,
// and the network is loaded once.
func TestFeatures(t *testing.T) {
	r := cifar(t)
	loads := networks.makes
	for _, shards := range []int{1, 7, 100} {
		dir := t.TempDir()
		err := run(t, func(s beam.Scope) {
			pictures, _ := ReadDataset(s, r.dataset, ranges(t, shards))
			points, _ := Features(s, r.network, pictures)
			WriteNPY(s, dir, shards, points)
		})
		if err != nil {
			t.Fatal(err)
		}
		got, rows := joined(t, filepath.Join(dir, "features-*-of-*[0-9].npy"))
		if rows != images || !slices.Equal(got, r.x().RawMatrix().Data) {
			t.Errorf("%d shards: %d rows, or other features", shards, rows)
		}
		labels, _ := joined(t, filepath.Join(dir, "*_labels.npy"))
		for i, s := range r.samples {
			if len(labels) != images || labels[i] != float64(s.Label) {
				t.Fatalf("%d shards: label %d differs", shards, i)
			}
		}
	}
	if networks.makes != loads {
		t.Errorf("the network was loaded %d more times", networks.makes-loads)
	}
}

// tensorOf is a batch as the network takes it.
func tensorOf(b *data.Batch) *nn.Tensor { return &nn.Tensor{Shape: b.Shape, Data: b.Pixels} }
