"""Golden of the embedded CIFAR-10 network on the 10,000 real test images: PyTorch's
predictions, and how far the largest logit is ahead of the second.

    python cifar10.py cifar-10-batches-bin/test_batch.bin
"""

import pathlib
import sys

import numpy as np
import torch

from gen import save

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "peers"))
from notebook_cam import load_network  # noqa: E402

records = torch.from_numpy(np.fromfile(sys.argv[1], np.uint8).reshape(-1, 3073))
labels, pixels = records[:, 0].long(), records[:, 1:].reshape(-1, 3, 32, 32)
model = load_network(HERE.parents[1] / "nn" / "pretrained" / "cifar10.safetensors")
with torch.inference_mode():  # ToTensor and Normalize(0.5, 0.5)
    out = torch.cat([model((part.float() / 255 - 0.5) / 0.5) for part in pixels.split(500)])
top = out.topk(2)
save("cifar10_predictions.safetensors", {
    "predicted": top.indices[:, 0].to(torch.uint8),
    "margin": top.values[:, 0] - top.values[:, 1],
    "correct": (top.indices[:, 0] == labels).sum(),
    "logits": out[::100].contiguous(),
})
