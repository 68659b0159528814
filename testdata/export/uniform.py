"""Writes the golden of the shared number generator: its first numbers for a
few names and bounds, and the bits of all of a long run summed."""

import numpy as np

from gen import save, uniform

CASES = [("", 5, 1.0), ("conv1.weight", 64, 0.1), ("größe", 33, 3.7), ("long", 100_000, 2.5)]

tensors = {}
for name, n, bound in CASES:
    x = uniform(name, n, bound)
    key = name or "empty"
    tensors[key] = x[:64]
    tensors[key + ".count"] = np.int64(n)
    tensors[key + ".bound"] = np.float64(bound)
    tensors[key + ".bitsum"] = x.view(np.uint32).astype(np.int64).sum()
save("uniform.safetensors", tensors)
