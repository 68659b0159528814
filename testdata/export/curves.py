"""Goldens of render.Curves: the ranges and the numbers of matplotlib's axes.

    python testdata/export/curves.py

For some numbers of epochs, the limits of x and y that plot() sets for a curve of losses,
and the whole numbers that MaxNLocator(bins, integer=True) puts on x.
"""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from gen import save, uniform

out = {}
for n in (2, 7, 20, 21, 22, 25, 30, 75, 300, 1000):
    loss = uniform(f"loss {n}", n, 1.2).astype(np.float64) + 1.25
    fig, ax = plt.subplots()
    ax.plot(np.arange(1, n + 1), loss)
    out[f"{n}/limits"] = np.array([*ax.get_xlim(), *ax.get_ylim()], np.float64)
    lo, hi = ax.get_xlim()
    for bins in range(2, 10):
        at = MaxNLocator(bins, steps=[1, 2, 2.5, 5, 10], integer=True).tick_values(lo, hi)
        out[f"{n}/ticks/{bins}"] = at[(at >= lo) & (at <= hi)].astype(np.float64)
    plt.close(fig)
save("curves.safetensors", out)
