"""Writes small checkpoints in every form that nn/checkpoint reads, and beside
them what they hold: testdata/golden/checkpoint/*.pth and *.safetensors, with
expected.safetensors (tensor "CASE:NAME", and in the metadata under "CASE" the
names in order) and halves.safetensors (conversions between float types).

(Today's torch.load cannot read the unsigned types of dtypes.legacy.pth and
views.legacy.pth, which today's torch.save writes; nn/checkpoint can.)

The files are torch.save's and safetensors' own, except for those of "old",
"views-0.1", "big-endian" and "deflated": forms that today's PyTorch reads but
no longer writes, put together here and checked by torch.load.
"""

import argparse
import collections
import copy
import datetime
import decimal
import functools
import hashlib
import io
import json
import pathlib
import pickle
import re
import struct
import warnings
import zipfile
from collections import OrderedDict
from fractions import Fraction

import numpy as np
import torch

from gen import GOLDEN, save, uniform

warnings.filterwarnings("ignore")
FOLDER = GOLDEN / "checkpoint"
FOLDER.mkdir(parents=True, exist_ok=True)
expected, order = {}, {}


def expect(case, tensors):
    order[case] = json.dumps(list(tensors))
    for name, x in tensors.items():
        expected[f"{case}:{name}"] = x.detach().contiguous().clone()


def write(case, obj, tensors=None, **options):
    """Saves obj in both formats and notes the tensors that are to be found."""
    torch.save(obj, FOLDER / f"{case}.pth", **options)
    torch.save(obj, FOLDER / f"{case}.legacy.pth", _use_new_zipfile_serialization=False, **options)
    expect(case, obj if tensors is None else tensors)


def numbers(name, *shape):
    return torch.from_numpy(uniform(name, int(np.prod(shape)), 1.0)).reshape(shape)


# Every element type, with its extremes.
dtypes = OrderedDict()
for t in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
    i = torch.finfo(t)
    dtypes[str(t)[6:]] = torch.tensor([0.0, -0.0, 1.5, -2.25, i.max, i.min, i.tiny, i.smallest_normal / 4, float("inf"), -float("inf")], dtype=t)
for t in (torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.uint16, torch.uint32, torch.uint64):
    i = torch.iinfo(t)
    dtypes[str(t)[6:]] = torch.tensor([i.min, 0, 1, 100, i.max if t != torch.uint64 else 2**63 - 1], dtype=t)
dtypes["bool"] = torch.tensor([True, False, True])
write("dtypes", dtypes)

# Views: offsets, strides, shared storages, no elements, no axes.
base = numbers("base", 6, 8)
image = numbers("image", 2, 3, 4, 5)
views = OrderedDict(
    base=base,
    row=base[2],
    rows=base[1:4],
    column=base[:, 3],
    block=base[1:5:2, 2:7:3],
    transposed=base.t(),
    expanded=base[0].expand(3, 8),
    one=base[5, 7],
    overlapping=base.as_strided((4, 5), (3, 2), 1),
    singleton=base.as_strided((1, 4, 1), (999, 2, 77), 3),
    empty=base[:0],
    nothing=torch.zeros(2, 0, 3),
    scalar=torch.tensor(7.5),
    same=base,
    channels_last=image.contiguous(memory_format=torch.channels_last),
    permuted=image.permute(3, 1, 0, 2),
    integers=torch.arange(12).reshape(3, 4)[:, 1::2],
    halves=torch.arange(12).reshape(3, 4).half().t(),
    bytes=torch.arange(12, dtype=torch.uint8).reshape(3, 4).t()[1:],
    words=torch.arange(12).to(torch.uint16).reshape(3, 4).t()[1:],
)
write("views", views)

# A module's own state dict, with its _metadata, and bare parameters.
net = torch.nn.Sequential(OrderedDict(conv=torch.nn.Conv2d(3, 4, 3), bn=torch.nn.BatchNorm2d(4), fc=torch.nn.Linear(4, 2)))
for name, x in net.state_dict().items():
    x.copy_(numbers(name, *x.shape) if x.is_floating_point() else torch.tensor(12345678901))
module = copy.deepcopy(net.state_dict())
write("module", module)
noted = torch.nn.Parameter(numbers("noted", 3))
noted.note = "kept by _rebuild_parameter_with_state"
tagged = numbers("tagged", 4)
tagged.note = "kept by _rebuild_from_type_v2"
write("parameters", {**dict(net.named_parameters()), "frozen": torch.nn.Parameter(numbers("frozen", 2), requires_grad=False), "noted": noted, "tagged": tagged})

