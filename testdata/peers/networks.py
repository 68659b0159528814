"""Networks on 3x224x224: Glimpse's compiled plan, PyTorch, onnxruntime and OpenVINO in turn, in one run.

    go build -o BENCH ./testdata/peers/bench
    python networks.py --bench BENCH [--networks resnet50,vgg16] [--batches 1,16] [--only forward,input,layer]

forward   the logits. PyTorch in eval and inference_mode, in its default layout and in channels_last: the better
          counts. onnxruntime and OpenVINO (float32) run the graph that torch.onnx exports.
input     the gradient of the predicted logit by the input, parameters without gradients; PyTorch's two layouts.
layer     the forward pass with the gradient by the last feature map, beside our own forward pass.
"""

import copy
import pathlib
import tempfile

import graphs
import rounds

# The last feature maps, by torchvision's names.
NETWORKS = {"resnet50": "layer4", "densenet121": "features", "mobilenet_v2": "features", "efficientnet_b0": "features",
            "vgg16": "features", "convnext_tiny": "features"}


def flags(ap):
    ap.add_argument("--networks", default=",".join(NETWORKS))
    ap.add_argument("--batches", default="1,16")
    ap.add_argument("--only", default="forward,input,layer")


def forward(name, model, x, threads, args, folder, paths):
    import torch
    from safetensors.torch import load_file

    weights, inputs, outputs, graph = paths
    last, xl = copy.deepcopy(model).to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    works = {"PyTorch": lambda: model(x), "PyTorch, channels last": lambda: last(xl)}
    others = graphs.engines(model, x, graph, threads)
    with torch.inference_mode(), rounds.Bench(args.bench, threads, "network", weights, inputs, "", outputs) as ours:
        times = rounds.turns(args.rounds, {**works, **others, rounds.OURS: ours.round})
        y = model(x)
    diff = (load_file(outputs)["y"].reshape(y.shape) - y).abs().max() / y.abs().max()
    better = min("PyTorch", "PyTorch, channels last", key=lambda k: min(times[k]))
    work = f"{name}, batch {len(x)}"
    rounds.row(work, better, threads, times[rounds.OURS], times[better], reach=0.8, difference=f"{diff:.1e} relative")
    for peer in others:
        rounds.row(work, peer, threads, times[rounds.OURS], times[peer], reach=1.0)


def by_input(name, model, x, threads, args, paths):
    import torch
    from safetensors.torch import load_file

    weights, inputs, outputs, _ = paths
    model = copy.deepcopy(model).requires_grad_(False)
    last = copy.deepcopy(model).to(memory_format=torch.channels_last)

    def gradient(m, x):
        x = x.detach().requires_grad_(True)
        return torch.autograd.grad(m(x).max(1).values.sum(), x)[0]

    xl = x.to(memory_format=torch.channels_last)
    works = {"PyTorch": lambda: gradient(model, x), "PyTorch, channels last": lambda: gradient(last, xl)}
    with rounds.Bench(args.bench, threads, "network", weights, inputs, "input", outputs) as ours:
        times = rounds.turns(args.rounds, {**works, rounds.OURS: ours.round})
        g = gradient(model, x)
    diff = (load_file(outputs)["y"] - g).norm() / g.norm()
    better = min(works, key=lambda k: min(times[k]))
    rounds.row(f"{name}, gradient by the input, batch {len(x)}", better, threads, times[rounds.OURS], times[better], reach=0.5,
               difference=f"{diff:.1e} relative in norm")


def by_layer(name, x, threads, args, paths):
    weights, inputs, outputs, _ = paths
    with rounds.Bench(args.bench, threads, "network", weights, inputs, NETWORKS[name], outputs) as ours, \
            rounds.Bench(args.bench, threads, "network", weights, inputs, "", outputs) as alone:
        times = rounds.turns(args.rounds, {"forward": alone.round, rounds.OURS: ours.round})
    rounds.row(f"{name}, forward and the gradient by {NETWORKS[name]}, batch {len(x)}", "our forward", threads,
               times[rounds.OURS], times["forward"], reach=1.1)


def main():
    args = rounds.arguments(__doc__, more=flags)
    if not all([rounds.peer(m) for m in ("torch", "torchvision", "safetensors.torch")]):
        return
    import torch
    import torchvision
    from safetensors.torch import save_file

    only = args.only.split(",")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        paths = [str(folder / n) for n in ("w.safetensors", "x.safetensors", "y.safetensors", "g.onnx")]
        for name in args.networks.split(","):
            torch.manual_seed(0)
            model = getattr(torchvision.models, name)().eval()
            save_file({k: v.contiguous() for k, v in model.state_dict().items()}, paths[0])
            for threads in args.threads:
                torch.set_num_threads(threads)
                for n in map(int, args.batches.split(",")):
                    x = torch.rand(n, 3, 224, 224)
                    save_file({"x": x}, paths[1])
                    if "forward" in only:
                        forward(name, model, x, threads, args, folder, paths)
                    if "input" in only:
                        by_input(name, model, x, threads, args, paths)
                    if "layer" in only:
                        by_layer(name, x, threads, args, paths)


if __name__ == "__main__":
    main()
