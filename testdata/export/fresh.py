"""Goldens of arch.New and arch.StateDict: what torchvision's constructors make.

    python testdata/export/fresh.py

For every model that arch.New knows, with ten classes, the SHA-256 of its state dict's
names, dtypes and shapes, in their order. For some, the constructors are run as well, and
of every tensor of floats the mean, the deviation and the largest magnitude are kept:
numbers of a distribution, and not of a seed, which both sides draw from.
"""

import hashlib
import pathlib
import sys
import warnings

import numpy as np
import torch
import torchvision

from gen import save

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "peers"))
from notebook_cam import resnet18  # noqa: E402

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
torch.manual_seed(20)

FAMILIES = (
    "alexnet convnext densenet efficientnet googlenet inception mnasnet mobilenet regnet resnet resnext "
    "shufflenet squeezenet vgg wide_resnet"
).split()
DRAWN = (
    "resnet18 resnext50_32x4d alexnet vgg11_bn squeezenet1_1 densenet121 googlenet inception_v3 shufflenet_v2_x0_5 "
    "mobilenet_v2 mobilenet_v3_small mnasnet0_5 efficientnet_b0 regnet_y_400mf convnext_tiny"
).split()


def on_cpu(f):
    """RegNet's constructor computes with tensors, which a device without data cannot."""

    def call(*args, **kw):
        with torch.device("cpu"):
            return f(*args, **kw)

    return call


BlockParams = sys.modules["torchvision.models.regnet"].BlockParams
BlockParams.from_init_params = on_cpu(BlockParams.from_init_params)


def listing(model):
    """A line a tensor: name, dtype, shape."""
    lines = []
    for name, t in model.state_dict().items():
        kind = {torch.float32: "F32", torch.int64: "I64"}[t.dtype]
        lines.append(f"{name} {kind} [{' '.join(map(str, t.shape))}]\n")
    return "".join(lines)


def digest(model):
    return np.frombuffer(hashlib.sha256(listing(model).encode()).digest(), np.uint8)


def make(name):
    kw = {"num_classes": 10}
    if name in ("googlenet", "inception_v3"):
        kw |= {"aux_logits": False, "init_weights": True}
    return torchvision.models.get_model(name, weights=None, **kw)


def main():
    out = {}
    names = [n for n in torchvision.models.list_models(module=torchvision.models) if n.startswith(tuple(FAMILIES))]
    for name in names:
        with torch.device("meta"):
            out[f"{name}/digest"] = digest(make(name))
    out["resnet18/text"] = np.frombuffer(listing(make("resnet18")).encode(), np.uint8)
    with torch.device("meta"):
        out["narrow/digest"] = digest(resnet18(16, 10))
        out["thousand/digest"] = digest(torchvision.models.resnet50())
    for name in DRAWN:
        rows = []
        for t in make(name).state_dict().values():
            if t.is_floating_point():
                t = t.double()
                rows.append([t.mean(), t.std(correction=0), t.abs().max()])
        out[f"{name}/drawn"] = np.array(rows, np.float32)
    save("fresh.safetensors", out, {"names": " ".join(names)})


main()
