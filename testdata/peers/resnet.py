"""ResNet18: Glimpse's compiled plan, PyTorch and onnxruntime in turn, in one run.

    go build -o BENCH ./testdata/peers/bench
    python resnet.py --bench BENCH

Two networks: torchvision's on 3x128x128 images, and its CIFAR variant on 3x32x32 (3x3 stem of stride 1 with a
bias, the max pool kept). PyTorch runs in eval and inference_mode, in its default layout and in channels_last; the
better counts. onnxruntime runs the graph that torch.onnx exports, with as many intra-op threads; without it, the
rest is measured. Prints the smallest and the median time of each, the ratios (ours / theirs) of both, and the
largest difference of the logits from PyTorch's, relative to the largest logit.
"""

import argparse
import copy
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import torch
import torchvision
from safetensors.torch import load_file, save_file

try:
    import onnxruntime
except ImportError:
    onnxruntime = None
    print("onnxruntime is not here: left out")

ap = argparse.ArgumentParser()
ap.add_argument("--bench", required=True)
ap.add_argument("--rounds", type=int, default=20)
ap.add_argument("--threads", type=int, nargs="+", default=[1, 2])
args = ap.parse_args()


def network(stem3):
    torch.manual_seed(0)
    model = torchvision.models.resnet18(num_classes=10)
    if stem3:
        model.conv1 = torch.nn.Conv2d(3, 64, 3, stride=1, padding=1)
    return model.eval()


def session(model, x, path, threads):
    """onnxruntime's session for a batch like x, or None."""
    if onnxruntime is None:
        return None
    torch.onnx.export(model, (x,), path, input_names=["x"], output_names=["y"], dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def timed(f):
    time.sleep(0.003)  # the threads of the program before this stop spinning
    began = time.perf_counter()
    y = f()
    return y, time.perf_counter() - began


def compare(name, model, x, threads, folder):
    weights, inputs, outputs, graph = (str(folder / n) for n in ("w.safetensors", "x.safetensors", "y.safetensors", "g.onnx"))
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, weights)
    save_file({"x": x}, inputs)
    last, xl = copy.deepcopy(model).to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    ort = session(model, x, graph, threads)
    torch.set_num_threads(threads)
    ours = subprocess.Popen([args.bench, "resnet", weights, inputs, outputs], text=True, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, env={**os.environ, "GOMAXPROCS": str(threads)})
    assert ours.stdout.readline().strip() == "ready"
    times = {"PyTorch": [], "PyTorch, channels last": [], "onnxruntime": [], "Glimpse": []}
    with torch.inference_mode():
        for _ in range(args.rounds):
            y, t = timed(lambda: model(x))
            times["PyTorch"].append(t)
            times["PyTorch, channels last"].append(timed(lambda: last(xl))[1])
            if ort:
                times["onnxruntime"].append(timed(lambda: ort.run(None, {"x": x.numpy()}))[1])
            time.sleep(0.003)
            ours.stdin.write("\n")
            ours.stdin.flush()
            times["Glimpse"].append(float(ours.stdout.readline()) / 1e9)
    ours.stdin.close()
    ours.wait()
    diff = (load_file(outputs)["y"].reshape(y.shape) - y).abs().max() / y.abs().max()
    better = min("PyTorch", "PyTorch, channels last", key=lambda k: min(times[k]))
    glimpse = times["Glimpse"]
    print(f"{name}, batch {len(x)}, {threads} thread(s): Glimpse {1e3 * min(glimpse):.2f} ms (median {1e3 * statistics.median(glimpse):.2f})"
          f"; logits differ by {diff:.1e}")
    for peer in [better] + (["onnxruntime"] if ort else []):
        t = times[peer]
        print(f"    {peer}: {1e3 * min(t):.2f} ms ({1e3 * statistics.median(t):.2f}), ratio {min(glimpse) / min(t):.2f} "
              f"({statistics.median(glimpse) / statistics.median(t):.2f})", flush=True)


with tempfile.TemporaryDirectory() as folder:
    for threads in args.threads:
        for n in (1, 40):
            compare("3x128x128", network(False), torch.rand(n, 3, 128, 128), threads, pathlib.Path(folder))
        compare("CIFAR variant", network(True), torch.rand(16, 3, 32, 32), threads, pathlib.Path(folder))
