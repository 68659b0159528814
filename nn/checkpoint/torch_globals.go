package checkpoint

import "strings"

// What a pickle of torch.save may name. Each value stands for its global;
// nothing is ever called.
type (
	// elemType is a torch.dtype. Its dtype is 0 where Go has no such type;
	// such a tensor may lie beside the state dict, but not in it.
	elemType struct {
		name  string
		dtype DType
		size  int
	}
	storageClass struct{ *elemType } // torch.FloatStorage and its kin
	function     string              // what rebuild and the constructors below know
	// inert is a class whose objects turn up beside a state dict, in the
	// options and counters of a training run. They become an ignored object.
	inert   string
	ignored struct{}
	// A stranger is any other global, and a stray what would come of its call. Neither is
	// ever looked up, called or built; where one stands for a weight that is needed, it is
	// an error that names it.
	stranger struct{ name string }
	stray    struct{ *stranger }
)

func (*elemType) Kind() string    { return "a dtype" }
func (storageClass) Kind() string { return "a storage class" }
func (function) Kind() string     { return "a function" }
func (inert) Kind() string        { return "a class" }
func (ignored) Kind() string      { return "an object" }
func (s *stranger) Kind() string  { return "the global " + quote(s.name) }
func (s stray) Kind() string      { return "an object of " + quote(s.name) }

func (ignored) Opaque()   {}
func (*stranger) Opaque() {}
func (stray) Opaque()     {}

const (
	orderedDict        function = "OrderedDict"
	defaultDict        function = "defaultdict"
	rebuildTensor      function = "_rebuild_tensor"
	rebuildTensorV2    function = "_rebuild_tensor_v2"
	rebuildTensorV3    function = "_rebuild_tensor_v3"
	rebuildParameter   function = "_rebuild_parameter"
	rebuildParameterV2 function = "_rebuild_parameter_with_state"
	rebuildFromType    function = "_rebuild_from_type_v2"
	torchSize          function = "Size"
)

// globals is the allow-list: module and name to what stands for it.
var globals = func() map[[2]string]any {
	g := map[[2]string]any{
		{"collections", "OrderedDict"}:                    orderedDict,
		{"collections", "defaultdict"}:                    defaultDict,
		{"torch._utils", "_rebuild_tensor"}:               rebuildTensor,
		{"torch._utils", "_rebuild_tensor_v2"}:            rebuildTensorV2,
		{"torch._utils", "_rebuild_tensor_v3"}:            rebuildTensorV3,
		{"torch._utils", "_rebuild_parameter"}:            rebuildParameter,
		{"torch._utils", "_rebuild_parameter_with_state"}: rebuildParameterV2,
		{"torch._tensor", "_rebuild_from_type_v2"}:        rebuildFromType,
		{"torch", "Size"}:                                 torchSize,
	}
	for _, name := range []string{
		"torch Tensor", "torch device", "torch.nn.parameter Parameter",
		"collections Counter", "argparse Namespace", "_codecs encode",
		"builtins dict", "builtins list", "builtins set", "builtins int", "builtins float",
		"__builtin__ dict", "__builtin__ list", "__builtin__ set", "__builtin__ int", "__builtin__ float",
		"numpy dtype", "numpy ndarray",
		"numpy.core.multiarray scalar", "numpy._core.multiarray scalar",
		"numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct",
	} {
		module, name, _ := strings.Cut(name, " ")
		g[[2]string{module, name}] = inert(name)
	}
	for _, e := range []struct {
		dtype, storage string
		elemType
	}{
		{"float16", "HalfStorage", elemType{dtype: F16, size: 2}},
		{"bfloat16", "BFloat16Storage", elemType{dtype: BF16, size: 2}},
		{"float32", "FloatStorage", elemType{dtype: F32, size: 4}},
		{"float64", "DoubleStorage", elemType{dtype: F64, size: 8}},
		{"int8", "CharStorage", elemType{dtype: I8, size: 1}},
		{"int16", "ShortStorage", elemType{dtype: I16, size: 2}},
		{"int32", "IntStorage", elemType{dtype: I32, size: 4}},
		{"int64", "LongStorage", elemType{dtype: I64, size: 8}},
		{"uint8", "ByteStorage", elemType{dtype: U8, size: 1}},
		{"uint16", "", elemType{dtype: U16, size: 2}},
		{"uint32", "", elemType{dtype: U32, size: 4}},
		{"uint64", "", elemType{dtype: U64, size: 8}},
		{"bool", "BoolStorage", elemType{dtype: Bool, size: 1}},
		{"", "UntypedStorage", elemType{dtype: U8, size: 1}},
		{"complex32", "", elemType{size: 4}},
		{"complex64", "ComplexFloatStorage", elemType{size: 8}},
		{"complex128", "ComplexDoubleStorage", elemType{size: 16}},
		{"float8_e4m3fn", "", elemType{size: 1}},
		{"float8_e4m3fnuz", "", elemType{size: 1}},
		{"float8_e5m2", "", elemType{size: 1}},
		{"float8_e5m2fnuz", "", elemType{size: 1}},
		{"float8_e8m0fnu", "", elemType{size: 1}},
		{"qint8", "QInt8Storage", elemType{size: 1}},
		{"quint8", "QUInt8Storage", elemType{size: 1}},
		{"qint32", "QInt32Storage", elemType{size: 4}},
		{"quint4x2", "QUInt4x2Storage", elemType{size: 1}},
		{"quint2x4", "QUInt2x4Storage", elemType{size: 1}},
	} {
		e.name = "torch." + e.dtype
		if e.dtype != "" {
			g[[2]string{"torch", e.dtype}] = &e.elemType
		}
		if e.storage != "" {
			g[[2]string{"torch", e.storage}] = storageClass{&e.elemType}
			g[[2]string{"torch.cuda", e.storage}] = storageClass{&e.elemType} // of a GPU, PyTorch 0.x
			g[[2]string{"torch.storage", e.storage}] = storageClass{&e.elemType}
		}
	}
	return g
}()