# What training scripts save around the state dict.
optimizer = torch.optim.Adam(net.parameters())
for p in net.parameters():
    p.grad = torch.ones_like(p)
optimizer.step()
around = {
    "epoch": 90,
    "arch": "tiny",
    "best_acc1": torch.tensor(71.5),
    "loss": np.float64(0.25),
    "history": [0.5, 0.25, None, (True, 2**70, -3)],
    "args": argparse.Namespace(lr=0.1, milestones=collections.Counter([30, 60])),
    "seen": {1, 2, 3},
    "by_class": collections.defaultdict(list, {"car": [1]}),
    "blob": b"\x00\xff",
    "device": torch.device("cpu"),
    "shape": torch.Size([3, 4]),
    "dtype": torch.float16,
    "spectrum": torch.ones(2, dtype=torch.complex64),
    "tiny": torch.ones(2).to(torch.float8_e5m2),
    "optimizer": optimizer.state_dict(),
    "rng": torch.get_rng_state()[:16].clone(),
}
for key in ("state_dict", "model_state_dict", "model", "net", "model_ema"):
    write("in-" + key, {**around, key: module}, module)
other = OrderedDict((k, x + 1) for k, x in module.items())
write("in-several", {"model_ema": other, "net": {"epoch": 3}, "model": {"state_dict": module, "epoch": 3}}, module)
write("mixed", OrderedDict(first=torch.ones(2), _extra_state=None, count=3, second=torch.zeros(1)), {"first": torch.ones(2), "second": torch.zeros(1)})

# The prefixes of wrapping modules.
write("data-parallel", {"state_dict": OrderedDict(("module." + k, x) for k, x in module.items())}, module)
write("compiled", OrderedDict(("module._orig_mod.module." + k, x) for k, x in module.items()), module)
partly = OrderedDict([("module.a", torch.ones(1)), ("b", torch.ones(2)), ("module.", torch.ones(3))])
write("partly-prefixed", partly)

# Newer pickles, and no checksums.
write("protocol-4", module, pickle_protocol=4)
write("protocol-5", module, pickle_protocol=5)
torch.serialization.set_crc32_options(False)
torch.save(module, FOLDER / "no-crc.pth")
expect("no-crc", module)
torch.serialization.set_crc32_options(True)


def check(case, tensors):
    """Demands that torch.load finds the tensors in a file made here."""
    found = torch.load(FOLDER / f"{case}.pth", weights_only=False)
    assert list(found) == list(tensors), (list(found), list(tensors))
    for name, x in tensors.items():
        assert found[name].dtype == x.dtype and torch.equal(found[name], x), name
    expect(case, tensors)


class Old:
    """Pickles an OrderedDict as Python 2 did, tensors as PyTorch 0.2 did."""

    def __init__(self, value):
        self.value = value

    def __reduce__(self):
        x = self.value
        if isinstance(x, torch.Tensor):
            return torch._utils._rebuild_tensor, (x.storage(), x.storage_offset(), tuple(x.size()), x.stride())
        return OrderedDict, ([[k, Old(v)] for k, v in x.items()],)


old = OrderedDict(a=base[1:3, 2:4], b=base.t(), c=torch.arange(3))
torch.save(Old(old), FOLDER / "old.pth", _use_new_zipfile_serialization=False)
check("old", old)

# A stream of the time when storages could be views of other storages.
storage = torch.arange(10.0)
wanted = OrderedDict(first=storage[2:6], second=storage[5:9].reshape(2, 2).t())


class Storage:
    def __init__(self, view):
        self.view = view


class Pickler(pickle.Pickler):
    def persistent_id(self, obj):
        if isinstance(obj, Storage):
            return ("storage", torch.FloatStorage, "77", "cpu", 10, obj.view)


class Rebuilt:
    def __init__(self, *args):
        self.args = args

    def __reduce__(self):
        return torch._utils._rebuild_tensor_v2, (*self.args, False, OrderedDict())


stream = io.BytesIO()
for x in (0x1950A86A20F9469CFC6C, 1001, dict(protocol_version=1001, little_endian=True)):
    pickle.dump(x, stream, protocol=2)
