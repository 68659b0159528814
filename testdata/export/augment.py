"""Writes testdata/golden/data/augment.safetensors: torchvision's random transforms.

What is computed from given parameters comes from torchvision.transforms on PIL images and
tensors, to be matched to the last bit. What is drawn comes as counts of many draws of
torchvision's own, to be matched in distribution.
"""

import json
from unittest import mock

import numpy as np
import torch
from PIL import Image
from torchvision import transforms, tv_tensors
from torchvision.transforms import functional, v2

from data import picture, stored
from gen import save, uniform

torch.set_num_threads(1)
torch.manual_seed(11)
DRAWS = 20_000
tensors, metadata = {}, {}


# RandomCrop: sides, crop, padding (left, top, right, bottom), mode, place in the padded image.
CROPS = [
    dict(w=32, h=32, size=[32, 32], padding=[4, 4, 4, 4], mode=mode, top=top, left=left)
    for mode in ("constant", "edge", "reflect", "symmetric")
    for top, left in ((0, 0), (8, 8), (4, 4), (3, 7), (8, 1))
] + [
    dict(w=7, h=5, size=[9, 20], padding=[12, 9, 15, 8], mode=mode, top=top, left=left)
    for mode in ("constant", "edge", "reflect", "symmetric")
    for top, left in ((0, 0), (13, 14), (1, 14), (6, 9))
] + [
    dict(w=w, h=h, size=[6, 7], padding=[4, 3, 2, 5], mode=mode, top=1, left=0)
    for mode in ("edge", "reflect", "symmetric")
    for w, h in ((1, 6), (6, 1), (2, 2), (1, 1))
] + [
    dict(w=9, h=8, size=[3, 4], padding=[0, 0, 0, 0], mode="constant", top=2, left=5),
    dict(w=9, h=8, size=[8, 9], padding=[0, 0, 0, 0], mode="constant", top=0, left=0),
    dict(w=9, h=8, size=[12, 4], padding=[2, 3, 0, 4], mode="constant", top=1, left=0, fill=[10, 200, 30]),
]
# What RandomCrop pads with pad_if_needed: sides, crop, padding.
NEEDED = [(5, 7, 9, 4, 0), (5, 7, 4, 12, 0), (5, 7, 20, 20, 0), (5, 7, 5, 7, 0), (5, 7, 10, 9, 1), (5, 7, 12, 9, 1), (8, 8, 8, 8, 2)]


def export_crops():
    for i, c in enumerate(CROPS):
        im = picture(f"augment {c['w']}x{c['h']}", c["w"], c["h"])
        t = v2.RandomCrop(c["size"], padding=c["padding"], fill=tuple(c.get("fill", (0, 0, 0))), padding_mode=c["mode"])
        p = t.make_params([im])
        p.update(top=c["top"], left=c["left"])
        tensors[f"crop {i}"] = stored(np.asarray(t.transform(im, p)))
    metadata["crops"] = json.dumps(CROPS)
    rows = []
    for w, h, ch, cw, padding in NEEDED:
        t = v2.RandomCrop((ch, cw), padding=padding or None, pad_if_needed=True)
        im = picture("needed", w, h)
        places = [(p["top"] - p["padding"][1], p["left"] - p["padding"][0]) for p in (t.make_params([im]) for _ in range(2000))]
        lo, hi = np.min(places, 0), np.max(places, 0)
        rows.append((w, h, ch, cw, padding, *lo, *hi))
    tensors["needed"] = np.array(rows, np.int64)


# Sides, top, left, height, width, and height and width of the result.
RESIZED = [
    (50, 40, 3, 7, 30, 21, 16, 16), (50, 40, 0, 0, 40, 50, 24, 24), (50, 40, 10, 20, 30, 30, 30, 30), (50, 40, 39, 49, 1, 1, 5, 4),
    (50, 40, 5, 5, 12, 30, 33, 17), (20, 90, 1, 2, 80, 9, 16, 16), (90, 20, 2, 1, 9, 80, 16, 16), (40, 30, 4, 4, 20, 20, 32, 32), (64, 64, 1, 1, 60, 62, 60, 20),
]


