// Command asm writes the assembly of the main module from the templates in this
// folder. What instruction sets and types of numbers have in common, and what runs of
// registers do, stands there once; the files that come out are committed and not
// edited. From this folder:
//
//	go run .           writes them
//	go run . -check    says which differ
//
// A template is one of Go's text/template. seq n is 0 to n-1; add, mul,
// div and mod are integer arithmetic; list makes a list of its arguments; args and
// fields load registers.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// A width is one of amd64's vector instruction sets.
type width struct {
	Name  string // of functions: AVX512
	Wide  bool   // AVX-512: masks, 32 registers, operands that are broadcast
	V     string // the letter of a vector register
	Size  int    // of a vector in bytes
	Zero  string // the instruction that clears a register
	Rows  int    // of a tile of a matrix product
	First int    // register of a tile's sums
	Turn  int    // registers in which elements are broadcast in turn
}

var (
	avx512 = width{"AVX512", true, "Z", 64, "VPXORQ", 8, 8, 4}
	avx2   = width{"AVX2", false, "Y", 32, "VXORPS", 6, 4, 2}
)

// A number is a type of elements.
type number struct {
	Name   string // of functions: f32
	Go     string
	Bytes  int
	Shift  int // log2 of Bytes
	P, S   string
	Packed string // letter of NEON's arrangement: S4, D2
}

var numbers = []number{
	{"f32", "float32", 4, 2, "PS", "SS", "S4"},
	{"f64", "float64", 8, 3, "PD", "SD", "D2"},
}

// outputs are the files, by their paths from the repository's root, with the
// template and what it is filled with.
var outputs = []struct {
	path, template string
	data           any
}{
	{"internal/gemm/kernel_avx2_amd64.s", "gemm_amd64", avx2},
	{"internal/gemm/kernel_avx512_amd64.s", "gemm_amd64", avx512},
	{"internal/gemm/peak_amd64.s", "peak_amd64", []width{avx512, avx2}},
	{"internal/gemm/kernel_arm64.s", "gemm_arm64", nil},
	{"internal/conv/mul_avx2_amd64.s", "conv_amd64", avx2},
	{"internal/conv/mul_avx512_amd64.s", "conv_amd64", avx512},
	{"internal/conv/mul_arm64.s", "conv_arm64", nil},
	{"internal/conv/outer_avx2_amd64.s", "outer_amd64", avx2},
	{"internal/conv/outer_avx512_amd64.s", "outer_amd64", avx512},
	{"internal/conv/outer_arm64.s", "outer_arm64", nil},
	{"internal/conv/winograd_avx2_amd64.s", "winograd_amd64", avx2},
	{"internal/conv/winograd_avx512_amd64.s", "winograd_amd64", avx512},
	{"internal/conv/winograd_arm64.s", "winograd_arm64", nil},
	{"internal/forces/springs_avx2_amd64.s", "springs_amd64", avx2},
	{"internal/forces/springs_avx512_amd64.s", "springs_amd64", avx512},
	{"internal/forces/pairs_amd64.s", "pairs_amd64", []width{avx512, avx2}},
	{"internal/tree/repulsion_avx2_amd64.s", "repulsion_amd64", avx2},
	{"internal/tree/repulsion_avx512_amd64.s", "repulsion_amd64", avx512},
	{"internal/tree/walk_amd64.s", "walk_amd64", nil},
	{"internal/neighbours/scan_amd64.s", "scan_amd64", []width{avx512, avx2}},
	{"internal/neighbours/squares_amd64.s", "squares_amd64", nil},
	{"internal/fft/fft_avx2_amd64.s", "fft_amd64", avx2},
	{"internal/fft/fft_avx512_amd64.s", "fft_amd64", avx512},
	{"internal/conv/choose_avx2_amd64.s", "choose_amd64", avx2},
	{"internal/conv/choose_avx512_amd64.s", "choose_amd64", avx512},
	{"internal/conv/depthwise_avx2_amd64.s", "depthwise_amd64", avx2},
	{"internal/conv/depthwise_avx512_amd64.s", "depthwise_amd64", avx512},
	{"internal/elementwise/activation_avx2_amd64.s", "activation_amd64", avx2},
	{"internal/elementwise/activation_avx512_amd64.s", "activation_amd64", avx512},
	{"internal/elementwise/elementwise_avx2_amd64.s", "elementwise_amd64", avx2},
	{"internal/elementwise/elementwise_avx512_amd64.s", "elementwise_amd64", avx512},
	{"internal/elementwise/batchnorm_avx2_amd64.s", "batchnorm_amd64", avx2},
	{"internal/elementwise/batchnorm_avx512_amd64.s", "batchnorm_amd64", avx512},
	{"internal/jpeg/kernel_amd64.s", "jpeg_amd64", nil},
	{"internal/multigrid/loops_amd64.s", "multigrid_amd64", nil},
	{"internal/transpose/transpose_amd64.s", "transpose_amd64", nil},
	{"internal/resample/loops_amd64.s", "resample_amd64", nil},
	{"internal/resample/loops_arm64.s", "resample_arm64", nil},
	{"pca/rows_amd64.s", "rows_amd64", nil},
	{"pca/centre_amd64.s", "centre_amd64", nil},
}