Pickler(stream, protocol=2).dump(
    OrderedDict(first=Rebuilt(Storage(("78", 2, 5)), 0, (4,), (1,)), second=Rebuilt(Storage(("79", 4, 6)), 1, (2, 2), (1, 2)))
)
pickle.dump(["77"], stream, protocol=2)
stream.write(struct.pack("<q", 10) + storage.numpy().tobytes())
(FOLDER / "views-0.1.pth").write_bytes(stream.getvalue())
check("views-0.1", wanted)


def repack(source, target, change, compression=zipfile.ZIP_STORED):
    """Copies an archive entry by entry; change(name, data) gives the new data."""
    with zipfile.ZipFile(FOLDER / source) as a, zipfile.ZipFile(FOLDER / target, "w", compression) as b:
        for entry in a.infolist():
            b.writestr(zipfile.ZipInfo(entry.filename), change(entry.filename, a.read(entry)), compression)


# A big-endian machine's file; torch.load swaps as well. The unsigned types and
# float8 have untyped storage, which torch.load forgets to swap.
swapped = OrderedDict((k, x) for k, x in dtypes.items() if k not in ("uint16", "uint32", "uint64"))
torch.save(swapped, FOLDER / "big-endian.tmp")
sizes = [x.element_size() for x in swapped.values()]


def swap(name, data):
    if name.endswith("/byteorder"):
        return b"big"
    if "/data/" in name:
        return np.frombuffer(data, f"V{sizes[int(name.split('/')[-1])]}").view(f"u{sizes[int(name.split('/')[-1])]}").byteswap().tobytes()
    return data


repack("big-endian.tmp", "big-endian.pth", swap)
(FOLDER / "big-endian.tmp").unlink()
check("big-endian", swapped)
repack("module.pth", "deflated.pth", lambda name, data: data, zipfile.ZIP_DEFLATED)
check("deflated", module)

# safetensors' own files.
import safetensors.torch

