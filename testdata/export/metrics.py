"""Goldens of cam/metrics: by pytorch-grad-cam, SciPy, NumPy and OpenCV, or the paper's formula
in NumPy where none of them has it. Networks run in float64."""

import cv2
import numpy as np
import pytorch_grad_cam.metrics.road as road
import torch
from pytorch_grad_cam.metrics.cam_mult_image import CamMultImageConfidenceChange
from pytorch_grad_cam.utils.image import scale_cam_image
from pytorch_grad_cam.utils.model_targets import ClassifierOutputSoftmaxTarget
from scipy.ndimage import convolve, gaussian_filter
from scipy.stats import spearmanr

import arch
from gen import save
from methods import calm
from nn import fill, t

N, SHAPE, COARSE = 3, (3, 64, 48), (6, 5)
CLASSES = (1, 3, 0)
STEPS = 20
PERCENTILES = (90, 50, 15)


def coarse(name):
    """A map with positive and negative values."""
    return t(name, COARSE).numpy()


def shown(m):
    """As pytorch-grad-cam returns a map: scaled, resized, and scaled again."""
    return scale_cam_image(scale_cam_image(np.maximum(m, 0)[None], (SHAPE[2], SHAPE[1])))[0]


def probabilities(model, x):
    with torch.no_grad():
        return torch.softmax(model(x), 1).numpy()


def kernel():
    k = np.zeros((11, 11))
    k[5, 5] = 1
    return gaussian_filter(k, 5)


def blurred(x):
    """As RISE's published notebook: its kernel over the image with zeros around."""
    return np.stack([convolve(c, kernel(), mode="constant") for c in x])


