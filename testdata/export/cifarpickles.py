"""Writes CIFAR-10 batches as Python 3 pickles them: testdata/golden/data/cifarpickles.safetensors,
tensors "file NAME" of the bytes, by all protocols, with keys of text and of bytes, with
labels as ints, NumPy's numbers and arrays, and by the names of NumPy 1 and 2 for its
functions. The image of each is pixels(NAME), and its labels are labels(NAME).
"""

import io
import pickle
import warnings

import numpy as np

from data import labels, pixels
from gen import save

warnings.filterwarnings("ignore")
real = pickle.whichmodule


def dump(obj, protocol, numpy):
    """Pickles obj, with the names that NumPy's functions had in version 1 or have in 2."""
    pickle.whichmodule = lambda *args: real(*args).replace("numpy._core", "numpy.core" if numpy == 1 else "numpy._core")
    f = io.BytesIO()
    pickle._Pickler(f, protocol).dump(obj)  # the one in Python, which looks the module up
    pickle.whichmodule = real
    return f.getvalue()


def batch(name, key, labels, shape):
    return {key("batch_label"): key("a batch"), key("labels"): labels, key("data"): pixels(name, 1, 3072).reshape(shape), key("filenames"): [key("a.png")]}


tensors = {}


def add(name, obj, protocol, numpy):
    data = dump(obj, protocol, numpy)
    found = pickle.loads(data)
    assert list(found) == list(obj)
    tensors["file " + name] = np.frombuffer(data, np.uint8)
    return data


kinds = {
    "ints": list,
    "numbers": lambda y: [np.int64(v) for v in y],
    "array": lambda y: np.array(y, np.int32),
    "big": lambda y: np.array(y, ">i2"),
    "bytes": lambda y: np.array(y, np.uint8),
    "tuple": tuple,
}
for protocol in range(6):
    for numpy in (1, 2):
        text = (protocol + numpy) % 2 == 0
        key = str if text else lambda s: s.encode()
        kind = list(kinds)[(protocol * 2 + numpy) % len(kinds)]
        name = f"protocol {protocol}, numpy {numpy}"
        shape = (1, 3, 32, 32) if protocol == 3 else (1, 3072)
        data = add(name, batch(name, key, kinds[kind](labels(name, 1, 10)), shape), protocol, numpy)
        assert protocol == 0 or (b"numpy._core" in data) == (numpy == 2)
        names = [key(s) for s in "avion auto oiseau chat cerf chien grenouille cheval bateau camion".split()]
        add("meta " + name, {key("label_names"): names}, protocol, numpy)

save("data/cifarpickles.safetensors", tensors)
