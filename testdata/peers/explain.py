"""Explanations of 16 images: Glimpse and pytorch-grad-cam (captum for integrated gradients) in turn, in one run.

    go build -o BENCH ./testdata/peers/bench
    python explain.py --bench BENCH [--networks resnet18,resnet50] [--sizes 128,224] [--only gradcam,...]

Maps are of the predicted classes, at the images' size and in [0, 1]. Score-CAM, Ablation-CAM, integrated gradients
and ROAD are of as many images as --slow says, 2 by default. Score-CAM and Ablation-CAM, hundreds or thousands
of passes on the peer's side, are timed once, after ours has run once and the peer's network has.
"""

import pathlib
import tempfile

import rounds

REACH = {"gradcam": (0.15, 0.5), "gradcam++": (0.15, 0.5), "xgradcam": (0.15, 0.5), "layercam": (0.15, 0.5), "hirescam": (0.15, 0.5),
         "eigencam": (0.25, None), "fullgrad": (0.1, None), "scorecam": (0.4, None), "ablationcam": (0.01, None),
         "integratedgradients": (0.5, None), "road": (0.05, None)}
LONG = ("scorecam", "ablationcam")
SLOW = (*LONG, "integratedgradients", "road")


def flags(ap):
    ap.add_argument("--networks", default="resnet18,resnet50")
    ap.add_argument("--sizes", default="128,224")
    ap.add_argument("--only", default=",".join(REACH))
    ap.add_argument("--slow", type=int, default=2)


def random_maps(n):
    import torch

    return torch.rand(n, 7, 7, generator=torch.Generator().manual_seed(1)) * 2 - 1


def theirs(name, model, layer, x):
    """The peer's name and its function."""
    import numpy as np
    import pytorch_grad_cam as pgc
    import torch
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputSoftmaxTarget

    if name == "integratedgradients":
        import captum.attr

        with torch.no_grad():
            classes = model(x).argmax(1)
        return "captum", lambda: captum.attr.IntegratedGradients(model).attribute(x, target=classes, internal_batch_size=40).float().numpy()
    if name == "road":
        from pytorch_grad_cam.metrics import road
        from pytorch_grad_cam.utils.image import scale_cam_image

        cams = scale_cam_image(scale_cam_image(np.maximum(random_maps(len(x)).numpy(), 0), (x.shape[3], x.shape[2])))
        road.torch.randn_like = torch.zeros_like
        targets = [ClassifierOutputSoftmaxTarget(0) for _ in x]
        return "pytorch-grad-cam", lambda: road.ROADCombined()(x, cams, targets, model)
    methods = {"gradcam": pgc.GradCAM, "gradcam++": pgc.GradCAMPlusPlus, "xgradcam": pgc.XGradCAM, "layercam": pgc.LayerCAM,
               "hirescam": pgc.HiResCAM, "eigencam": pgc.EigenCAM, "fullgrad": pgc.FullGrad, "scorecam": pgc.ScoreCAM, "ablationcam": pgc.AblationCAM}
    cam = methods[name](model, [dict(model.named_modules())[layer]])
    cam.batch_size = 40
    return "pytorch-grad-cam", lambda: cam(x, None)


def main():
    args = rounds.arguments(__doc__, rounds=5, more=flags)
    torch, pgc = rounds.peer("torch"), rounds.peer("pytorch_grad_cam")
    if not torch or not pgc:
        return
    import numpy as np
    import torchvision
    from safetensors.torch import load_file, save_file

    for network in args.networks.split(","):
        torch.manual_seed(0)
        model = getattr(torchvision.models, network)(weights=None).eval()
        with tempfile.TemporaryDirectory() as folder:
            weights, inputs, maps, outputs = (str(pathlib.Path(folder, f + ".safetensors")) for f in "wxmy")
            save_file(model.state_dict(), weights)
            for size in map(int, args.sizes.split(",")):
                for name in args.only.split(","):
                    x = torch.rand(args.slow if name in SLOW else 16, 3, size, size) * 2 - 1
                    save_file({"x": x}, inputs)
                    save_file({"x": random_maps(len(x))}, maps)
                    for layer, reach in zip(("layer4", "layer2"), REACH[name]):
                        if reach is None:
                            continue
                        for threads in args.threads:
                            torch.set_num_threads(threads)
                            pathlib.Path(outputs).unlink(missing_ok=True)
                            peer, work = theirs(name, model, layer, x)
                            command = ("road", weights, inputs, maps) if name == "road" else ("explain", name, layer, weights, inputs)
                            with rounds.Bench(args.bench, threads, *command, outputs) as ours:
                                if name in LONG:
                                    with torch.no_grad():
                                        model(x)
                                    ours.round()
                                    times = rounds.turns(1, {peer: work, rounds.OURS: ours.round}, warm=0)
                                else:
                                    times = rounds.turns(args.rounds, {peer: work, rounds.OURS: ours.round})
                            got, want = load_file(outputs)["y"].numpy(), np.asarray(work() if name not in SLOW else 0)
                            difference = f"{np.abs(got - want.reshape(got.shape)).mean():.1e} on average" if name not in SLOW else ""
                            rounds.row(f"{network}, {name} at {layer}, {len(x)} x 3x{size}x{size}", peer, threads, times[rounds.OURS], times[peer], reach=reach, difference=difference)


if __name__ == "__main__":
    main()
