"""Goldens of package pca: scikit-learn's PCA on data with well-separated
spectra, and its handwritten digits, which other packages' goldens use too."""

import numpy as np
import sklearn
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from gen import save, uniform


def separated(name, n, d, rank, ratio=0.7):
    """n x d data whose singular values fall by the given ratio, off-centre."""
    u = np.linalg.qr(uniform(name + "/u", n * rank, 1).reshape(n, rank).astype(np.float64))[0]
    v = np.linalg.qr(uniform(name + "/v", d * rank, 1).reshape(d, rank).astype(np.float64))[0]
    offset = uniform(name + "/offset", d, 3).astype(np.float64)
    return u * (10 * ratio ** np.arange(rank)) @ v.T + offset


digits = load_digits()
save("digits.safetensors", {"data": digits.data.astype(np.uint8), "target": digits.target.astype(np.uint8)})

CASES = [
    # name, data, options, how many components are compared (None: all)
    ("tall", "tall", dict(n_components=5)),
    ("tall-all", "tall", dict()),
    ("tall-whiten", "tall", dict(n_components=4, whiten=True)),
    ("tall-fraction", "tall", dict(n_components=0.9)),
    ("tall-eigh", "tall", dict(n_components=5, svd_solver="covariance_eigh")),
    ("wide", "wide", dict(n_components=6, svd_solver="full")),
    ("wide-whiten", "wide", dict(n_components=3, whiten=True, svd_solver="full")),
    ("wide-fraction", "wide", dict(n_components=0.99)),
    ("digits", "digits", dict(n_components=10)),
    ("digits-fraction", "digits", dict(n_components=0.95)),
    ("digits-whiten", "digits", dict(n_components=8, whiten=True)),
]
DATA = {
    "tall": separated("pca/tall", 300, 12, 12),
    "wide": separated("pca/wide", 20, 60, 20),
    "digits": digits.data,
}
out = {"data/" + k: x for k, x in DATA.items() if k != "digits"}
for name, data, options in CASES:
    x = DATA[data]
    pca = PCA(**options).fit(x)
    some = x[:40]
    z = pca.transform(some)
    out[name + "/mean"] = pca.mean_
    out[name + "/components"] = pca.components_
    out[name + "/variance"] = pca.explained_variance_
    out[name + "/ratio"] = pca.explained_variance_ratio_
    out[name + "/singular"] = pca.singular_values_
    out[name + "/noise"] = np.array([pca.noise_variance_])
    out[name + "/scores"] = z
    out[name + "/inverse"] = pca.inverse_transform(z)
save("pca.safetensors", out, {"cases": ";".join(f"{n}:{d}:{o}" for n, d, o in CASES)})