def export_resized_crops():
    tensors["resized crops"] = np.array(RESIZED, np.int64)
    for i, (w, h, top, left, height, width, oh, ow) in enumerate(RESIZED):
        out = functional.resized_crop(picture(f"augment {w}x{h}", w, h), top, left, height, width, [oh, ow])
        tensors[f"resized crop {i}"] = stored(np.asarray(out))
    # Where no attempt fits: a part as large as the image, of another shape.
    rows = []
    for w, h in [(100, 10), (10, 100), (3, 200), (201, 2), (37, 11), (1, 50), (50, 1), (31, 8)]:
        for ratio in [(3 / 4, 4 / 3), (1, 1), (0.9, 1.7)]:
            got = {transforms.RandomResizedCrop.get_params(picture("fallback", w, h), [1, 1], list(ratio)) for _ in range(20)}
            assert len(got) == 1
            rows.append((w, h, *ratio, *got.pop()))
    tensors["fallbacks"] = np.array(rows, np.float64)


def export_flips():
    for w, h in ((1, 3), (2, 2), (7, 5), (32, 32)):
        tensors[f"flip {w}x{h}"] = stored(np.asarray(functional.hflip(picture(f"augment {w}x{h}", w, h))))


FACTORS = [0.0, 0.013, 0.2, 0.5, 0.7310585618019104, 0.9, 1.0, 1.0000001192092896, 1.1, 1.4600000381469727, 2.0, 17.25]
HUES = [-0.5, -0.4999, -0.25, -0.1, -0.003, 0.0, 0.002, 0.0040000001899898052, 0.1, 0.31, 0.5]


def export_colours():
    tensors["factors"], tensors["hues"] = np.array(FACTORS), np.array(HUES)
    im = picture("augment 32x32", 32, 32)
    dark = Image.fromarray(np.asarray(picture("augment 7x5", 7, 5)) // 5)
    halves = Image.fromarray(np.array([[[10] * 3, [11] * 3]], np.uint8))  # a mean of 10.5
    for name, p in ("noise", im), ("dark", dark), ("halves", halves):
        for what, adjust, factors in (
            ("brightness", functional.adjust_brightness, FACTORS), ("contrast", functional.adjust_contrast, FACTORS),
            ("saturation", functional.adjust_saturation, FACTORS), ("hue", functional.adjust_hue, HUES),
        ):
            tensors[f"{what} of {name}"] = stored(np.stack([np.asarray(adjust(p, f)) for f in factors]))
    # Every pair of bytes, every colour, every hue, saturation and value.
    a, b = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8), indexing="ij")
    a, b = Image.fromarray(a), Image.fromarray(b)
    tensors["blends"] = stored(np.stack([np.asarray(Image.blend(a, b, f)) for f in FACTORS]))
    n = np.arange(1 << 24, dtype=np.uint32).reshape(4096, 4096)
    colours = np.stack([n >> 16, n >> 8 & 255, n & 255], 2).astype(np.uint8)
    tensors["gray"] = stored(np.asarray(Image.fromarray(colours).convert("L")))
    tensors["hsv"] = stored(np.asarray(Image.fromarray(colours).convert("HSV")))
    tensors["rgb"] = stored(np.asarray(Image.fromarray(colours, "HSV").convert("RGB")))
    # All four, in several orders.
    cases = []
    factors = uniform("jitter", 4 * 8, 1).astype(np.float64).reshape(8, 4)
    for i, (order, x) in enumerate(zip([(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2), (2, 0, 3, 1), (3, 1, 0, 2), (0, 2, 1, 3), (1, 0, 3, 2), (2, 3, 0, 1)], factors)):
        x = [1 + 0.4 * x[0], 1 + 0.6 * x[1], 1 + 0.9 * x[2], 0.3 * x[3]]
        skip = i - 4 if i >= 4 else None
        p = [None if k == skip else f for k, f in enumerate(x)]
        out = v2.ColorJitter().transform(im, dict(fn_idx=torch.tensor(order), brightness_factor=p[0], contrast_factor=p[1], saturation_factor=p[2], hue_factor=p[3]))
        cases.append(dict(order=order, factors=x, skip=-1 if skip is None else skip))
        tensors[f"jitter {i}"] = stored(np.asarray(out))
    metadata["jitters"] = json.dumps(cases)