wide = {k: x for k, x in dtypes.items()}
wide["empty"] = torch.zeros(0, 3)
wide["scalar"] = torch.tensor(2.5)
safetensors.torch.save_file(wide, FOLDER / "dtypes.safetensors", {"format": "pt", "größe": 'a "quoted"\nline'})
names = safetensors.torch.load_file(FOLDER / "dtypes.safetensors").keys()
header = open(FOLDER / "dtypes.safetensors", "rb").read()
listed = [k for k in json.loads(header[8 : 8 + struct.unpack("<Q", header[:8])[0]]) if k != "__metadata__"]
assert sorted(listed) == sorted(names)
expect("dtypes.safetensors", {k: wide[k] for k in listed})
# One that nothing is aligned in, with escapes and white space.
odd = OrderedDict([("a\té", torch.arange(3, dtype=torch.uint8)), ("b", torch.tensor([1.5, -2])), ("c", torch.tensor([2.5], dtype=torch.float64))])
text = '{ "b" : {"data_offsets":[ 3, 11 ],"shape":[2],"dtype":"F32"},"a\\t\\u00e9":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},\n"c":{"dtype":"F64","shape":[1],"data_offsets":[11,19]}} '.encode()
(FOLDER / "odd.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + b"".join(x.numpy().tobytes() for x in odd.values()))
found = safetensors.torch.load_file(FOLDER / "odd.safetensors")
assert all(torch.equal(found[k], x) for k, x in odd.items()) and len(found) == 3
expect("odd.safetensors", {k: odd[k] for k in ("b", "a\té", "c")})

# Tensors whose elements are stored with the other sign.
def imaginary(dtype, name, *shape):
    return torch.complex(numbers(name, *shape).to(dtype), numbers(name + " i", *shape).to(dtype)).conj().imag


negative = OrderedDict(
    f32=imaginary(torch.float32, "negative", 3, 4),
    f64=imaginary(torch.float64, "negative", 3, 4).t(),
    f16=torch._neg_view(dtypes["float16"]),
    bf16=torch._neg_view(dtypes["bfloat16"]),
    one=torch._neg_view(torch.tensor(2.5)),
    twice=torch._neg_view(torch._neg_view(base)),
    parameter=torch.nn.Parameter(torch._neg_view(numbers("negative parameter", 5))),
    rows=torch._neg_view(base)[1:3],
    words=torch._neg_view(torch.tensor([0, 1, 256, 65535], dtype=torch.int64).to(torch.uint16)),
    **{f"i{8 * t.itemsize}": torch._neg_view(torch.tensor([torch.iinfo(t).min, -1, 0, 1, 100, torch.iinfo(t).max], dtype=t)) for t in (torch.int8, torch.int16, torch.int32, torch.int64)},
    bytes=torch._neg_view(torch.tensor([0, 1, 128, 255], dtype=torch.uint8)),
)
assert negative["f32"].is_neg() and not negative["twice"].is_neg()
# (torch cannot negate uint16; two's complement is what the other integers do.)
write("negative", negative, {k: x.detach().resolve_neg() if x.dtype != torch.uint16 else torch.tensor([0, 65535, 65280, 1], dtype=torch.int32).to(torch.uint16) for k, x in negative.items()})

# The text of protocol 1's large numbers, floats and long texts, and bytes behind the end.
write("protocol-1", {"state_dict": module, "epoch": 2**40, "loss": 0.25, "args": argparse.Namespace(lr=0.1)}, module, pickle_protocol=1)
for case, more in (("trailing", b"\0" * 1000), ("trailing.legacy", b"PK\5\6" * 5)):
    torch.save(module, FOLDER / f"{case}.pth", _use_new_zipfile_serialization=case == "trailing")
    with open(FOLDER / f"{case}.pth", "ab") as f:
        f.write(more)
check("trailing", module)

# An averaged model has a count beside its module.
averaged = torch.optim.swa_utils.AveragedModel(net).state_dict()
write("averaged", averaged, OrderedDict((k.removeprefix("module."), x) for k, x in averaged.items()))

# A network that runs, and an average of it beside.
small = OrderedDict()
for name, shape in {
    "conv1.weight": (2, 3, 3, 3), "layer1.0.conv1.weight": (2, 2, 3, 3), "layer1.0.conv2.weight": (2, 2, 3, 3), "fc.weight": (4, 2), "fc.bias": (4,),
    **{f"{bn}.{x}": (2,) for bn in ("bn1", "layer1.0.bn1", "layer1.0.bn2") for x in ("weight", "bias", "running_mean", "running_var")},
}.items():
    small[name] = numbers("small " + name, *shape).abs()
write("average-beside", {"model": small, "model_ema": OrderedDict((k, 2 * x) for k, x in small.items()), "epoch": 3}, small)

# Objects beside and among the tensors, which nobody is to build.
class Anything:
    def __init__(self):
        self.more = [1, {"a": {2}}]


def anything():
    raise AssertionError("it was called")


class Trap:
    def __reduce__(self):
        return anything, ()


strange = dict(
    path=pathlib.PurePosixPath("a/b"), when=datetime.datetime(2020, 1, 2), function=anything, method=dict.fromkeys,
    trap=Trap(), fraction=Fraction(1, 3), decimal=decimal.Decimal("0.1"), queue=collections.deque([1, 2], 3),
    ordered=collections.OrderedDict(a=1), partial=functools.partial(anything, 1, b=2), pattern=re.compile("a+"),
    anything=Anything(), array=np.arange(300.0), scalar=np.float32(1.5), text=np.array(["a", "b"]), range=range(3), slice=slice(1, 2),
    complex=1 + 2j, nothing=type(None), blob=bytearray(b"abc"), frozen=frozenset([1]), error=ValueError("a"), zone=datetime.timezone.utc,
    whole=torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU()), size=torch.Size([1]), layout=torch.strided,
    generator=np.random.default_rng(1), options=optimizer,
    sparse=torch.eye(3).to_sparse(), quantised=torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
    channels=torch.quantize_per_channel(torch.ones(2, 3), torch.ones(2), torch.zeros(2), 0, torch.quint8),
    spectrum=torch.ones(2, dtype=torch.complex128).conj(), tiny=torch.ones(2).to(torch.float8_e4m3fn), meta=torch.ones(2, device="meta"),
    nested=torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.strided),
)
for protocol in (1, 4):
    torch.save({**strange, "state_dict": {**strange, **module}}, FOLDER / f"strange-{protocol}.pth", pickle_protocol=protocol)
    expect(f"strange-{protocol}", module)
# (The old format cannot hold what is quantised or nested; and it would hold the source of PyTorch's modules, and where it lies.)
old_strange = {k: x for k, x in strange.items() if k not in ("channels", "quantised", "nested", "whole")}
torch.save({**old_strange, "state_dict": {**old_strange, **module}}, FOLDER / "strange.legacy.pth", _use_new_zipfile_serialization=False)
expect("strange", module)

