"""Goldens of cam: the notebook's class activation maps, from the raw sums to
the bytes that it hands to its figure, for two layers.

The notebook's hook keeps what layer4[1].bn2 returned. torchvision then adds the
shortcut to that very tensor in place, so a hook that does not clone it (or
move it off the CPU) would see the block's output; this one clones."""

import cv2
import numpy as np
import torch
import torchvision

from gen import save
from nn import fill, narrow, t

torch.set_num_threads(1)


def notebook(model, x, layer):
    """The notebook's code for a batch: maps of the predicted classes."""
    kept = []
    module = dict(model.named_modules())[layer]
    handle = module.register_forward_hook(lambda m, a, y: kept.append(y.detach().clone().numpy()))
    with torch.no_grad():
        logits = model(x)
    handle.remove()
    predicted = logits.argmax(1).numpy()
    weight = model.fc.weight.detach().numpy()
    raw, small, large = [], [], []
    for i, feature in enumerate(kept[0]):
        c, h, w = feature.shape
        m = weight[predicted[i]].dot(feature.reshape(c, h * w)).reshape(h, w)
        raw.append(m)
        m = m - m.min()
        m = m / m.max()
        small.append(np.uint8(m * 255))
        large.append(cv2.resize(small[-1], (x.shape[3], x.shape[2])))
    return logits, predicted, raw, small, large


CASES = {
    "resnet18": (torchvision.models.resnet18(num_classes=10), (2, 3, 128, 128)),
    "resnet18_narrow": (narrow(16, num_classes=10), (3, 3, 224, 160)),
}
out = {}
for name, (model, shape) in CASES.items():
    fill(model)
    x = t("cam/input", shape)
    for layer in ("layer4", "layer4.1.bn2"):
        logits, predicted, raw, small, large = notebook(model, x, layer)
        key = f"{name}/{layer}/"
        out[key + "logits"] = logits.numpy()
        out[key + "predicted"] = predicted.astype(np.int64)
        out[key + "raw"] = np.stack(raw)
        out[key + "bytes"] = np.stack(small)
        out[key + "resized"] = np.stack(large)
save("cam.safetensors", out)
