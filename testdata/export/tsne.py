"""Exports testdata/golden/tsne.safetensors: scikit-learn's t-SNE, piece by piece.

    python testdata/export/tsne.py

Inputs come from gen.uniform, so that Go generates them too; the layouts are
float32 numbers, which both of scikit-learn's methods hold exactly.
"""

import numpy as np
import openTSNE
import scipy
import scipy.sparse
from openTSNE.tsne import gradient_descent, kl_divergence_bh
from scipy.spatial.distance import squareform
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, _t_sne, _utils
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors

import gen

out = {}


def data(n, d, groups):
    """Returns n points in d dimensions in so many groups, in float64."""
    centres = gen.uniform("tsne.centres", groups * d, 3).reshape(groups, d).astype(np.float64)
    noise = gen.uniform("tsne.noise", n * d, 1).reshape(n, d).astype(np.float64)
    return centres[np.arange(n) % groups] + noise


def layout(name, n, dims, bound):
    return gen.uniform("tsne.layout." + name, n * dims, bound).reshape(n, dims)


def beta(p, d2):
    """Recovers the precision from two of a row's probabilities."""
    j, k = np.argmin(d2), np.argmax(d2)
    return (np.log(p[j]) - np.log(p[k])) / (float(d2[k]) - float(d2[j]))


# Affinities.
n, d = 150, 8
X = data(n, d, 5)
for metric in ("euclidean", "cosine"):
    dist = pairwise_distances(X, metric=metric, **({"squared": True} if metric == "euclidean" else {}))
    if metric != "euclidean":
        dist = dist**2
    for perplexity in (5.0, 30.0):
        key = f"{metric}.{perplexity:g}"
        out[f"dense.{key}"] = _t_sne._joint_probabilities(dist, perplexity, 0)  # condensed
        k = min(n - 1, int(3.0 * perplexity + 1))
        graph = NearestNeighbors(n_neighbors=k, metric=metric).fit(X).kneighbors_graph(mode="distance")
        graph.data **= 2
        graph.sort_indices()
        rows = graph.data.reshape(n, -1).astype(np.float32)
        conditional = _utils._binary_search_perplexity(rows, perplexity, 0)
        out[f"neighbours.{key}"] = graph.indices.reshape(n, k).astype(np.int32)
        out[f"conditional.{key}"] = conditional
        out[f"beta.{key}"] = np.array([beta(p, r) for p, r in zip(conditional, rows)])
        P = _t_sne._joint_probabilities_nn(graph, perplexity, 0).tocsr()
        P.sort_indices()
        out[f"sparse.{key}.indptr"] = P.indptr.astype(np.int64)
        out[f"sparse.{key}.indices"] = P.indices.astype(np.int32)
        out[f"sparse.{key}.values"] = P.data

# The exact divergence and gradient at given layouts, early, late and wide.
dist = pairwise_distances(X, metric="euclidean", squared=True)
P = _t_sne._joint_probabilities(dist, 30.0, 0)
for name, bound in (("early", 1e-4), ("middle", 1.0), ("late", 20.0), ("wide", 1000.0)):
    Y = layout(name, n, 2, bound).astype(np.float64)
    kl, grad = _t_sne._kl_divergence(Y.ravel(), P, 1, n, 2)
    out[f"exact.{name}.kl"] = np.array([kl])
    out[f"exact.{name}.grad"] = grad