def curve(model, x, m, c, deletion):
    """RISE's causal metric (its evaluation.py), with equal pixels in reading order."""
    order = np.argsort(-m.ravel(), kind="stable")
    start, end = (x, np.zeros_like(x)) if deletion else (blurred(x), x)
    each = -(-order.size // STEPS)
    states, now = [], start.copy()
    for i in range(0, order.size + each, each):
        states.append(now.copy())
        at = order[i : i + each]
        now.reshape(3, -1)[:, at] = end.reshape(3, -1)[:, at]
    states = states[: -(-order.size // each) + 1]
    p = probabilities(model, torch.as_tensor(np.stack(states)))[:, c]
    fractions = [min(i * each, order.size) / order.size for i in range(len(states))]
    return p, np.trapezoid(p, fractions)


def correlation(a, b):
    return np.corrcoef(a.ravel(), b.ravel())[0, 1]


def best_iou(m, mask):
    best = 0
    for threshold in np.unique(m[m > 0]):
        part = m >= threshold
        best = max(best, (part & mask).sum() / (part | mask).sum())
    return best


def box_iou(m, boxes):
    out = []
    for threshold in range(256):
        _, labels, stats, _ = cv2.connectedComponentsWithStats(np.uint8((m * 255).astype(np.uint8) > threshold), connectivity=8)
        best = 0
        for x, y, w, h, _ in stats[1:]:
            for x0, y0, x1, y1 in boxes:
                both = max(0, min(x + w, x1) - max(x, x0)) * max(0, min(y + h, y1) - max(y, y0))
                best = max(best, both / (w * h + (x1 - x0) * (y1 - y0) - both))
        out.append(best)
    return out


def main():
    torch.set_num_threads(2)
    out, meta = {}, {}
    model = arch.variants()["resnet18"]()[0]
    fill(model)
    model.double().eval()
    x = torch.stack([t(f"image {i}", SHAPE) for i in range(N)]).double()
    calm(model, x, meta, "resnet18")
    maps = [coarse(f"map {i}") for i in range(N)]
    cams = np.stack([shown(m) for m in maps])
    targets = [ClassifierOutputSoftmaxTarget(c) for c in CLASSES]

    whole = probabilities(model, x)[range(N), CLASSES]
    change = CamMultImageConfidenceChange()(x, cams, targets, model)
    out["confidence.whole"], out["confidence.shown"] = whole, whole + change
    out["confidence.drop"] = np.maximum(0, -change) / whole

    for deletion, name in ((True, "deletion"), (False, "insertion")):
        curves = [curve(model, x[i].numpy(), cams[i], CLASSES[i], deletion) for i in range(N)]
        out[f"{name}.scores"], out[f"{name}.area"] = np.stack([c[0] for c in curves]), np.array([c[1] for c in curves])
    out["blurred"] = blurred(x[0].numpy())

    # ROAD: its solution without noise, the holes blobs and speckles; and the scores with noise.
    for name, m in (("blob", cams[0]), ("speckle", t("speckle", SHAPE[1:]).numpy())):
        for keep in PERCENTILES:
            mask = torch.as_tensor(np.float32(m < np.percentile(m, keep)))
            tensor = road.NoisyLinearImputer(noise=0)(x[0].float(), mask)
            out[f"impute.{name}.{keep}"] = tensor.numpy()[:, ::3, ::2]
    draws = iter(())
    road.torch.randn_like = lambda like: next(draws)(like)

    def scores(metric, i, sample):
        nonlocal draws
        mask = 1 - cams[i] if "Least" in type(metric).__name__ else cams[i]
        holes = np.flatnonzero(~(mask < np.percentile(mask, metric.perturbation.percentile)).ravel())
        noise = t(f"road {sample}", SHAPE).reshape(3, -1)[:, holes]
        draws = iter([lambda like: noise])
        return metric(x[i : i + 1].float(), cams[i : i + 1], targets[i : i + 1], lambda z: model(z.double()))[0]

    out["road.most"] = np.array([[scores(road.ROADMostRelevantFirst(p), i, 2 * k) for k, p in enumerate(PERCENTILES)] for i in range(N)])
    out["road.least"] = np.array([[scores(road.ROADLeastRelevantFirst(p), i, 2 * k + 1) for k, p in enumerate(PERCENTILES)] for i in range(N)])

    # Against a method that answers with map N + i for image i, whatever it is asked.
    again = [shown(coarse(f"map {N + i}")) for i in range(N)]
    out["complexity"] = np.array([c.mean() for c in cams])
    out["coherency"] = np.array([(correlation(a, b) + 1) / 2 for a, b in zip(cams, again)])
    out["adcc"] = np.array([3 / (1 / c + 1 / (1 - k) + 1 / (1 - d)) for c, k, d in zip(out["coherency"], out["complexity"], out["confidence.drop"])])
    ties = np.round(t("ties", (500,)).numpy() * 5)
    out["spearman"] = np.array([spearmanr(t("rank 0", (500,)).numpy() + t("rank 1", (500,)).numpy() / 2, t("rank 1", (500,)).numpy()).statistic, spearmanr(ties, t("rank 0", (500,)).numpy()).statistic])

    # Objects: masks are where other maps are large, boxes around them.
    masks = [shown(coarse(f"object {i}")) > 0.4 for i in range(N)]
    out["pointing"] = np.array([float(mask.ravel()[np.argmax(cv2.resize(m, (SHAPE[2], SHAPE[1])))]) for m, mask in zip(maps, masks)])
    out["energy"] = np.array([(c * mask).sum() / c.sum() for c, mask in zip(cams, masks)])
    out["iou"] = np.array([best_iou(c, mask) for c, mask in zip(cams, masks)])
    boxes = []
    for mask in masks:
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        boxes.append([(columns[0], rows[0], columns[-1] + 1, rows[-1] + 1), (5, 7, 30, 20)])
    best = np.array([box_iou(c, b) for c, b in zip(cams, boxes)])
    out["boxes"] = np.array(boxes)
    out["boxiou"] = best
    out["maxboxaccv2"] = np.array([np.mean([(best >= limit).mean(0).max() for limit in (0.3, 0.5, 0.7)])])
    save("metrics.safetensors", {k: np.float32(v) for k, v in out.items()}, meta | {"percentiles": " ".join(map(str, PERCENTILES))})


if __name__ == "__main__":
    main()
