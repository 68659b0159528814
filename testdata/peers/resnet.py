"""ResNet18, 3x128x128: Glimpse's compiled plan and PyTorch in turn, in one run.

    go build -o BENCH ./testdata/peers/bench
    python resnet.py --bench BENCH

PyTorch runs in eval and inference_mode, in its default layout and in channels_last; the better counts.
Prints the smallest and the median time of each, both ratios (ours / theirs) and the largest difference
of the logits, relative to the largest logit.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import torch
import torchvision
from safetensors.torch import load_file, save_file

ap = argparse.ArgumentParser()
ap.add_argument("--bench", required=True)
ap.add_argument("--rounds", type=int, default=20)
args = ap.parse_args()

torch.manual_seed(0)
model = torchvision.models.resnet18(num_classes=10).eval()
last = torchvision.models.resnet18(num_classes=10).eval()
last.load_state_dict(model.state_dict())
last = last.to(memory_format=torch.channels_last)
with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
    weights, inputs, outputs = (str(pathlib.Path(folder) / n) for n in ("w.safetensors", "x.safetensors", "y.safetensors"))
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, weights)
    for threads in (1, 2):
        torch.set_num_threads(threads)
        for n in (1, 40):
            x = torch.rand(n, 3, 128, 128)
            save_file({"x": x}, inputs)
            ours = subprocess.Popen([args.bench, "resnet", weights, inputs, outputs], text=True, stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, env={**os.environ, "GOMAXPROCS": str(threads)})
            assert ours.stdout.readline().strip() == "ready"
            plain, channels, glimpse = [], [], []
            xl = x.to(memory_format=torch.channels_last)
            for _ in range(args.rounds):
                began = time.perf_counter()
                y = model(x)
                plain.append(time.perf_counter() - began)
                began = time.perf_counter()
                last(xl)
                channels.append(time.perf_counter() - began)
                ours.stdin.write("\n")
                ours.stdin.flush()
                glimpse.append(float(ours.stdout.readline()) / 1e9)
            ours.stdin.close()
            ours.wait()
            torchs = min(plain, channels, key=min)
            diff = (load_file(outputs)["y"].reshape(y.shape) - y).abs().max() / y.abs().max()
            print(f"{threads} thread(s), batch {n:2d}: Glimpse {1e3 * min(glimpse):.1f} ms (median {1e3 * statistics.median(glimpse):.1f}), "
                  f"PyTorch {1e3 * min(torchs):.1f} ({1e3 * statistics.median(torchs):.1f}), "
                  f"ratio {min(glimpse) / min(torchs):.2f} ({statistics.median(glimpse) / statistics.median(torchs):.2f}), "
                  f"logits differ by {diff:.1e}", flush=True)
