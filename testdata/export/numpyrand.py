"""Goldens of internal/numpyrand: what NumPy's RandomState gives for some seeds,
and correctly rounded logarithms."""

from decimal import Decimal, getcontext

import numpy as np

from gen import save

out = {}
for seed in (0, 1, 42, 2**32 - 1):
    out[f"{seed}/standard_normal"] = np.random.RandomState(seed).standard_normal(1000)
    out[f"{seed}/random_sample"] = np.random.RandomState(seed).random_sample(1000)
    out[f"{seed}/permutation"] = np.random.RandomState(seed).permutation(700)
    # The random start of scikit-learn's t-SNE: 20,000 points in 2-D, its bits summed.
    start = 1e-4 * np.random.RandomState(seed).standard_normal(size=(20_000, 2)).astype(np.float32)
    assert start.dtype == np.float32
    out[f"{seed}/start"] = start[-50:]
    out[f"{seed}/start.bitsum"] = start.view(np.uint32).astype(np.int64).sum()

getcontext().prec = 60
x = np.random.RandomState(7).random_sample(3000)
x[1000:2000] = 1 - x[1000:2000] ** 8 / 8  # near 1
x[2000:] = x[2000:] ** 20  # near 0
out["log/x"] = x
out["log/y"] = np.array([float(Decimal(v).ln()) for v in x])
save("numpyrand.safetensors", out)
