"""Goldens of cam's methods, of two networks, two layers and both, and several targets, in
float64: by pytorch-grad-cam and captum where they compute the published formula, by the
formula in PyTorch where they do not (each says why).

Images and noise are such that no gradient jumps within rounding: where a ReLU is near a tie,
float32 has no right answer (see arch.py). What is kept of large maps is every SAMPLE'th."""

import captum.attr
import cv2
import numpy as np
import pytorch_grad_cam as pgc
import torch
import torch.nn as nn
import torch.nn.functional as F
from pytorch_grad_cam.utils.image import scale_cam_image
from pytorch_grad_cam.utils.model_targets import ClassifierOutputSoftmaxTarget, ClassifierOutputTarget
from pytorch_grad_cam.utils.svd_on_activations import get_2d_projection

import arch
from gen import save
from nn import fill, t

torch.set_num_threads(2)

# DenseNet's last ReLU works in place, on the very tensor that a hook has kept before it.
RELU = F.relu
F.relu = lambda x, inplace=False: RELU(x)
GAMMA = 1e-4  # of KPCA-CAM at the last layer, where the default makes all pixels alike

METHODS = {
    "gradcam": pgc.GradCAM,
    "gradcam++": pgc.GradCAMPlusPlus,
    "xgradcam": pgc.XGradCAM,
    "layercam": pgc.LayerCAM,
    "hirescam": pgc.HiResCAM,
    "elementwise": pgc.GradCAMElementWise,
    "shapleycam": pgc.ShapleyCAM,
    "eigencam": pgc.EigenCAM,
    "eigengradcam": pgc.EigenGradCAM,
    "kpcacam": pgc.KPCA_CAM,
    "fem": pgc.FEM,
    "scorecam": pgc.ScoreCAM,
}
NETWORKS = {  # the input of an image, and two layers
    "resnet18": ((3, 80, 56), ("layer4", "layer2.1")),
    "densenet121": ((3, 80, 96), ("features", "features.denseblock2")),
}
CURVED = {
    "efficientnet_b0": ("features.4", (3, 64, 48)),
    "convnext_tiny": ("features.3", (3, 64, 64)),
    "mobilenet_v3_large": ("features.7", (3, 64, 64)),
}
TARGETS = {"logit": ClassifierOutputTarget, "probability": ClassifierOutputSoftmaxTarget}
CLASSES = (1, 3)
SAMPLE = 13
NOISY, STEPS = 4, 5  # samples of noise, steps of integrated gradients
FACTORS = (0.9, 1, 1.1)


def score(target, z):
    return target(z[0])


def gradients(model, x, modules, target):
    """The gradients by the outputs of modules and by x, and the outputs."""
    kept = []
    handles = [m.register_forward_hook(lambda m, a, y: kept.append(y) or y.clone()) for m in modules]
    x = x.clone().requires_grad_(True)
    z = model(x)
    for h in handles:
        h.remove()
    return [g.detach() for g in torch.autograd.grad(score(target, z), [*kept, x])], [k.detach() for k in kept]


class Inputs:
    """Finds images, and noise, at which no gradient jumps."""

    def __init__(self, model, modules):
        self.model, self.modules = model, modules
        self.shaken = [arch.shaken(model, 2e-6) for _ in range(4)]
        self.shaken_modules = [[dict(s.named_modules())[n] for n in modules] for s in self.shaken]
        self.own = [dict(model.named_modules())[n] for n in modules]

    def jumps(self, x, deep):
        target = ClassifierOutputTarget(CLASSES[0])
        clean, _ = gradients(self.model, x, self.own, target)
        for model, modules in zip(self.shaken, self.shaken_modules):
            other, _ = gradients(model, x, modules, target)
            for a, b in list(zip(clean, other))[: None if deep else -1]:
                if arch.relative(b, a) > 5e-5:
                    return True
        return False

    def find(self, what, shape, variants, deep, count):
        """The names of so many images all of whose variants are good."""
        names = []
        for attempt in range(400):
            x = t(f"{what} {attempt}", shape)[None].double()
            if not any(self.jumps(v, deep) for v in variants(x)):
                names.append(f"{what} {attempt}")
                if len(names) == count:
                    return names
        raise Exception(f"no {what} without a tie")


