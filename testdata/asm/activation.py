"""The coefficients in activation_amd64.s.tmpl: polynomials with the least largest relative
error, by Lawson's iteration.

    2^r  = 1 + e1 r + ... + e5 r^5,  |r| <= 1/2
    M(t) = Q(t) / phi(t) = m1 u + m2 u^2 + ... + m9 u^9,  u = 1 / (1 + t/4), t from 0 to 14

Q is the upper tail of the normal distribution and phi its density: M is Mills' ratio. Needs
numpy and mpmath.
"""

import mpmath as mp
import numpy as np

mp.mp.dps = 40
POINTS = 400


def nodes(low, high):
    """Chebyshev's."""
    return [(low + high) / 2 + (high - low) / 2 * mp.cos(mp.pi * (2 * i + 1) / (2 * POINTS)) for i in range(POINTS)]


def fit(name, rows, want):
    """Prints c of the least largest |rows c - want|."""
    rows, want = np.array(rows, dtype=float), np.array(want, dtype=float)
    weights = np.ones(len(want))
    best = (np.inf, None)
    for _ in range(300):
        root = np.sqrt(weights)
        c = np.linalg.lstsq(rows * root[:, None], want * root, rcond=None)[0]
        error = np.abs(rows @ c - want)
        best = min(best, (error.max(), tuple(c)))
        weights *= error
        weights /= weights.sum()
    print(f"{name}: largest relative error {best[0]:.2g}")
    for j, v in enumerate(best[1], 1):
        print(f"  {name}{j} = {np.float32(v):.9g}")


r = nodes(-mp.mpf(1) / 2, mp.mpf(1) / 2)
fit("e", [[x**j / 2**x for j in range(1, 6)] for x in r], [1 - 1 / 2**x for x in r])

u = nodes(1 / (1 + mp.mpf(14) / 4), 1)
fit("m", [[x**j * mp.npdf((1 / x - 1) * 4) / mp.ncdf(-(1 / x - 1) * 4) for j in range(1, 10)] for x in u], [1] * POINTS)
