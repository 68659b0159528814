"""Goldens of the measures of a layout, from scikit-learn and SciPy: the digits'
and random data, each with a PCA layout and a shuffled one."""

import numpy as np
import sklearn
from scipy.sparse import csr_matrix
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.manifold import _t_sne, trustworthiness
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors

from gen import save, uniform


def neighbours(x, k):
    """The k nearest of each row without itself; equal ones by their index."""
    d = pairwise_distances(x, metric="sqeuclidean")  # exact for the digits
    d = np.array([((x - r) ** 2).sum(1) for r in x]) if len(x) < 500 else d
    np.fill_diagonal(d, np.inf)
    return np.argsort(d, axis=1, kind="stable")[:, :k]


def overlap(x, y, k):
    a, b = neighbours(x, k), neighbours(y, k)
    return np.mean([len(set(p) & set(q)) / k for p, q in zip(a, b)])


def trust_by_index(x, y, k):
    """trustworthiness with ties broken by index on both sides."""
    n = len(x)
    d = ((x[:, None] - x[None]) ** 2).sum(2)
    np.fill_diagonal(d, np.inf)
    rank = np.empty((n, n), int)
    np.put_along_axis(rank, np.argsort(d, axis=1, kind="stable"), np.arange(1, n + 1)[None], 1)
    r = np.take_along_axis(rank, neighbours(y, k), 1) - k
    return 1 - r[r > 0].sum() * (2 / (n * k * (2 * n - 3 * k - 1)))


def means(x, labels):
    return np.stack([x[labels == c].mean(0) for c in np.unique(labels)])


def kl(x, y, perplexity):
    """The divergence, P scikit-learn's sparse one, Z and the sum in float64.

    NearestNeighbors would cut off equally near points by chance."""
    k = min(len(x) - 1, int(3.0 * perplexity + 1))
    columns = np.sort(neighbours(x, k), axis=1)
    d2 = ((x[:, None] - x[columns]) ** 2).sum(2)
    graph = csr_matrix((d2.ravel(), columns.ravel(), np.arange(0, d2.size + 1, k)), shape=(len(x), len(x)))
    p = _t_sne._joint_probabilities_nn(graph, perplexity, 0).tocoo()
    dof = max(y.shape[1] - 1, 1)
    d2 = ((y[:, None] - y[None]) ** 2).sum(2)
    q = (1 + d2 / dof) ** (-(dof + 1) / 2)
    np.fill_diagonal(q, 0)
    q /= q.sum()
    return np.sum(p.data * np.log(p.data / q[p.row, p.col]))


digits = load_digits()
n = 400
random = uniform("quality/x", n * 12, 1).reshape(n, 12).astype(np.float64) + 5
labels = (uniform("quality/labels", n, 4) + 4).astype(np.int64)  # 0 to 7
D, L = digits.data[:900], digits.target[:900]
out = {}
for name, x, y, label, ks in (
    ("random", random, uniform("quality/y", n * 2, 30).reshape(n, 2).astype(np.float64), labels, (1, 10, 37)),
    ("random3", random, random[:, :3] * 7, labels, (5, 150)),
    ("digits", D, PCA(2).fit_transform(D), L, (10, 30)),
):
    out[name + "/x"] = x.astype(np.uint8) if name == "digits" else x
    out[name + "/y"] = y
    out[name + "/labels"] = label.astype(np.int64)
    out[name + "/k"] = np.array(ks)
    out[name + "/trustworthiness"] = np.array([trustworthiness(x, y, n_neighbors=k) for k in ks])
    out[name + "/continuity"] = np.array([trustworthiness(y, x, n_neighbors=k) for k in ks])
    out[name + "/trustworthiness.by_index"] = np.array([trust_by_index(x, y, k) for k in ks])
    out[name + "/continuity.by_index"] = np.array([trust_by_index(y, x, k) for k in ks])
    out[name + "/neighbours"] = np.array([overlap(x, y, k) for k in ks])
    out[name + "/neighbours.sklearn"] = np.array([
        np.mean([
            len(set(p) & set(q)) / k
            for p, q in zip(*(NearestNeighbors(n_neighbors=k).fit(v).kneighbors(return_distance=False) for v in (x, y)))
        ])
        for k in ks
    ])
    out[name + "/classes"] = np.array([overlap(means(x, label), means(y, label), k) for k in (1, 4)])
    sample = np.random.RandomState(3).permutation(len(x))[:200]
    # Squared distances have the same ranks, but for ties that the rounding of
    # the root makes.
    d = lambda v: pdist(v, "sqeuclidean")
    out[name + "/correlation"] = np.array([
        spearmanr(d(x[sample]), d(y[sample])).statistic,
        spearmanr(d(x), d(y)).statistic,
    ])
    out[name + "/kl"] = np.array([kl(x, y, 30.0), kl(x, y * 0.05, 10.0)])
save("quality.safetensors", out)