def upright(m):
    return -m if -m.min() > m.max() else m


def masks(A, size, aligned):
    up = F.interpolate(torch.as_tensor(A), size, mode="bilinear", align_corners=aligned)
    low, high = up.amin((2, 3), keepdim=True), up.amax((2, 3), keepdim=True)
    return torch.where(high > low, (up - low) / (high - low).clamp(min=1e-300), torch.zeros(()).double())


def weighed(scores, A):
    return (torch.softmax(scores, 0)[:, None, None] * A[0]).sum(0)


def scores(model, target, inputs):
    with torch.no_grad():
        return torch.cat([torch.stack([target(z) for z in model(part)]) for part in inputs.split(64)])


def by_scores(model, x, A, target, noise):
    """Score-CAM, SS-CAM and IS-CAM as published: masks are brought to [0, 1] at the image's
    size. torchcam does so before it resizes them, after which they no longer reach 1."""
    m = masks(A, x.shape[2:], False)[0][:, None]
    K = len(m)
    out = {"scorecam/areas": weighed(scores(model, target, x * m), A)}
    total = sum(scores(model, target, x * (m + 2.0 * noise(s, K))) for s in range(2))
    out["sscam"] = weighed(total / 2, A)
    total, c = 0, 0
    for j in range(1, 4):
        c += j / 3
        total = total + scores(model, target, x * m * c)
    out["iscam"] = weighed(total / 3, A)
    return out


class Finer:
    """The paper's equation 5, weights that add up to 1. pytorch-grad-cam adds 1e-9 to their sum,
    which counts where the classes are far apart."""

    def __init__(self, c, others, alpha):
        self.c, self.others, self.alpha = c, others, alpha

    def __call__(self, z):
        r = torch.softmax(z[self.others], 0)
        return (r * (z[self.c] - self.alpha * z[self.others])).sum()


class Replaced:
    """A module whose output is given."""

    def __init__(self, module, y):
        self.handle = module.register_forward_hook(lambda m, a, out: y)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.handle.remove()


def ablation(model, x, module, A, target):
    """The paper's equation 4. pytorch-grad-cam keeps scores in float32, which their differences
    do not bear, and ablates a layer with negative outputs by -1e7 instead of 0."""
    with torch.no_grad():
        s = score(target, model(x))
        weights = []
        for part in torch.arange(A.shape[1]).split(64):
            y = A.repeat(len(part), 1, 1, 1)
            y[torch.arange(len(part)), part] = 0
            with Replaced(module, y):
                weights += [(s - target(z)) / s for z in model(x.repeat(len(part), 1, 1, 1))]
    raw = (torch.stack(weights)[:, None, None] * A[0]).sum(0)
    return raw


def shapley(cam, x, targets):
    """The raw map: its weights need the graph that a call builds and uses up."""
    weights, of = [], cam.get_cam_weights
    cam.get_cam_weights = lambda *a: weights.append(of(*a)) or weights[-1]
    cam(x, targets)
    return (weights[0][:, :, None, None] * cam.activations_and_grads.activations[0].detach().numpy()).sum(1)


def shapley_formula(model, module, x, target):
    """The same without pytorch-grad-cam, which cannot let go of outputs that are views."""
    kept = []
    handle = module.register_forward_hook(lambda m, a, y: kept.append(y.detach().requires_grad_(True)) or kept[0])
    s = score(target, model(x))
    handle.remove()
    (A,) = kept
    (G,) = torch.autograd.grad(s, A, create_graph=True)
    (HA,) = torch.autograd.grad(G, A, A.detach())
    return ((G - HA / 2).mean((2, 3), keepdim=True) * A).sum(1)[0].detach()


