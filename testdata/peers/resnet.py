"""ResNet18: Glimpse's compiled plan, PyTorch and onnxruntime in turn, in one run.

    go build -o BENCH ./testdata/peers/bench
    python resnet.py --bench BENCH

Two networks: torchvision's on 3x128x128 images, and its CIFAR variant on 3x32x32 (3x3 stem of stride 1 with a
bias, the max pool kept). PyTorch runs in eval and inference_mode, in its default layout and in channels_last; the
better counts. onnxruntime runs the graph that torch.onnx exports, with as many intra-op threads; without it, the
rest is measured. The results' difference is the largest of the logits from PyTorch's, relative to the largest
logit.
"""

import copy
import pathlib
import tempfile

import rounds


def network(stem3):
    import torch
    import torchvision

    torch.manual_seed(0)
    model = torchvision.models.resnet18(num_classes=10)
    if stem3:
        model.conv1 = torch.nn.Conv2d(3, 64, 3, stride=1, padding=1)
    return model.eval()


def session(onnxruntime, model, x, path, threads):
    """onnxruntime's session for a batch like x."""
    import torch

    torch.onnx.export(model, (x,), path, input_names=["x"], output_names=["y"], dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def compare(name, model, x, threads, args, onnxruntime, folder):
    import torch
    from safetensors.torch import load_file, save_file

    weights, inputs, outputs, graph = (str(folder / n) for n in ("w.safetensors", "x.safetensors", "y.safetensors", "g.onnx"))
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, weights)
    save_file({"x": x}, inputs)
    last, xl = copy.deepcopy(model).to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    torch.set_num_threads(threads)
    works = {"PyTorch": lambda: model(x), "PyTorch, channels last": lambda: last(xl)}
    if onnxruntime:
        ort = session(onnxruntime, model, x, graph, threads)
        works["onnxruntime"] = lambda: ort.run(None, {"x": x.numpy()})
    with torch.inference_mode(), rounds.Bench(args.bench, threads, "resnet", weights, inputs, outputs) as ours:
        times = rounds.turns(args.rounds, {**works, rounds.OURS: ours.round})
        y = model(x)
    diff = (load_file(outputs)["y"].reshape(y.shape) - y).abs().max() / y.abs().max()
    work = f"{name}, batch {len(x)}"
    better = min("PyTorch", "PyTorch, channels last", key=lambda k: min(times[k]))
    rounds.row(work, better, threads, times[rounds.OURS], times[better], reach=0.8, difference=f"{diff:.1e} relative")
    if onnxruntime:
        rounds.row(work, "onnxruntime", threads, times[rounds.OURS], times["onnxruntime"], reach=1.0)


def main():
    args = rounds.arguments(__doc__)
    if not all([rounds.peer(m) for m in ("torch", "torchvision", "safetensors.torch")]):
        return
    import torch

    onnxruntime = rounds.peer("onnx") and rounds.peer("onnxruntime")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for threads in args.threads:
            for n in (1, 40):
                compare("ResNet18, 3x128x128", network(False), torch.rand(n, 3, 128, 128), threads, args, onnxruntime, folder)
            compare("ResNet18, CIFAR variant", network(True), torch.rand(16, 3, 32, 32), threads, args, onnxruntime, folder)


if __name__ == "__main__":
    main()
