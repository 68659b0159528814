"""Goldens of cam's methods: raw maps by pytorch-grad-cam, before its ReLU and scaling, of two
networks, two layers and two targets.

It runs in float64, at an input where no gradient jumps within rounding (see arch.py)."""

import numpy as np
import pytorch_grad_cam as pgc
import torch
from pytorch_grad_cam.utils.model_targets import ClassifierOutputSoftmaxTarget, ClassifierOutputTarget

import arch
from gen import save
from nn import fill, t

torch.set_num_threads(1)

METHODS = {
    "gradcam": pgc.GradCAM,
    "gradcam++": pgc.GradCAMPlusPlus,
    "xgradcam": pgc.XGradCAM,
    "layercam": pgc.LayerCAM,
    "hirescam": pgc.HiResCAM,
    "elementwise": pgc.GradCAMElementWise,
    "eigencam": pgc.EigenCAM,
    "eigengradcam": pgc.EigenGradCAM,
    "fem": pgc.FEM,
}
LAYERS = {"resnet_option_a": ("layer3", "layer2.1"), "densenet121": ("features", "features.denseblock2")}
TARGETS = {"logit": lambda c: ClassifierOutputTarget(c), "probability": lambda c: ClassifierOutputSoftmaxTarget(c)}
CLASSES = (1, 3, 4)


def main():
    out = {}
    names = {}
    for network, layers in LAYERS.items():
        model, shape, _, _ = arch.variants()[network]()
        fill(model)
        modules = dict(model.named_modules())
        for m in modules.values():
            if getattr(m, "inplace", False):
                m.inplace = False
        for attempt in range(60):
            names[network] = f"input {attempt}"
            x = t(names[network], shape)
            _, taps, double = arch.outputs(model, x.double(), " ".join(layers))
            if not arch.tied(model, x, " ".join(layers), taps, double)[0]:
                break
        model.double().requires_grad_(True)
        x = x.double()
        for layer in layers:
            for target, make in TARGETS.items():
                for name, method in METHODS.items():
                    cam = method(model, [modules[layer]])
                    targets = [make(c) for c, _ in zip(CLASSES, x)]
                    cam(x, targets)
                    A = cam.activations_and_grads.activations[0].numpy()
                    G = cam.activations_and_grads.gradients[0].numpy() if cam.uses_gradients else None
                    raw = cam.get_cam_image(x, modules[layer], targets, A, G, False)
                    if name.startswith("eigen"):  # whose sign is arbitrary there
                        raw = np.stack([-m if -m.min() > m.max() else m for m in raw])
                    out[f"{network}/{layer}/{target}/{name}"] = np.float32(raw)
    save("methods.safetensors", out, {f"input {n}": i for n, i in names.items()})


if __name__ == "__main__":
    main()