var functions = template.FuncMap{
	"seq": func(n int) []int {
		out := make([]int, n)
		for i := range out {
			out[i] = i
		}
		return out
	},
	"add":  func(a, b int) int { return a + b },
	"mul":  func(a, b int) int { return a * b },
	"div":  func(a, b int) int { return a / b },
	"mod":  func(a, b int) int { return a % b },
	"list": func(v ...any) []any { return v },
	"perm": func(mask int) []int { // the elements whose bits are set, in front
		out := make([]int, 0, 4)
		for i := range 4 {
			if mask>>i&1 == 1 {
				out = append(out, i)
			}
		}
		return out[:4]
	},
	"label":            func(name string, n int) string { return fmt.Sprint(name, n) },
	"pixels":           func() []int { return []int{8, 4, 1} },
	"next":             func() []int { return []int{4, 1, 0} },
	"constants":        constants,
	"jpegConstants":    jpegConstants,
	"jpegShuffles":     jpegShuffles,
	"resampleShuffles": resampleShuffles,
	"pixelTables":      pixelTables,
	"args":             args,
	"fields":           fields,
	"numbers":          func() []number { return numbers },
}

// A constant is a float32, or an integer where it is written as one.
type constant struct{ Name, Value string }

// constants are those of activation_amd64: of exp, of the activations, and Mills' ratio
// (activation.py).
func constants() []constant {
	var list []constant
	for _, c := range []struct {
		name  string
		value float64
	}{
		{"zero", 0}, {"one", 1}, {"half", 0.5}, {"quarter", 0.25}, {"six", 6}, {"sixth", 1.0 / 6}, {"third", 1.0 / 3}, {"three", 3}, {"minusthree", -3},
		{"round", 3 << 22}, {"least", -86}, {"most", 86}, {"thirteen", 13}, {"minusthirteen", -13}, {"square", 169}, {"minuslog2e", -math.Log2E}, {"minushalflog2e", -math.Log2E / 2},
		{"e1", 0.693147004}, {"e2", 0.240222424}, {"e3", 0.0555073358}, {"e4", 0.00967151299}, {"e5", 0.00132647215},
		{"density", 1 / math.Sqrt(2*math.Pi)},
		{"m1", 0.250155181}, {"m2", 0.246945113}, {"m3", 0.26005432}, {"m4", 0.0825384036}, {"m5", 0.505731642},
		{"m6", -0.51581949}, {"m7", 0.742264748}, {"m8", -0.383034766}, {"m9", 0.064478904},
	} {
		list = append(list, constant{c.name, fmt.Sprintf("%#08x", math.Float32bits(float32(c.value)))})
	}
	return append(list, constant{"sign", "0x80000000"}, constant{"abs", "0x7fffffff"})
}

// jpegConstants are those of internal/jpeg's loops: of the transform (idct.go), of the
// colours (colour.go), and the roundings of the triangle filter, two words each.
func jpegConstants() []constant {
	const (
		fix0298631336 = 2446
		fix0390180644 = 3196
		fix0541196100 = 4433
		fix0765366865 = 6270
		fix0899976223 = 7373
		fix1175875602 = 9633
		fix1501321110 = 12299
		fix1847759065 = 15137
		fix1961570560 = 16069
		fix2053119869 = 16819
		fix2562915447 = 20995
		fix3072711026 = 25172
	)
	// What VPMADDWD multiplies two words by, the first of which is the lower.
	words := func(first, second int16) int32 { return int32(second)<<16 | int32(uint16(first)) }
	var list []constant
	for _, c := range []struct {
		name  string
		value int32
	}{
		{"high", words(fix0541196100+fix0765366865, fix0541196100)}, {"low", words(fix0541196100, fix0541196100-fix1847759065)},
		{"z3", words(fix1175875602-fix1961570560, fix1175875602)}, {"z4", words(fix1175875602, fix1175875602-fix0390180644)},
		{"odd0", words(fix1501321110-fix0899976223, -fix0899976223)}, {"odd1", words(fix3072711026-fix2562915447, -fix2562915447)},
		{"odd2", words(-fix2562915447, fix2053119869-fix2562915447)}, {"odd3", words(-fix0899976223, fix0298631336-fix0899976223)},
		{"halfColumns", 1 << 10}, {"halfRows", 1<<17 + 128<<18},
		{"middle", 0x10001 * 128}, {"half", 1 << 15},
		{"green", 18734<<16 | 65536 - 22554}, {"red", 0x10001 * 26345}, {"blue", 0x10000*-14942 | 65536 - 14942},
		{"words1", 0x10001}, {"words2", 0x20002}, {"words7", 0x70007}, {"words8", 0x80008},
	} {
		list = append(list, constant{c.name, fmt.Sprintf("%#08x", uint32(c.value))})
	}
	return list
}