def batch(n, h, w):
    return torch.from_numpy(uniform(f"augment batch {n}x{h}x{w}", n * 3 * h * w, 2).reshape(n, 3, h, w).copy())


# Top, left, height, width of what is erased in 11 x 13.
ERASED = [(0, 0, 10, 12), (3, 4, 1, 1), (10, 12, 1, 1), (2, 5, 7, 3), (4, 4, 0, 3)]


def export_erasing():
    x = batch(1, 11, 13)[0]
    tensors["erased"] = np.array(ERASED, np.int64)
    out = []
    for i, (top, left, h, w) in enumerate(ERASED):
        v = torch.from_numpy(uniform(f"erase {i}", 3 * h * w, 3).reshape(3, h, w).copy())
        out.append(functional.erase(x, top, left, h, w, v))
    for v in ([0.0], [0.25, -1.5, 3.0]):
        out.append(functional.erase(x, 2, 5, 7, 3, torch.tensor(v)[:, None, None]))
    tensors["erasing"] = torch.stack(out).numpy()


LAMBDAS = [0.0, 1e-9, 0.1, 0.25, 0.4912109375, 0.7310585618019104, 0.9999, 1.0]


def export_mixing():
    tensors["lambdas"] = np.array(LAMBDAS)
    labels = torch.tensor([2, 0, 2, 1])
    out, targets = [], []
    for l in LAMBDAS:
        for x in (batch(4, 3, 5), batch(1, 3, 5)):
            t = v2.MixUp(num_classes=4)
            y = labels[: len(x)]
            p = dict(labels=y, batch_size=len(x), lam=l)
            out.append(t.transform(x, p).ravel())
            targets.append(t.transform(y, p).ravel())
    tensors["mixup"], tensors["mixup targets"] = torch.cat(out).numpy(), torch.cat(targets).numpy()
    # The rectangle of CutMix: sides, centre, lambda.
    t = v2.CutMix(num_classes=4)
    boxes, weights, out, targets = [], [], [], []
    for h, w in ((32, 32), (5, 9), (1, 1), (7, 64)):
        x = batch(4, h, w)
        for l in LAMBDAS:
            for rx, ry in ((0, 0), (w - 1, h - 1), (w // 2, h // 2), (w // 3, h - 1)):
                with mock.patch.object(t, "_dist") as dist, mock.patch("torch.randint", side_effect=[torch.tensor([rx]), torch.tensor([ry])]):
                    dist.sample.return_value = torch.tensor([l], dtype=torch.float64)
                    p = t.make_params([tv_tensors.Image(x)])
                boxes.append((h, w, rx, ry, *p["box"]))
                weights.append((l, p["lam_adjusted"]))
                if (h, w) == (5, 9):
                    p.update(labels=labels, batch_size=4)
                    out.append(t.transform(x, p).ravel())
                    targets.append(t.transform(labels, p).ravel())
    tensors["boxes"], tensors["weights"] = np.array(boxes, np.int64), np.array(weights)
    tensors["cutmix"] = stored(torch.cat(out).numpy().view(np.uint8))
    tensors["cutmix targets"] = torch.cat(targets).numpy()


def count(name, values, bins):
    """Stores how often each of bins integers, or each of as many parts of (0, 1), came."""
    values = np.asarray(values)
    if values.dtype.kind == "f":
        values = np.minimum((values * bins).astype(np.int64), bins - 1)
    tensors["drawn " + name] = np.bincount(values.astype(np.int64), minlength=bins)


def export_draws():
    im, x = picture("draws", 32, 24), torch.zeros(3, 24, 32)
    for name, scale, ratio in ("", (0.08, 1), (3 / 4, 4 / 3)), (" of others", (0.2, 0.5), (0.5, 3)):
        p = np.array([transforms.RandomResizedCrop.get_params(im, list(scale), list(ratio)) for _ in range(DRAWS)])
        for k, what in enumerate(("top", "left", "height", "width")):
            count(f"resized {what}{name}", p[:, k], 33)
        count(f"resized area{name}", p[:, 2] * p[:, 3] / (24 * 32), 40)
    for name, scale, ratio in ("", (0.02, 0.33), (0.3, 3.3)), (" of others", (0.5, 1), (0.3, 1)):
        p = np.array([transforms.RandomErasing.get_params(x, scale, ratio, [0.0])[:4] for _ in range(DRAWS)])
        p[(p[:, 2] == 24) & (p[:, 3] == 32)] = 0  # nothing is erased
        for k, what in enumerate(("top", "left", "height", "width")):
            count(f"erased {what}{name}", p[:, k], 33)
        count(f"erased area{name}", p[:, 2] * p[:, 3] / (24 * 32), 40)
    t = v2.RandomCrop((20, 30), padding=1)
    p = [t.make_params([im]) for _ in range(DRAWS)]
    count("crop", [5 * q["top"] + q["left"] for q in p], 7 * 5)
    flip = transforms.RandomHorizontalFlip(0.3)
    edge = Image.fromarray(np.array([[[0] * 3, [9] * 3]], np.uint8))
    count("flip", [int(flip(edge).getpixel((0, 0))[0] == 9) for _ in range(DRAWS)], 2)
    jitter = transforms.ColorJitter(0.4, 1.5, 0.2, 0.1)
    p = [jitter.get_params(jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue) for _ in range(DRAWS)]
    count("jitter order", [int("".join(map(str, q[0].tolist())), 4) for q in p], 256)
    for k, (what, lo, width) in enumerate((("brightness", 0.6, 0.8), ("contrast", 0, 2.5), ("saturation", 0.8, 0.4), ("hue", -0.1, 0.2))):
        count("jitter " + what, np.clip([(q[k + 1] - lo) / width for q in p], 0, 1).astype(float), 40)
    for alpha in (0.05, 0.2, 1.0, 2.5):
        mixup, cutmix = v2.MixUp(alpha=alpha, num_classes=4), v2.CutMix(alpha=alpha, num_classes=4)
        count(f"mixup {alpha}", np.array([mixup.make_params([x])["lam"] for _ in range(DRAWS)]), 40)
        p = np.array([cutmix.make_params([tv_tensors.Image(x)])["box"] for _ in range(DRAWS)])
        for k, what in enumerate(("x1", "y1", "x2", "y2")):
            count(f"cutmix {what} {alpha}", p[:, k], 33)


def export_strings():
    metadata["strings"] = json.dumps([
        repr(t) for t in (
            transforms.RandomCrop(32, padding=4), transforms.RandomCrop((24, 32)), transforms.RandomHorizontalFlip(), transforms.RandomHorizontalFlip(1.0),
            transforms.RandomResizedCrop(224), transforms.RandomResizedCrop((8, 9), scale=(0.25, 1.0), ratio=(1.0, 1.23456)),
            transforms.ColorJitter(0.4, 0.5, 2, 0.1), transforms.ColorJitter(contrast=0.25), transforms.RandomErasing(), transforms.RandomErasing(0.25, value="random"),
            transforms.RandomErasing(0.1, (0.1, 0.25), (0.5, 2.0), value=(0.5, 1.0, -2.0)), v2.MixUp(num_classes=10), v2.CutMix(alpha=0.2, num_classes=7),
        )
    ])


if __name__ == "__main__":
    export_crops()
    export_resized_crops()
    export_flips()
    export_colours()
    export_erasing()
    export_mixing()
    export_draws()
    export_strings()
    save("data/augment.safetensors", tensors, metadata)
