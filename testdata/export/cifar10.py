"""Golden of the embedded CIFAR-10 network on the 10,000 real test images: PyTorch's
predictions, and how far the largest logit is ahead of the second.

    python cifar10.py cifar-10-batches-bin/test_batch.bin
"""

import pathlib
import sys

import torch
from safetensors.torch import load_file

from gen import save
from narrow_resnet import NarrowResNet18
from train_cifar10 import load_test
from training import logits

weights = load_file(pathlib.Path(__file__).resolve().parents[2] / "nn" / "pretrained" / "cifar10.safetensors")
model = NarrowResNet18(32, 10, "3x3")
model.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in weights.items()})
x, y = load_test(pathlib.Path(sys.argv[1]))
out = logits(model, x)
top = out.topk(2)
save("cifar10_predictions.safetensors", {
    "predicted": top.indices[:, 0].to(torch.uint8),
    "margin": top.values[:, 0] - top.values[:, 1],
    "correct": (top.indices[:, 0] == y).sum(),
    "logits": out[::100].contiguous(),
})