# The Barnes-Hut gradient, of 600 points, at three angles, beside the exact one
# for the same sparse P and the same layout, in 1, 2 and 3 dimensions, with one
# degree of freedom, for which scikit-learn's gradient is right.
m = 600
XB = data(m, d, 6)
graph = NearestNeighbors(n_neighbors=91).fit(XB).kneighbors_graph(mode="distance")
graph.data **= 2
PB = _t_sne._joint_probabilities_nn(graph, 30.0, 0).tocsr()
PB.sort_indices()
dense = PB.toarray()
for dims in (1, 2, 3):
    for name, bound in (("early", 1e-2), ("middle", 3.0), ("late", 30.0)):
        # The layout of a fit is lumpy: groups with noise around them.
        centres = layout(f"bh.centres.{dims}", 6, dims, bound)[np.arange(m) % 6]
        Y = np.float32(centres + layout(f"bh.{dims}", m, dims, bound / 4))
        key = f"bh.{dims}.{name}"
        out[f"{key}.layout"] = Y
        kl, grad = _t_sne._kl_divergence(Y.astype(np.float64).ravel(), squareform(dense, checks=False), 1, m, dims)
        out[f"{key}.exact"] = grad
        for angle in (0.2, 0.5, 0.8):
            kl, grad = _t_sne._kl_divergence_bh(Y.ravel(), PB, 1, m, dims, angle=angle)
            out[f"{key}.{angle}"] = grad
            out[f"{key}.{angle}.kl"] = np.array([kl], dtype=np.float64)

# The descent: the first phase, and what follows it, from a given start. With
# the default learning rate of 50, scikit-learn's own first 50 iterations of
# 150 of these points move by 2e-3 when the start moves by one rounding error;
# those of 300 points by 5e-9.
h = 300
XH = data(h, d, 5)
PH = _t_sne._joint_probabilities(pairwise_distances(XH, metric="euclidean", squared=True), 30.0, 0)
start = layout("start", h, 2, 1e-4).astype(np.float64)
args = [PH * 12.0, 1, h, 2]
rate = max(h / 12.0 / 4, 50)
for iterations in (1, 10, 50):
    p, _, _ = _t_sne._gradient_descent(
        _t_sne._kl_divergence, start.ravel(), 0, iterations, n_iter_check=50, n_iter_without_progress=250,
        momentum=0.5, learning_rate=rate, args=args, kwargs={},
    )
    out[f"descent.first.{iterations}"] = p
wide = layout("middle", n, 2, 1.0).astype(np.float64)
args = [P, 1, n, 2]
for iterations in (1, 10, 50):
    p, _, _ = _t_sne._gradient_descent(
        _t_sne._kl_divergence, wide.ravel(), 250, 250 + iterations, n_iter_check=50, n_iter_without_progress=300,
        momentum=0.8, learning_rate=rate, args=args, kwargs={},
    )
    out[f"descent.second.{iterations}"] = p
# Both phases through the class, whose first phase is 250 iterations. From a
# spread-out start, rather than a point, the two programs stay together.
# With max_iter=250 its divergence is the largest float64: the second phase
# is run for no iterations.
for iterations in (250, 260, 300):
    t = TSNE(method="exact", init=wide, max_iter=iterations, perplexity=30, learning_rate=10.0, early_exaggeration=1.0)
    out[f"class.{iterations}"] = t.fit_transform(X)
    out[f"class.{iterations}.kl"] = np.array([t.kl_divergence_], dtype=np.float64)

# The starts.
out["random.0"] = 1e-4 * np.random.RandomState(0).standard_normal(size=(200, 2)).astype(np.float32)
out["random.12345"] = 1e-4 * np.random.RandomState(12345).standard_normal(size=(200, 3)).astype(np.float32)
scores = PCA(n_components=2, random_state=0).fit_transform(X).astype(np.float32)
out["pca"] = scores / np.std(scores[:, 0]) * 1e-4

# openTSNE's optimiser, with its Barnes-Hut at angle 0: the exact gradient.
PD = scipy.sparse.csr_matrix(squareform(P))
for iterations in (1, 10, 50):
    Y = np.array(wide)
    descent = gradient_descent()
    _, Y = descent(Y, PD.copy(), iterations, kl_divergence_bh, learning_rate=n / 12, exaggeration=12, momentum=0.8, theta=0.0)
    if iterations == 50:
        _, Y = descent(Y, PD.copy(), iterations, kl_divergence_bh, learning_rate=n / 1, exaggeration=1, momentum=0.8, theta=0.0)
    out[f"openTSNE.{iterations}"] = np.asarray(Y, dtype=np.float64)

gen.save("tsne.safetensors", out)
