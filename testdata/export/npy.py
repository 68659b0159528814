"""Writes small .npy files with NumPy: every kind of number, both byte orders,
C's and Fortran's order, the three format versions, and what is refused.

The file names say the kind, the shape and what is special."""

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


for kind in ("float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"):
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
write("refused-half", np.zeros(3, np.float16))
write("refused-complex", np.zeros(3, np.complex64))
write("refused-text", np.array(["a", "b"]))
write("refused-record", np.zeros(2, [("a", "<f8"), ("b", "<i4")]))
write("refused-object", np.array([{}, None], dtype=object))
(folder / "VERSIONS").write_text(f"numpy {np.__version__}\n")
