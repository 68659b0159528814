"""The coefficients of Mills' ratio in elementwise_amd64.s.tmpl: the polynomial

    M(t) = Q(t) / phi(t) = c1 u + c2 u^2 + ... + c9 u^9,   u = 1 / (1 + t/4)

(Q the upper tail of the normal distribution, phi its density) with the least largest
relative error for t from 0 to 14, by Lawson's iteration. Needs numpy and mpmath.
"""

import mpmath as mp
import numpy as np

mp.mp.dps = 40
K, DEGREE, POINTS, LAST = 0.25, 9, 400, 14


def ratio(t):
    return mp.ncdf(-t) / mp.npdf(t)


low = 1 / (1 + K * LAST)
u = [(low + 1) / 2 + (1 - low) / 2 * mp.cos(mp.pi * (2 * i + 1) / (2 * POINTS)) for i in range(POINTS)]
rows = np.array([[float(x**j / ratio((1 / x - 1) / K)) for j in range(1, DEGREE + 1)] for x in u])
weights = np.ones(POINTS)
best = (1.0, None)
for _ in range(300):
    root = np.sqrt(weights)
    c = np.linalg.lstsq(rows * root[:, None], root, rcond=None)[0]
    error = np.abs(rows @ c - 1)
    best = min(best, (error.max(), tuple(c)))
    weights *= error
    weights /= weights.sum()
print(f"largest relative error {best[0]:.2g}")
for j, c in enumerate(best[1], 1):
    print(f"c{j} = {np.float32(c):.9g}")
