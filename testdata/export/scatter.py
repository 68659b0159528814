"""Goldens of render's plots: matplotlib's ticks and colours."""

import matplotlib
import numpy as np
from matplotlib.ticker import MaxNLocator

from gen import save, uniform

# Ranges of all sizes: [lo, hi, bins].
u = uniform("ticks", 400 * 3, 1.0).astype(np.float64).reshape(-1, 3)
width = 10.0 ** (6 * u[:, 0])
lo = u[:, 1] * 2 * width
ranges = np.stack([lo, lo + width, np.floor(2 + 4 * (u[:, 2] + 1))], axis=1)
named = [[0, 1, 9], [-1, 1, 9], [-80, 80, 9], [0, 10, 5], [-92.5, 81.25, 9], [1e-4, 3e-4, 9], [0.05, 0.95, 2], [3.2, 3.9, 2]]
ranges = np.concatenate([ranges, np.array(named, dtype=np.float64)])

ticks, counts = [], []
for lo, hi, bins in ranges:
    at = MaxNLocator(int(bins), steps=[1, 2, 2.5, 5, 10]).tick_values(lo, hi)
    # What an axis from lo to hi shows of them; like matplotlib's
    # Axis._update_ticks, with a tolerance for rounding.
    eps = 1e-9 * (hi - lo)
    at = at[(at >= lo - eps) & (at <= hi + eps)]
    ticks.extend(at)
    counts.append(len(at))
save("scatter.safetensors", {
    "ranges": ranges,
    "ticks": np.array(ticks, dtype=np.float64),
    "counts": np.array(counts, dtype=np.int64),
    "tab10": np.array([matplotlib.colormaps["tab10"](i, bytes=True)[:3] for i in range(10)], dtype=np.uint8),
    "tab20": np.array([matplotlib.colormaps["tab20"](i, bytes=True)[:3] for i in range(20)], dtype=np.uint8),
    "okabe_ito": np.array([matplotlib.colormaps["okabe_ito"](i, bytes=True)[:3] for i in range(8)], dtype=np.uint8),
})