# Several files and their index, as transformers writes them.
(FOLDER / "shards").mkdir(exist_ok=True)
names = list(module)
halves = {"model-00001-of-00002.safetensors": names[:4], "model-00002-of-00002.safetensors": names[4:]}
for file, part in halves.items():
    safetensors.torch.save_file({k: module[k] for k in part}, FOLDER / "shards" / file, {"format": "pt"})
index = {"metadata": {"total_size": 1234, "total_parameters": None}, "weight_map": {k: file for file, part in halves.items() for k in sorted(part)}}
(FOLDER / "shards" / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")
expect("shards", {k: module[k] for k in index["weight_map"]})

save("checkpoint/expected.safetensors", expected, order)

# Conversions. torch rounds float32 to both 16-bit types, numpy float64 to
# float16 in one step; for float64 to bfloat16 exact fractions decide.
special = []
for bits, top in ((10, 15), (7, 127)):
    unit = 2.0 ** (1 - top - bits)  # the smallest subnormal
    for m in (0, 0.25, 0.5, 0.5 + 2**-20, 0.75, 1, 1.5, 2.5, 2**bits - 0.5, 2**bits, 2**bits + 0.5):
        special.append(m * unit)
    most = (2 - 2.0**-bits) * 2.0**top
    half = 2.0 ** (top - bits - 1)
    special += [most, most + half * (1 - 2**-10), most + half if bits == 10 else most, 1 + 2.0 ** -(bits + 1), 1 + 3 * 2.0 ** -(bits + 1), 1 + 2.0 ** -(bits + 1) * (1 + 2**-8)]
special += [0.0, np.inf, np.nan, 1e-40, 1e-45, 3e38, 65504, 65519.99, 65520, 1 / 3, np.pi]
f32 = np.concatenate([np.float32(special), -np.float32(special), uniform("halves", 100, 8), uniform("small halves", 100, 1e-5), uniform("tiny halves", 50, 1e-39)])
f64 = np.concatenate([f32.astype(np.float64), np.float64(special), uniform("doubles", 100, 8) * (1 + 2.0**-40), [1 + 2.0**-11 + 2.0**-50, 1 + 2.0**-8 + 2.0**-50, 2.0**-25 * (1 + 2.0**-50), 1e-320, 5e-324, 1e300, -1e300]])


def bfloat16(x):
    """Rounds a float64 to bfloat16, ties to even, by exact comparison."""
    if np.isnan(x):
        return 0x7FC0
    sign = 0x8000 if np.signbit(x) else 0
    if np.isinf(x):
        return sign | 0x7F80
    x = Fraction(abs(float(x)))
    value = lambda b: Fraction(float(np.uint32(b << 16).view(np.float32))) if b < 0x7F80 else Fraction(2) ** 128
    low, high = 0, 0x7F80
    while high - low > 1:  # value(low) <= x < value(high), unless x is beyond all
        middle = (low + high) // 2
        low, high = (middle, high) if value(middle) <= x else (low, middle)
    down, up = x - value(low), value(high) - x
    return sign | (high if up < down or up == down and high % 2 == 0 else low)


def bits(x):
    return x.view(torch.int16)


with np.errstate(all="ignore"):
    every = torch.arange(65536, dtype=torch.int32).to(torch.int16)
    digests = {t: hashlib.sha256(np.nan_to_num(every.view(getattr(torch, t)).float().numpy(), nan=0.0, posinf=np.inf, neginf=-np.inf).tobytes()).hexdigest() for t in ("float16", "bfloat16")}
    save(
        "checkpoint/halves.safetensors",
        {
            "f32": torch.from_numpy(f32),
            "f64": torch.from_numpy(f64),
            "f32 to f16": bits(torch.from_numpy(f32).half()),
            "f32 to bf16": bits(torch.from_numpy(f32).bfloat16()),
            "f64 to f16": torch.from_numpy(f64.astype(np.float16).view(np.int16)),
            "f64 to bf16": torch.from_numpy(np.uint16([bfloat16(x) for x in f64]).view(np.int16)),
            "f64 to f32": torch.from_numpy(f64.astype(np.float32)),
        },
        {f"sha256 of all {t} as float32, nan as 0": d for t, d in digests.items()},
    )
