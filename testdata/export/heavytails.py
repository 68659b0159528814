"""Exports testdata/golden/heavytails.safetensors: openTSNE's kernel for other degrees of
freedom than 1, whose exponent is dof where scikit-learn's is (dof+1)/2: divergence and
gradient at a layout, and the optimiser's steps from it.

    python testdata/export/heavytails.py
"""

import numpy as np
import openTSNE  # for its version
import scipy.sparse
from openTSNE.tsne import gradient_descent, kl_divergence_bh
from scipy.spatial.distance import squareform
from sklearn.manifold import _t_sne
from sklearn.metrics import pairwise_distances

import gen

n, d = 150, 8
centres = gen.uniform("tsne.centres", 5 * d, 3).reshape(5, d).astype(np.float64)
X = centres[np.arange(n) % 5] + gen.uniform("tsne.noise", n * d, 1).reshape(n, d).astype(np.float64)
P = _t_sne._joint_probabilities(pairwise_distances(X, metric="euclidean", squared=True), 30.0, 0)
P = scipy.sparse.csr_matrix(squareform(P))
Y = gen.uniform("tsne.layout.middle", n * 2, 1.0).reshape(n, 2).astype(np.float64)

out = {}
for dof in (0.5, 2.0, 3.0):
    kl, grad = kl_divergence_bh(Y.copy(), P.copy(), dof, {"theta": 0.0}, should_eval_error=True, n_jobs=1)
    out[f"{dof:g}.kl"] = np.array([kl])
    out[f"{dof:g}.grad"] = np.asarray(grad)
    for iterations in (1, 10, 50):
        _, moved = gradient_descent()(np.array(Y), P.copy(), iterations, kl_divergence_bh, learning_rate=n / 12, exaggeration=12, momentum=0.8, theta=0.0, dof=dof)
        out[f"{dof:g}.{iterations}"] = np.asarray(moved, dtype=np.float64)
gen.save("heavytails.safetensors", out)
