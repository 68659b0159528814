"""Peak memory of whole processes: networks, and t-SNE of many points.

    go build -o BENCH ./testdata/peers/bench && go build -o TSNE ./cmd/tsne
    python memory.py --bench BENCH --tsne TSNE

Each program does the work once, from its start to its end, with the same inputs from files; the largest
resident set counts. The layouts of 100,000 points, or of a million with --points 1000000, are cut short:
memory is at its peak before. The other comparisons measure the memory of their own works.
"""

import pathlib
import sys
import tempfile

import rounds

from networks import NETWORKS


def network(name, classes, weights, inputs, threads):
    """One of PyTorch's networks, once."""
    import torch
    import torchvision
    from safetensors.torch import load_file

    torch.set_num_threads(int(threads))
    model = getattr(torchvision.models, name)(num_classes=int(classes)).eval()
    model.load_state_dict(load_file(weights))
    with torch.inference_mode():
        model(load_file(inputs)["x"])


def gradient(name, classes, weights, inputs, threads):
    """The gradient of its predicted logit by the input, once."""
    import torch
    import torchvision
    from safetensors.torch import load_file

    torch.set_num_threads(int(threads))
    model = getattr(torchvision.models, name)(num_classes=int(classes)).eval().requires_grad_(False)
    model.load_state_dict(load_file(weights))
    x = load_file(inputs)["x"].requires_grad_(True)
    torch.autograd.grad(model(x).max(1).values.sum(), x)


def graph(path, inputs, threads):
    """onnxruntime's ResNet18, once."""
    import onnxruntime
    from safetensors.numpy import load_file

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(threads)
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    session.run(None, {"x": load_file(inputs)["x"]})


def layout(path, threads):
    """openTSNE, cut short."""
    import numpy as np
    from openTSNE import TSNE

    TSNE(random_state=0, n_jobs=int(threads), early_exaggeration_iter=10, n_iter=10).fit(np.load(path))


def resnet(args, folder, threads):
    torch, torchvision = rounds.peer("torch"), rounds.peer("torchvision")
    if not (torch and torchvision and rounds.peer("safetensors.torch")):
        return
    from safetensors.torch import save_file

    torch.manual_seed(0)
    model = torchvision.models.resnet18(num_classes=10).eval()
    weights, inputs, out, onnx = (folder / n for n in ("w.safetensors", "x.safetensors", "y.safetensors", "g.onnx"))
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, weights)
    for n in (1, 40):
        x = torch.rand(n, 3, 128, 128)
        save_file({"x": x}, inputs)
        _, ours, _ = rounds.process([args.bench, "resnet", weights, inputs, out], threads, stdin="\n")
        _, theirs, _ = rounds.process([sys.executable, __file__, "--once", "network", "resnet18", 10, weights, inputs, threads], threads)
        rounds.memory(f"ResNet18, 3x128x128, batch {n}", "PyTorch", ours, theirs)
        if rounds.peer("onnxruntime") and rounds.peer("onnx"):
            torch.onnx.export(model, (x,), str(onnx), input_names=["x"], output_names=["y"], dynamo=False)
            _, theirs, _ = rounds.process([sys.executable, __file__, "--once", "graph", onnx, inputs, threads], threads)
            rounds.memory(f"ResNet18, 3x128x128, batch {n}", "onnxruntime", ours, theirs)


def networks(args, folder, threads):
    torch, torchvision = rounds.peer("torch"), rounds.peer("torchvision")
    if not (torch and torchvision and rounds.peer("safetensors.torch")):
        return
    from safetensors.torch import save_file

    weights, inputs, out = (folder / n for n in ("w.safetensors", "x.safetensors", "y.safetensors"))
    for name in NETWORKS:
        torch.manual_seed(0)
        model = getattr(torchvision.models, name)().eval()
        save_file({k: v.contiguous() for k, v in model.state_dict().items()}, weights)
        for n in (1, 16):
            save_file({"x": torch.rand(n, 3, 224, 224)}, inputs)
            for what, layer, once in (("", "", "network"), (", gradient by the input", "input", "gradient")):
                _, ours, _ = rounds.process([args.bench, "network", weights, inputs, layer, out], threads, stdin="\n")
                _, theirs, _ = rounds.process([sys.executable, __file__, "--once", once, name, 1000, weights, inputs, threads], threads)
                rounds.memory(f"{name}{what}, batch {n}", "PyTorch", ours, theirs)


def points(args, folder, threads):
    if not (args.tsne and rounds.peer("numpy") and rounds.peer("openTSNE")):
        return
    import numpy as np

    rng = np.random.default_rng(0)
    path = folder / "x.npy"
    centres = 10 * rng.standard_normal((100, 50))
    np.save(path, (centres[np.arange(args.points) % 100] + rng.standard_normal((args.points, 50))).astype(np.float32))
    _, ours, _ = rounds.process([args.tsne, "-features", path, "-early-iterations", "10", "-iterations", "20", "-quality=false",
                                 "-csv", "", "-npy", folder / "y.npy", "-out", folder / "y.png"], threads)
    _, theirs, _ = rounds.process([sys.executable, __file__, "--once", "layout", path, threads], threads)
    rounds.memory(f"t-SNE, {args.points:,} x 50", "openTSNE", ours, theirs)


def main():
    def more(ap):
        ap.add_argument("--tsne", help="the built cmd/tsne; without it t-SNE is left out")
        ap.add_argument("--points", type=int, default=100_000)

    args = rounds.arguments(__doc__, threads=(2,), more=more)
    with tempfile.TemporaryDirectory() as folder:
        for threads in args.threads:
            resnet(args, pathlib.Path(folder), threads)
            networks(args, pathlib.Path(folder), threads)
            points(args, pathlib.Path(folder), threads)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--once"]:
        {"network": network, "gradient": gradient, "graph": graph, "layout": layout}[sys.argv[2]](*sys.argv[3:])
    else:
        main()
