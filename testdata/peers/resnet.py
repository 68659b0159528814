"""ResNet18: Glimpse's compiled plan, PyTorch, onnxruntime and OpenVINO in turn, in one run.

    go build -o BENCH ./testdata/peers/bench
    python resnet.py --bench BENCH

Two networks: torchvision's on 3x128x128 images, and its CIFAR variant on 3x32x32 (3x3 stem of stride 1 with a
bias, the max pool kept). PyTorch runs in eval and inference_mode, in its default layout and in channels_last; the
better counts. onnxruntime and OpenVINO (float32) run the graph that torch.onnx exports, with as many threads; without
them, the rest is measured. The results' difference is the largest of the logits from PyTorch's, relative to the largest
logit.
"""

import copy
import pathlib
import tempfile

import graphs
import rounds


def network(stem3):
    import torch
    import torchvision

    torch.manual_seed(0)
    model = torchvision.models.resnet18(num_classes=10)
    if stem3:
        model.conv1 = torch.nn.Conv2d(3, 64, 3, stride=1, padding=1)
    return model.eval()


def compare(name, model, x, threads, args, folder):
    import torch
    from safetensors.torch import load_file, save_file

    weights, inputs, outputs, graph = (str(folder / n) for n in ("w.safetensors", "x.safetensors", "y.safetensors", "g.onnx"))
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, weights)
    save_file({"x": x}, inputs)
    last, xl = copy.deepcopy(model).to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    torch.set_num_threads(threads)
    works = {"PyTorch": lambda: model(x), "PyTorch, channels last": lambda: last(xl)}
    others = graphs.engines(model, x, graph, threads)
    with torch.inference_mode(), rounds.Bench(args.bench, threads, "resnet", weights, inputs, outputs) as ours:
        times = rounds.turns(args.rounds, {**works, **others, rounds.OURS: ours.round})
        y = model(x)
    diff = (load_file(outputs)["y"].reshape(y.shape) - y).abs().max() / y.abs().max()
    work = f"{name}, batch {len(x)}"
    better = min("PyTorch", "PyTorch, channels last", key=lambda k: min(times[k]))
    rounds.row(work, better, threads, times[rounds.OURS], times[better], reach=0.8, difference=f"{diff:.1e} relative")
    for peer in others:
        rounds.row(work, peer, threads, times[rounds.OURS], times[peer], reach=0.6 if len(x) == 1 and threads == 2 else 1.0)


def main():
    args = rounds.arguments(__doc__)
    if not all([rounds.peer(m) for m in ("torch", "torchvision", "safetensors.torch")]):
        return
    import torch

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for threads in args.threads:
            for n in (1, 40):
                compare("ResNet18, 3x128x128", network(False), torch.rand(n, 3, 128, 128), threads, args, folder)
            compare("ResNet18, CIFAR variant", network(True), torch.rand(16, 3, 32, 32), threads, args, folder)


if __name__ == "__main__":
    main()
