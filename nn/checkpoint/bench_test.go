package checkpoint

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// resnet18 is a state dict of the sizes of a ResNet18: 62 parameters and their
// running statistics. At torchvision's width of 64 it holds 11.7 million
// numbers.
func resnet18(tb testing.TB, width int) *StateDict {
	tb.Helper()
	s := &StateDict{}
	add := func(name string, shape ...int) {
		n, err := elements(shape)
		if err != nil {
			tb.Fatal(err)
		}
		data := make([]float32, n)
		for i := range data {
			data[i] = float32(i%1000) / 1000
		}
		x, err := NewFloat32(name, shape, data)
		if err != nil {
			tb.Fatal(err)
		}
		if err := s.Add(x); err != nil {
			tb.Fatal(err)
		}
	}
	conv := func(name string, out, in, k int) {
		add(name+".conv.weight", out, in, k, k)
		for _, x := range []string{"weight", "bias", "running_mean", "running_var"} {
			add(name+".bn."+x, out)
		}
	}
	conv("stem", width, 3, 7)
	in := width
	for stage := range 4 {
		out := width << stage
		for block := range 2 {
			name := fmt.Sprintf("layer%d.%d", stage+1, block)
			conv(name+".1", out, in, 3)
			conv(name+".2", out, out, 3)
			if in != out {
				conv(name+".downsample", out, in, 1)
			}
			in = out
		}
	}
	add("fc.weight", 1000, in)
	add("fc.bias", 1000)
	return s
}

// torchFiles writes s as torch.save would, in both formats.
func torchFiles(tb testing.TB, s *StateDict) (archive, stream []byte) {
	var items, keys []string
	var entries []entry
	var tail bytes.Buffer
	for i, x := range s.tensors {
		key := fmt.Sprint(i)
		shape, stride := make([]int64, len(x.Shape)), make([]int64, len(x.Shape))
		step := int64(1)
		for j := len(x.Shape) - 1; j >= 0; j-- {
			shape[j], stride[j] = int64(x.Shape[j]), step
			step *= shape[j]
		}
		items = append(items, pStr(x.Name), pView(pStorage(key, int64(x.Len())), 0, pInts(shape...), pInts(stride...)))
		entries = append(entries, entry{"x/data/" + key, string(x.data)})
		keys = append(keys, key)
		tail.WriteString(legacyStorage(int64(x.Len()), string(x.data)))
	}
	object := pDict(items...)
	return zipOf(tb, object, entries...), legacyOf(object, keys, tail.String())
}

// BenchmarkLoad loads ResNet18's 45 MB from a file.
func BenchmarkLoad(b *testing.B) {
	s := resnet18(b, 64)
	archive, stream := torchFiles(b, s)
	var st bytes.Buffer
	if err := WriteSafetensors(&st, s); err != nil {
		b.Fatal(err)
	}
	for name, data := range map[string][]byte{"zip": archive, "legacy": stream, "safetensors": st.Bytes()} {
		path := filepath.Join(b.TempDir(), name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Load(b.Context(), path); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Loading takes the memory of the tensors once, and little more.
func TestLoadAllocatesOnce(t *testing.T) {
	width := 32
	if raceEnabled {
		width = 8
	}
	s := resnet18(t, width)
	archive, stream := torchFiles(t, s)
	var st bytes.Buffer
	if err := WriteSafetensors(&st, s); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"zip": archive, "legacy": stream, "safetensors": st.Bytes()} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := Read(t.Context(), bytes.NewReader(data), int64(len(data))); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		got := after.TotalAlloc - before.TotalAlloc
		t.Logf("%s: %d bytes of memory for a file of %d", name, got, len(data))
		if got > uint64(len(data))+300<<10 {
			t.Errorf("%s: %d bytes of memory for a file of %d", name, got, len(data))
		}
	}
}

func BenchmarkConvert(b *testing.B) {
	s := resnet18(b, 64)
	for _, d := range []DType{F16, BF16} {
		half, err := s.Convert(d)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("to "+d.String(), func(b *testing.B) {
			for b.Loop() {
				s.Convert(d)
			}
		})
		b.Run("from "+d.String(), func(b *testing.B) {
			for b.Loop() {
				half.Convert(F32)
			}
		})
	}
}