// A shuffle is the bytes that VPSHUFB takes, in two words.
type shuffle struct {
	Name  string
	Words [2]string
}

// jpegShuffles put colour c of 16 pixels where it belongs in part i of their 48 bytes, and
// zeros elsewhere.
func jpegShuffles() []shuffle {
	var list []shuffle
	for i := range 3 {
		for c := range 3 {
			var words [2]uint64
			for b := range 16 {
				from := uint64(0x80)
				if at := 16*i + b; at%3 == c {
					from = uint64(at / 3)
				}
				words[b/8] |= from << (b % 8 * 8)
			}
			list = append(list, shuffle{fmt.Sprintf("shuffle%d%d", i, c), [2]string{fmt.Sprintf("%#016x", words[0]), fmt.Sprintf("%#016x", words[1])}})
		}
	}
	return list
}

// resampleShuffles make words r r' g g' b b' of the first two of four RGB pixels, and of
// the other two.
func resampleShuffles() []shuffle {
	list := []shuffle{{Name: "first"}, {Name: "second"}}
	for i := range list {
		var words [2]uint64
		for b := range 16 {
			from := uint64(0x80)
			if word := b / 2; b%2 == 0 && word < 6 {
				from = uint64(6*i + word/2 + word%2*3)
			}
			words[b/8] |= from << (b % 8 * 8)
		}
		list[i].Words = [2]string{fmt.Sprintf("%#016x", words[0]), fmt.Sprintf("%#016x", words[1])}
	}
	return list
}

// pixelTables are the bytes that VTBL takes: each of four RGB pixels with its colours in 32
// bits.
func pixelTables() []string {
	var words []string
	for i := range 8 {
		word := ^uint64(0)
		for half := range 2 {
			if c := i%2*2 + half; c < 3 {
				word ^= uint64(0xff^(i/2*3+c)) << (32 * half)
			}
		}
		words = append(words, fmt.Sprintf("%#016x", word))
	}
	return words
}

// args loads arguments of a function, each given as "name register", 8 bytes one
// after the other or where "name+offset register" says.
func args(move string, args ...string) string {
	var b strings.Builder
	for i, a := range args {
		name, register, _ := strings.Cut(a, " ")
		if !strings.Contains(name, "+") {
			name = fmt.Sprintf("%s+%d", name, 8*i)
		}
		fmt.Fprintf(&b, "\n\t%s %s(FP), %s", move, name, register)
	}
	return b.String()
}

// fields loads fields of the struct that a register points to, each given as
// "name register".
func fields(move, of, at string, fields ...string) string {
	var b strings.Builder
	for _, f := range fields {
		name, register, _ := strings.Cut(f, " ")
		fmt.Fprintf(&b, "\n\t%s %s_%s(%s), %s", move, of, name, at, register)
	}
	return b.String()
}

func main() {
	check := flag.Bool("check", false, "write nothing, and fail when a file differs")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "asm:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	root, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	var differ []string
	for _, o := range outputs {
		name := o.template + ".s.tmpl"
		t := template.New(name).Funcs(functions)
		t.Funcs(template.FuncMap{"body": func(name string, data any) (string, error) {
			var b strings.Builder
			err := t.ExecuteTemplate(&b, name, data)
			return b.String(), err
		}})
		if _, err := t.ParseFiles("lanes.s.tmpl", name); err != nil {
			return err
		}
		var b bytes.Buffer
		fmt.Fprintf(&b, "// Code generated by testdata/asm from %s; DO NOT EDIT.\n\n", name)
		if err := t.Execute(&b, o.data); err != nil {
			return err
		}
		path := filepath.Join(root, filepath.FromSlash(o.path))
		old, err := os.ReadFile(path)
		if err == nil && bytes.Equal(old, b.Bytes()) {
			continue
		}
		differ = append(differ, o.path)
		if !check {
			if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
				return err
			}
		}
	}
	if check && len(differ) > 0 {
		return fmt.Errorf("not what the templates make: %s", strings.Join(differ, ", "))
	}
	return nil
}
