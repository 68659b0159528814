"""What every export script shares: the number generator and the file writer.

    uniform(name, n, bound)       the same numbers as internal/testkit/golden.Uniform in Go
    sketch(name, x)               what golden.Sketch keeps of many numbers
    save(path, tensors, metadata) a .safetensors file that records the versions
"""

import json
import pathlib
import platform
import struct
import sys

import numpy as np

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"


def uniform(name, n, bound):
    """Returns n float32 numbers in [-bound, bound) that depend on name alone.

    FNV-1a of the name seeds SplitMix64; the upper 24 bits of each output,
    scaled to [-1, 1), times bound in float64, are rounded to float32.
    """
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    z = np.uint64(seed) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    u = (z >> np.uint64(40)).astype(np.float64) / 2**23 - 1
    return (u * bound).astype(np.float32)


def sketch(name, x, most=64):
    """Returns so many of the numbers x, or if there are more some of them, their root mean
    square, and what they have in common with the numbers of uniform(name):

        x[7919 i mod n], sqrt(sum of x^2 / n), sum of x u / sqrt(n)

    An error of any element shows in the last, and all are of one order.
    """
    x = np.asarray(x, dtype=np.float64).ravel()
    n = len(x)
    if n <= most:
        return x.astype(np.float32)
    some = x[7919 * np.arange(most) % n]
    u = uniform(name, n, 1).astype(np.float64)
    return np.array([*some, np.sqrt((x * x).sum() / n), (x * u).sum() / np.sqrt(n)]).astype(np.float32)


def versions():
    """Returns the versions of Python and of the libraries imported so far."""
    found = {"python": platform.python_version()}
    for name in ("numpy", "scipy", "torch", "torchvision", "PIL", "cv2", "matplotlib", "sklearn", "openTSNE", "onnxruntime", "safetensors"):
        module = sys.modules.get(name)
        if hasattr(module, "__version__"):
            found[name] = str(module.__version__)
    return found


def save(path, tensors, metadata=None):
    """Writes a dict of numpy arrays or torch tensors to a .safetensors file.

    A relative path is one under testdata/golden. The metadata (strings) is
    kept beside the versions of the libraries that the script has imported.
    The same values give the same bytes.
    """
    path = GOLDEN / path
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {k: str(v) for k, v in (metadata or {}).items()}
    if any(type(x).__module__.startswith("torch") for x in tensors.values()):
        import safetensors.torch
        import torch

        tensors = {k: torch.as_tensor(x).detach().cpu().contiguous().clone() for k, x in tensors.items()}
        data = safetensors.torch.save(tensors)
    else:
        import safetensors.numpy

        # ascontiguousarray would turn a scalar into an array of one.
        tensors = {k: np.array(x, order="C", copy=True) for k, x in tensors.items()}
        data = safetensors.numpy.save(tensors)
    # The library writes the metadata in no fixed order, so it goes in here.
    n = struct.unpack("<Q", data[:8])[0]
    header = {"__metadata__": {**versions(), **metadata}, **json.loads(data[8 : 8 + n])}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + n :])
