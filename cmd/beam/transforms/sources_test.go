package transforms

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/nn"
)

// png returns an image as a file.
func pngOf(t *testing.T, im *data.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tarOf is a tar file of members: name, content, name, content.
func tarOf(t *testing.T, members ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		if err := member(w, members[i], []byte(members[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// failed reads the failures of a folder.
func failed(t *testing.T, dir string, shards int) []Failure {
	t.Helper()
	all, err := ReadFailures(t.Context(), dir, shards)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Images in tar shards and in class folders give the features of the same images in a data
// set; what is no image is named, and the rest is done.
func TestTarAndFiles(t *testing.T) {
	r := cifar(t)
	dir := t.TempDir()
	names := []string{"ant", "bee"}
	for shard := range 3 {
		var members []string
		for i := range 5 {
			n := shard*5 + i
			file := string(pngOf(t, r.samples[n].Image))
			if n == 7 {
				file = file[:len(file)/2]
			}
			key := fmt.Sprintf("a.b/%03d", n)
			members = append(members, key+".json", "{}", key+".PNG", file, key+".cls", fmt.Sprintf(" %d\n", r.samples[n].Label))
			class := filepath.Join(dir, "images", names[n%2])
			if err := os.MkdirAll(class, 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(class, fmt.Sprintf("%03d.png", n)), []byte(file))
		}
		members = append(members, "lonely.cls", "1", "odd.cls", "cat", "odd.jpg", "")
		write(t, filepath.Join(dir, fmt.Sprintf("in-%d.tar", shard)), tarOf(t, members...))
	}
	row := func(n int) []float32 { return r.features[n*r.d : (n+1)*r.d] }

	out := filepath.Join(dir, "tar")
	err := run(t, func(s beam.Scope) {
		shards, err := Shards(t.Context(), filepath.Join(dir, "in-*.tar"))
		if err != nil {
			t.Fatal(err)
		}
		pictures, unread := ReadTar(s, shards, Tar{})
		points, unmade := Features(s, r.network, pictures)
		WriteParquet(s, out, 3, ParquetOptions{Features: true}, points)
		WriteFailures(s, out, 3, beam.Flatten(s, unread, unmade))
	})
	if err != nil {
		t.Fatal(err)
	}
	got := rows(t, out)
	if len(got) != 14 {
		t.Errorf("%d points of the tar files", len(got))
	}
	for _, p := range got {
		n := int(p.Shard)*5 + int(p.Index)
		if !slices.Equal(p.Features, row(n)) || *p.Label != int32(r.samples[n].Label) || !strings.HasSuffix(p.Name, fmt.Sprintf(".tar/a.b/%03d", n)) {
			t.Errorf("%s: label %d, or other features", p.Name, *p.Label)
		}
	}
	var bad []string
	for _, f := range failed(t, out, 3) {
		bad = append(bad, fmt.Sprintf("%d/%d %s", f.Shard, f.Index, f.Name[strings.Index(f.Name, ".tar")+5:]))
		if f.Error == "" {
			t.Error("a failure without an error")
		}
	}
	want := []string{"0/5 lonely", "0/6 odd", "1/2 a.b/007", "1/5 lonely", "1/6 odd", "2/5 lonely", "2/6 odd"}
	if !slices.Equal(bad, want) {
		t.Errorf("failures %q, want %q", bad, want)
	}

	out = filepath.Join(dir, "files")
	pattern := filepath.Join(dir, "images", "*", "*.png")
	n, classes, err := ListFiles(t.Context(), pattern)
	if err != nil || n != 15 || !slices.Equal(classes, names) {
		t.Fatalf("%d files, classes %v, error %v", n, classes, err)
	}
	err = run(t, func(s beam.Scope) {
		pictures, unread := ReadFiles(s, Files{Pattern: pattern, Classes: classes, Shards: 4})
		points, unmade := Features(s, r.network, pictures)
		WriteParquet(s, out, 4, ParquetOptions{Features: true}, points)
		WriteFailures(s, out, 4, beam.Flatten(s, unread, unmade))
	})
	if err != nil {
		t.Fatal(err)
	}
	got = rows(t, out)
	for _, p := range got {
		var n int
		fmt.Sscanf(filepath.Base(p.Name), "%d.png", &n)
		if !slices.Equal(p.Features, row(n)) || int(*p.Label) != n%2 {
			t.Errorf("%s: label %d, or other features", p.Name, *p.Label)
		}
	}
	if f := failed(t, out, 4); len(got) != 14 || len(f) != 1 || filepath.Base(f[0].Name) != "007.png" {
		t.Errorf("%d points of the files, failures %v", len(got), f)
	}
}

// What is wrong with a sample is said of it, and the next is a new one.
func TestReadTar(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.tar")
	write(t, path, tarOf(t, "lonely.cls", "1", "odd.jpg", "j", "odd.cls", "-1", "good.jpg", "k", "good.cls", "0"))
	var got []string
	err := readTar(t.Context(), Shard{2, path}, func(p Picture, err error) {
		got = append(got, fmt.Sprintf("%d %d %s %d %q %v", p.Shard, p.Index, strings.TrimPrefix(p.Name, path), p.Label, p.Content, err))
	})
	want := []string{`2 0 /lonely 1 "" a sample without an image`, `2 1 /odd -1 "j" odd.cls: class "-1", want a number from 0 on`, `2 2 /good 0 "k" <nil>`}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("error %v, %q, want %q", err, got, want)
	}
}

// A shard that cannot be read on ends the run with its name, or is a failure where that is
// asked for: what came before it is there then.
func TestUnreadableShard(t *testing.T) {
	r := cifar(t)
	dir := t.TempDir()
	whole := tarOf(t, "0.png", string(pngOf(t, r.samples[0].Image)), "1.png", string(pngOf(t, r.samples[1].Image)))
	write(t, filepath.Join(dir, "a.tar"), whole)
	write(t, filepath.Join(dir, "b.tar"), whole[:len(whole)-2048-1024])
	shards, err := Shards(t.Context(), filepath.Join(dir, "*.tar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, skip := range []bool{false, true} {
		out := filepath.Join(dir, fmt.Sprint(skip))
		err := run(t, func(s beam.Scope) {
			pictures, unread := ReadTar(s, shards, Tar{SkipBad: skip})
			points, _ := Features(s, r.network, pictures)
			WriteNPY(s, out, 2, points)
			WriteFailures(s, out, 2, unread)
		})
		if !skip {
			if err == nil || !strings.Contains(err.Error(), "b.tar") {
				t.Errorf("error %v, want one that names b.tar", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, n := joined(t, filepath.Join(out, "features-*[0-9].npy")); n != 3 {
			t.Errorf("%d points", n)
		}
		if f := failed(t, out, 2); len(f) != 1 || f[0].Index != -1 || filepath.Base(f[0].Name) != "b.tar" {
			t.Errorf("failures %v", f)
		}
	}
	if _, err := Shards(t.Context(), filepath.Join(dir, "*.zip")); err == nil {
		t.Error("no files, and no error")
	}
}

// Features that were written are read again as they were.
func TestReadFeatures(t *testing.T) {
	dir := t.TempDir()
	x := []float32{1, 2, 3, 4, 5, 6}
	if err := npy.Save(t.Context(), filepath.Join(dir, "in-0.npy"), []int{3, 2}, x); err != nil {
		t.Fatal(err)
	}
	if err := npy.Save(t.Context(), filepath.Join(dir, "in-0_labels.npy"), []int{3}, []int64{2, -1, 0}); err != nil {
		t.Fatal(err)
	}
	in := []Shard{{0, filepath.Join(dir, "in-0.npy")}}
	if err := run(t, func(s beam.Scope) { WriteNPY(s, filepath.Join(dir, "out"), 1, ReadFeatures(s, in)) }); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"", "_labels"} {
		want, err := os.ReadFile(filepath.Join(dir, "in-0"+kind+".npy"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, "out", "features-00000-of-00001"+kind+".npy"))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q: other bytes, error %v", kind, err)
		}
	}
	for name, save := range map[string]func(path string) error{
		"labels": func(path string) error {
			return npy.Save(t.Context(), strings.TrimSuffix(path, ".npy")+"_labels.npy", []int{1}, []int64{5})
		},
		"one axis": func(path string) error { return npy.Save(t.Context(), path, []int{6}, x) },
		"cut":      func(path string) error { return os.Truncate(path, 100) },
	} {
		path := filepath.Join(dir, "bad-"+name+".npy")
		if err := npy.Save(t.Context(), path, []int{3, 2}, x); err != nil {
			t.Fatal(err)
		}
		if err := save(path); err != nil {
			t.Fatal(err)
		}
		err := new(readFeaturesFn).ProcessElement(t.Context(), Shard{0, path}, func(Point) {})
		if err == nil || !strings.Contains(err.Error(), "bad-"+name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// Maps and overlays are those of one process, to the byte, for any number of shards.
func TestMaps(t *testing.T) {
	r := cifar(t)
	m, err := r.network.load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method string
		shards int
	}{{"", 1}, {"", 7}, {"", 100}, {"gradcam", 7}} {
		dir := t.TempDir()
		err := run(t, func(s beam.Scope) {
			pictures, _ := ReadDataset(s, r.dataset, ranges(t, c.shards))
			maps, _ := Maps(s, r.network, MapOptions{Method: c.method, Overlays: true}, pictures)
			WriteMaps(s, dir, c.shards, maps)
		})
		if err != nil {
			t.Fatal(err)
		}
		paths, _ := filepath.Glob(filepath.Join(dir, "maps-*.tar"))
		slices.Sort(paths)
		seen := 0
		for _, path := range paths {
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			files := tar.NewReader(f)
			for {
				head, err := files.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				content, err := io.ReadAll(files)
				if err != nil {
					t.Fatal(err)
				}
				if want := wantMap(t, m, r.samples[seen/2].Image, c.method)[seen%2]; !bytes.Equal(content, want) {
					t.Fatalf("%q, %d shards: %s: other bytes", c.method, c.shards, head.Name)
				}
				if want := fmt.Sprintf("cam_%05d%s", seen/2, []string{".npy", ".png"}[seen%2]); head.Name != want {
					t.Fatalf("%s, want %s", head.Name, want)
				}
				seen++
			}
		}
		if seen != 2*images {
			t.Errorf("%q, %d shards: %d files", c.method, c.shards, seen)
		}
	}
}

// wantMap is what one process writes of a picture's map: the file of cmd/cam's -maps, and
// the overlay.
func wantMap(t *testing.T, m *model.Model, im *data.Image, method string) [2][]byte {
	t.Helper()
	e, err := m.Explain(context.Background(), im, cam.Predicted)
	if err == nil && method != "" {
		x := make([]float32, 3*32*32)
		if err = m.Transform().Apply(im, x); err == nil {
			e.Map, err = gradCAM(m, x)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	var b, o bytes.Buffer
	if err := npy.Write(&b, []int{e.Map.Height, e.Map.Width}, e.Map.Values); err != nil {
		t.Fatal(err)
	}
	if method != "" {
		e.Map = e.Map.Rectified()
	}
	overlay, err := e.Overlay(model.OverlayOptions{})
	if err == nil {
		err = png.Encode(&o, overlay)
	}
	if err != nil {
		t.Fatal(err)
	}
	return [2][]byte{b.Bytes(), o.Bytes()}
}

func gradCAM(m *model.Model, x []float32) (*cam.Map, error) {
	r, err := cam.GradCAM{}.Explain(context.Background(), cam.Question{Net: m.Network(), Input: &nn.Tensor{Shape: []int{1, 3, 32, 32}, Data: x}})
	if err != nil {
		return nil, err
	}
	return r.Maps[0], nil
}