def smooth_plus_plus(model, module, x, noise, A, target):
    """Smooth Grad-CAM++ with means over the samples. torchcam takes the gradient and the map of
    the last sample alone where the paper has means and the image as it is."""
    G = [gradients(model, x + 0.3 * noise(s), [module], target)[0][0][0] for s in range(NOISY)]
    mean, two, three = (sum(g**p for g in G) / NOISY for p in (1, 2, 3))
    total = A[0].sum((1, 2), keepdim=True)
    alpha = torch.where(two > 0, two / (2 * two + total * three + 1e-6), torch.zeros(()).double())
    return ((alpha * mean.clamp(min=0)).sum((1, 2), keepdim=True) * A[0]).sum(0)


class Hard(nn.Module):
    """Hardswish and Hardsigmoid of what PyTorch derives twice: it does not their own."""

    def __init__(self, swish):
        super().__init__()
        self.swish = swish

    def forward(self, x):
        y = F.hardtanh(x + 3, 0, 6) / 6
        return x * y if self.swish else y


class Guided(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g.clamp(min=0) * (x > 0)


def guided(model, x, target):
    """Guided backpropagation of all ReLUs. captum and pytorch-grad-cam leave out those that are
    functions, such as DenseNet's last; on ResNet18 captum is asked too."""
    relu, F.relu = F.relu, lambda x, inplace=False: Guided.apply(x)
    try:
        return gradients(model, x, [], target)[0][0]
    finally:
        F.relu = relu


def calm(model, x, meta, network):
    """Scales the head so that no logit is beyond 4: else probabilities are 0 or 1 but for what
    rounding makes of them."""
    head = [m for m in model.modules() if isinstance(m, nn.Linear)][-1]
    with torch.no_grad():
        scale = 1.0
        while scale * model(x).abs().max() > 4:
            scale /= 2
        head.weight *= scale
        head.bias *= scale
    meta[f"{network} head"] = scale


def put(out, name, a):
    a = a.detach().numpy() if torch.is_tensor(a) else a
    out[name] = np.float32(a).ravel()[::SAMPLE if np.size(a) > 2000 else 1].copy()


def kept(out, meta, model, name, f):
    """Keeps what f computes in float64, and how far PyTorch's float32 is from it: differences
    of scores cancel, and no program is nearer than its rounding."""
    right = torch.as_tensor(f(torch.double)).double()
    model.float()
    meta[f"float32 {name}"] = arch.relative(torch.as_tensor(f(torch.float)).double(), right)
    model.double()
    put(out, name, right)
    return right.numpy()


def main():
    out, meta = {}, {"sample": SAMPLE, "noisy": NOISY, "steps": STEPS}
    # Smooth activations, which have second derivatives.
    for network, (layer, shape) in CURVED.items():
        model = arch.variants()[network]()[0]
        fill(model, gain=arch.gain_of(network))
        for m in model.modules():
            if getattr(m, "inplace", False):
                m.inplace = False
        for m in list(model.modules()):
            for name, child in m.named_children():
                if isinstance(child, (nn.Hardsigmoid, nn.Hardswish)):
                    setattr(m, name, Hard(isinstance(child, nn.Hardswish)))
        model.double().eval()
        x = torch.stack([t(f"curved {i}", shape) for i in range(2)]).double()
        calm(model, x, meta, network)
        module = dict(model.named_modules())[layer]
        kept(out, meta, model, f"{network}/{layer}/probability/shapleycam", lambda dtype: torch.stack([
            shapley_formula(model, module, x[i : i + 1].to(dtype), ClassifierOutputSoftmaxTarget(CLASSES[i])) for i in range(2)]))
        meta |= {f"{network} plain": "curved 0\ncurved 1", f"{network} shape": " ".join(map(str, shape)), f"{network} layers": layer}
    for network, (shape, layers) in NETWORKS.items():
        model, _, _, _ = arch.variants()[network]()
        fill(model)
        modules = dict(model.named_modules())
        for m in modules.values():
            if getattr(m, "inplace", False):
                m.inplace = False
        model.double().eval()
        calm(model, torch.stack([t(f"plain {i}", shape) for i in range(4)]).double(), meta, network)
        inputs = Inputs(model, layers)
        for p in model.parameters():
            p.requires_grad_(False)
        flat = lambda x: [x]
        around = lambda x: [f * y for y in (x, x.flip(3)) for f in FACTORS]
        points, weights = np.polynomial.legendre.leggauss(STEPS)
        points, weights = (points + 1) / 2, weights / 2
        names = {
            "plain": inputs.find("plain", shape, flat, True, 2),
            "around": inputs.find("around", shape, around, False, 2),
            "path": inputs.find("path", shape, lambda x: [p * x for p in points], True, 1),
        }
        image = {k: torch.stack([t(n, shape) for n in v]).double() for k, v in names.items()}
        x = image["plain"]
        # Noise on the first plain image: of the layers, and of the input.
        names["noise"] = inputs.find("noise", shape, lambda n: [x[:1] + 0.3 * n, x[:1] + 0.15 * (x[0].max() - x[0].min()) * n], True, NOISY)
        noise = lambda s: t(names["noise"][s], shape)[None].double()
        for p in model.parameters():
            p.requires_grad_(True)
        for layer in layers:
            module = modules[layer]
            for which, make in TARGETS.items():
                targets = [make(c) for c in CLASSES]
                at = f"{network}/{layer}/{which}"
                for name, method in METHODS.items():
                    options = {"gamma": GAMMA} if name == "kpcacam" and layer == layers[0] else {}
                    with method(model, [module], **options) as cam:
                        def raw(dtype, eigen=False):
                            if name == "shapleycam":
                                return shapley(cam, x.to(dtype), targets)
                            cam(x.to(dtype), targets)
                            acts = cam.activations_and_grads
                            m = cam.get_cam_image(
                                x.to(dtype), module, targets, acts.activations[0].numpy(), acts.gradients[0].numpy() if cam.uses_gradients else None, eigen)
                            # Whose sign is arbitrary there.
                            return np.stack([upright(one) for one in m]) if eigen or name in ("eigencam", "eigengradcam", "kpcacam") else m
                        kept(out, meta, model, f"{at}/{name}", raw)
                        if which == "logit" and name in ("gradcam", "gradcam++", "layercam", "hirescam"):
                            kept(out, meta, model, f"{at}/{name}+eigen", lambda dtype: raw(dtype, True))
                        if which == "logit" and name in ("gradcam", "layercam"):
                            put(out, f"{at}/{name}+scaled", cam(x, targets))
                A = []
                for i, target in enumerate(targets):
                    G, (a,) = gradients(model, x[i : i + 1], [module], target)
                    A.append(a)
                kept(out, meta, model, f"{at}/ablationcam", lambda dtype: torch.stack([
                    ablation(model, x[i : i + 1].to(dtype), module, A[i].to(dtype), targets[i]) for i in range(2)]))
                put(out, f"{at}/smoothgradcam++", smooth_plus_plus(model, module, x[:1], noise, A[0], targets[0]))
                if which == "probability":
                    def drawn(s, K):
                        return torch.stack([t(f"mask {s * K + k}", shape[1:]) for k in range(K)])[:, None].double()
                    for name, raw in by_scores(model, x[:1], A[0], targets[0], drawn).items():
                        put(out, f"{at}/{name}", raw)
                    with pgc.GradCAM(model, [module]) as cam:
                        y = image["around"]
                        put(out, f"{at}/gradcam+smooth", cam(y, targets, aug_smooth=True))
        for name in ("gradcam", "gradcam++", "layercam", "hirescam", "eigengradcam"):
            with METHODS[name](model, [modules[n] for n in layers]) as cam:
                if name != "eigengradcam":  # whose sign is arbitrary there
                    put(out, f"{network}/both/logit/{name}", cam(x, [ClassifierOutputTarget(c) for c in CLASSES]))
        put(out, f"{network}/both/logit/refinecam", pgc.RefineCAM(model, [modules[n] for n in layers])(x, [ClassifierOutputTarget(c) for c in CLASSES]))
        # Finer-CAM of its own choice of classes: those nearest to the predicted one.
        z = model(x).detach()
        finer = []
        for row in z:
            order = torch.argsort((row - row.max()).abs()).tolist()
            finer.append(Finer(order[0], order[1:4], 0.7))
        with pgc.GradCAM(model, [modules[layers[1]]]) as cam:
            cam(x, finer)
            acts = cam.activations_and_grads
            put(out, f"{network}/{layers[1]}/finer/finercam", cam.get_cam_image(x, modules[layers[1]], finer, acts.activations[0].numpy(), acts.gradients[0].numpy()))
        for which, make in TARGETS.items():
            at = f"{network}/pixels/{which}"
            targets = [make(c) for c in CLASSES]
            # Before the last scaling, which adds nothing.
            full = pgc.FullGrad(model, [])
            v = x.clone().requires_grad_(True)
            sum(f(z) for f, z in zip(targets, full.activations_and_grads(v))).backward()
            put(out, f"{at}/fullgrad", full.compute_cam_per_layer(v, targets, False)[:, 0])
            full.activations_and_grads.release()
            for p in model.parameters():
                p.requires_grad_(False)
            G = torch.cat([gradients(model, x[i : i + 1], [], targets[i])[0][0] for i in range(2)])
            put(out, f"{at}/gradient", G)
            put(out, f"{at}/inputxgradient", G * x)
            gb = torch.cat([guided(model, x[i : i + 1], targets[i]) for i in range(2)])
            put(out, f"{at}/guidedbackprop", gb)
            y = x[:1]
            kept(out, meta, model, f"{at}/smoothgrad", lambda dtype: sum(
                gradients(model, (y + 0.15 * (y.max() - y.min()) * noise(s)).to(dtype), [], targets[0])[0][0] for s in range(NOISY)) / NOISY)
            forward = lambda z: torch.stack([targets[0](row) for row in model(z)])
            path = image["path"]
            ig = captum.attr.IntegratedGradients(forward).attribute(path, n_steps=STEPS)
            put(out, f"{at}/integratedgradients", ig)
            if which == "logit":
                saliency = captum.attr.Saliency(model).attribute(x, target=torch.tensor(CLASSES), abs=False)
                assert arch.relative(saliency, G) < 1e-12
                (a,) = gradients(model, x[:1], [modules[layers[0]]], targets[0])[1]
                gg = captum.attr.GuidedGradCam(model, modules[layers[0]]).attribute(x, target=torch.tensor(CLASSES), interpolate_mode="bilinear")
                if network == "resnet18":
                    assert arch.relative(captum.attr.GuidedBackprop(model).attribute(x, target=torch.tensor(CLASSES)), gb) < 1e-12
                    put(out, f"{at}/guidedgradcam", gg)
            kept(out, meta, model, f"{at}/occlusion", lambda dtype: captum.attr.Occlusion(forward).attribute(
                y.to(dtype), sliding_window_shapes=(shape[0], 15, 15), strides=(shape[0], 8, 8), perturbations_per_eval=16)[:, 0])
            for p in model.parameters():
                p.requires_grad_(True)
        meta |= {f"{network} {k}": "\n".join(v) for k, v in names.items()}
        meta[f"{network} shape"] = " ".join(map(str, shape))
        meta[f"{network} layers"] = "\n".join(layers)
        print(network, names, flush=True)
    save("methods.safetensors", out, meta)


if __name__ == "__main__":
    main()
