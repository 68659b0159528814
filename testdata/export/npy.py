"""Writes small .npy files with NumPy: every kind of number, both byte orders,
C's and Fortran's order, the three format versions, texts, headers as other writers
put them, .npz archives, and what is refused.

The file names say the kind, the shape and what is special."""

import io
import struct
import warnings

import numpy as np
from numpy.lib import format as npy_format

from gen import GOLDEN

folder = GOLDEN / "npy"
folder.mkdir(exist_ok=True)


def values(kind, shape):
    i = np.arange(int(np.prod(shape))).reshape(shape)
    if kind == "bool":
        return i % 3 != 0
    if kind.startswith("u"):
        return i.astype(kind)
    if kind.startswith("float"):
        return (i - 3 + 0.25).astype(kind)
    return (i - 3).astype(kind)


def write(name, x, version=(1, 0)):
    with open(folder / (name + ".npy"), "wb") as f:
        npy_format.write_array(f, x, version=version)


for kind in ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"):
    x = values(kind, (3, 4))
    write(f"{kind}_3x4", x)
    if x.itemsize > 1:
        write(f"{kind}_3x4_big", x.astype(x.dtype.newbyteorder(">")))
write("float32_3x4_fortran", np.asfortranarray(values("float32", (3, 4))))
write("int16_3x4_fortranbig", np.asfortranarray(values("int16", (3, 4)).astype(">i2")))
write("float64_3x4_v2", values("float64", (3, 4)), (2, 0))
write("float64_3x4_v3", values("float64", (3, 4)), (3, 0))
write("float32_5x2", values("float32", (5, 2)))
write("float64_1x2x3", values("float64", (1, 2, 3)))
write("int64_7", values("int64", (7,)))
write("float64_", np.array(-2.75))
write("float32_0x4", np.zeros((0, 4), np.float32))
write("float64_2x3x4_fortran", np.asfortranarray(values("float64", (2, 3, 4))))
write("float16_2x3x1x2_fortranbig", np.asfortranarray(values("float16", (2, 3, 1, 2)).astype(">f2")))
write("half-values", np.arange(65536, dtype=np.uint16).view(np.float16)[::31])
write("half-values-float64", np.arange(65536, dtype=np.uint16).view(np.float16)[::31].astype(np.float64))
write("text", np.array(["cat", "", "\u00e5se \U0001f600", "dog"]))
write("text_big", np.array(["cat", "", "\u00e5se \U0001f600", "dog"]).astype(">U6"))
write("text_bytes", np.array([b"cat", b"", b"ox", b"dog"]))
write("refused-complex", np.zeros(3, np.complex64))
write("refused-record", np.zeros(2, [("a", "<f8"), ("b", "<i4")]))
write("refused-object", np.array([{}, None], dtype=object))
write("refused-long-double", np.zeros(2, np.longdouble))
write("refused-time", np.zeros(2, "datetime64[s]"))

# Headers that numpy.load reads, though numpy.save does not write them.
HEADERS = {
    "no-spaces": "{'descr':'<f4','fortran_order':False,'shape':(3,4)}",
    "other-order": "{'shape': (3, 4), 'fortran_order': False, 'descr': '<f4'}",
    "double-quotes": '{"descr": "<f4", "fortran_order": False, "shape": (3, 4), }',
    "unicode": "{u'descr': u'<f4', u'fortran_order': False, u'shape': (3, 4), }",
    "longs": "{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 4L), }",
    "trailing-commas": "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4,),}",
    "spaces": "{ 'descr' :\t'<f4' , 'fortran_order' : False , 'shape' : ( 3 , 4 ) }   \n",
    "no-order": "{'descr': 'f4', 'fortran_order': False, 'shape': (3, 4), }",
    "native": "{'descr': '=f4', 'fortran_order': False, 'shape': (3, 4), }",
    "word": "{'descr': 'float32', 'fortran_order': False, 'shape': (3, 4), }",
    "other-word": "{'descr': 'single', 'fortran_order': False, 'shape': (3, 4), }",
    "letter": "{'descr': '<f', 'fortran_order': False, 'shape': (3, 4), }",
}
for name, header in HEADERS.items():
    x = values("float32", (3, 4))
    data = b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode() + x.tobytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.array_equal(np.load(io.BytesIO(data)), x), name
    (folder / f"float32_3x4_{name}.npy").write_bytes(data)

one, two = values("float32", (3, 4)), values("int64", (3,))
np.savez(folder / "one.npz", features=one)
np.savez_compressed(folder / "deflated.npz", features=one)
np.savez(folder / "two.npz", x=one, y=two)
np.savez_compressed(folder / "two_deflated.npz", x=one, y=two)
(folder / "VERSIONS").write_text(f"numpy {np.__version__}\n")
