package checkpoint

import (
	"fmt"
	"strings"
	"testing"
)

// The promise about memory where 1 MiB more or less does not matter: inputs
// of some megabytes that are nothing but one expensive piece. load measures.
func TestMemoryAtScale(t *testing.T) {
	size := 3 << 20
	if raceEnabled {
		size = 1 << 18
	}
	fill := func(piece func(i int) string) string {
		var b strings.Builder
		for i := 0; b.Len() < size; i++ {
			b.WriteString(piece(i))
		}
		return b.String()
	}
	same := func(s string) func(int) string { return func(int) string { return s } }
	ordered := pGlobal("collections", "OrderedDict")
	for name, object := range map[string]string{
		"lists":        "(" + fill(same("]")),
		"nested lists": fill(same("]")),
		"tuples":       "(" + fill(same("N\x85")),
		"wide tuples":  fill(same("(" + strings.Repeat("N", 1000) + "t")),
		"marks":        fill(same("(")),
		"floats":       "(" + fill(same("G12345678")),
		"ints":         "(" + fill(same("M\xff\xff")),
		"longs":        "(" + fill(same("\x8a\x09123456789")),
		"strings":      "(" + fill(same("U\x01a")),
		"long strings": "(" + fill(same("U\x63"+strings.Repeat("a", 99))),
		"spans":        "(" + fill(same("C\x00")),
		"memo":         "N" + fill(same("\x94")),
		"sparse memo":  "N" + fill(func(i int) string { return "r" + string([]byte{byte(i), byte(i >> 8), byte(i >> 16), 0}) }),
		"memo chunks":  strings.Repeat("N0", size/3) + fill(func(i int) string { return "Nr" + string([]byte{0, byte(i), byte(i >> 8 % 8), 0}) + "0" }),
		"list items":   "]" + fill(same("Na")),
		"dict entries": "}" + fill(same("NNs")),
		"dicts":        ordered + "q\x00(" + fill(same("h\x00)R")),
		"globals":      "(" + fill(same("ctorch\nSize\n")),
		"storages": "(" + fill(func(i int) string {
			return "(" + pStr("storage") + "ctorch\nByteStorage\nU\x04" + fmt.Sprintf("%04x", i) + "NK\x00tQ"
		}),
		"views": pTuple(pStorage("0", 4), "K\x00", ")", ")") + "q\x00" + pGlobal("torch._utils", "_rebuild_tensor") + "q\x01" +
			fill(same("h\x01h\x00R")),
		"tensors": "](" + fill(func(i int) string { return pVector(fmt.Sprint(i), 0) }) + "e",
		"named":   "}" + pStorage("0", 1) + "q\x00(" + fill(func(i int) string { return pStr(fmt.Sprint(i)) + pView("h\x00", 0, ")", ")") }) + "u",
	} {
		t.Run(name, func(t *testing.T) {
			for _, data := range [][]byte{
				legacyOf(object, []string{"0"}, legacyStorage(4, fourFloats)),
				zipOf(t, object, entry{"x/data/0", fourFloats}),
			} {
				if _, err := load(t, data); err != nil {
					t.Log(err)
				}
			}
		})
	}
	for name, header := range map[string]string{
		"safetensors":        `{` + fill(func(i int) string { return fmt.Sprintf(`"%x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},`, i) }) + `"":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`,
		"metadata":           `{"__metadata__":{` + fill(func(i int) string { return fmt.Sprintf(`"%x":"",`, i) }) + `"":""}}`,
		"long metadata":      `{"__metadata__":{"a":"` + fill(same("a")) + `"}}`,
		"escaped metadata":   `{"__metadata__":{"a":"` + fill(same(`\n`)) + `"}}`,
		"escaped name":       `{"` + fill(same(`\u20ac`)) + `":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`,
		"many escaped names": `{"__metadata__":{` + fill(func(i int) string { return fmt.Sprintf(`"\n%x":"\n",`, i) }) + `"":""}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := load(t, safetensorsOf(header, "")); err != nil {
				t.Log(err)
			}
		})
	}
	t.Run("zip entries", func(t *testing.T) {
		entries := []entry{{"x/data.pkl", pickled(pDict(pStr("w"), pVector("0", 4)))}, {"x/data/0", fourFloats}}
		for i := range size / 50 {
			entries = append(entries, entry{fmt.Sprint(i), ""})
		}
		if _, err := load(t, archiveOf(t, entries...)); err != nil {
			t.Log(err)
		}
	})
	t.Run("crowded directory", func(t *testing.T) {
		archive := zipOf(t, pDict(pStr("w"), pVector("0", 4)), entry{"x/data/0", fourFloats}, entry{"x/padding", strings.Repeat("a", size)})
		_, err := load(t, crowded(t, archive, size/100))
		if err == nil || strings.Contains(err.Error(), "too large") {
			t.Errorf("error %v, want one that comes after the directory", err)
		}
	})
	t.Run("a large model", func(t *testing.T) {
		archive, stream := torchFiles(t, resnet18(t, 16))
		for _, data := range [][]byte{archive, stream} {
			if _, err := load(t, data); err != nil {
				t.Error(err)
			}
		}
	})
}
