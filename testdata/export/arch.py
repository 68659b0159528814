"""Goldens of nn/arch: every architecture that it builds, with samples of every module's
output and of gradients. Weights and inputs come from the shared generator on both
sides, so that only outputs are stored.

    python testdata/export/arch.py          one file for each of the small variants
    python testdata/export/arch.py --all    every variant of torchvision (or those named),
                                            into a folder beside the repository,
                                            ../shared/arch: for TestEveryVariant, which
                                            skips without them
    python testdata/export/arch.py NAME...  some of the small ones
"""

import copy
import pathlib
import sys
import warnings

import timm
import torch
import torch.nn.functional as F
import torchvision
import transformers
from torch import nn

from gen import save, uniform
from nn import fill, t

warnings.filterwarnings("ignore")
torch.set_num_threads(1)

SAMPLES = 8  # numbers kept of each module's output, evenly spread
GRADIENTS = 64  # and of each gradient


class OptionA(nn.Module):
    """The shortcut of option A (He et al. 2015), as ResNets for CIFAR-10 have it."""

    def __init__(self, channels):
        super().__init__()
        self.pad = channels // 4

    def forward(self, x):
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.pad, self.pad))


class CifarBlock(nn.Module):
    def __init__(self, inputs, channels, stride, option):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != channels:
            if option == "A":
                self.shortcut = OptionA(channels)
            else:
                self.shortcut = nn.Sequential(
                    nn.Conv2d(inputs, channels, 1, stride=stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class CifarResNet(nn.Module):
    """A ResNet for 32x32 images: a 3x3 stem without a pool, a head called linear."""

    def __init__(self, widths, blocks, option):
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        inputs = widths[0]
        for i, width in enumerate(widths):
            layer = []
            for k in range(blocks):
                layer.append(CifarBlock(inputs, width, 2 if i and not k else 1, option))
                inputs = width
            setattr(self, f"layer{i + 1}", nn.Sequential(*layer))
        self.stages = len(widths)
        self.linear = nn.Linear(inputs, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        for i in range(self.stages):
            x = getattr(self, f"layer{i + 1}")(x)
        return self.linear(x.mean((2, 3)))


class HuggingFace(nn.Module):
    def __init__(self, kind):
        super().__init__()
        config = transformers.ResNetConfig(
            embedding_size=16, hidden_sizes=[16, 32, 48, 64], depths=[1, 2, 1, 1], layer_type=kind, num_labels=10)
        self.net = transformers.ResNetForImageClassification(config)

    def forward(self, x):
        return self.net(x).logits


def headed(model, name, head):
    setattr(model, name, head)
    return model


def stride_in_conv1(model):
    """Moves the strides of bottlenecks from the second convolution to the first."""
    for m in model.modules():
        if isinstance(m, torchvision.models.resnet.Bottleneck):
            m.conv1.stride, m.conv2.stride = m.conv2.stride, (1, 1)
    return model


def bottleneck(**kw):
    return torchvision.models.resnet.ResNet(torchvision.models.resnet.Bottleneck, [1, 2, 1, 1], num_classes=10, **kw)


# name: (model, input, options, layers at which gradients are taken)
def variants():
    tv = torchvision.models
    new = {"num_classes": 10}
    plain = {"weights": None, "num_classes": 10}
    inception = {"init_weights": False, **new}
    return {
        "resnet18": lambda: (tv.resnet18(**new), (2, 3, 45, 40), "", "layer4 layer2.0.conv1 bn1"),
        "resnet50": lambda: (bottleneck(), (2, 3, 40, 40), "", "layer4 layer3 layer1.0.conv2"),
        "wide_resnet": lambda: (bottleneck(width_per_group=96), (1, 3, 40, 40), "", "layer4 layer2.0.bn3 conv1"),
        "resnet_dilated": lambda: (
            bottleneck(replace_stride_with_dilation=[False, True, True]), (1, 3, 40, 40), "dilate=layer3+layer4", "layer4 layer3 layer1"),
        "resnet_caffe": lambda: (stride_in_conv1(bottleneck()), (1, 3, 40, 40), "stride=conv1", "layer4 layer3 layer1"),
        "resnet_eps": lambda: (
            tv.resnet18(norm_layer=lambda c: nn.BatchNorm2d(c, eps=0.1), **new), (1, 3, 40, 40), "eps=0.1", "layer4 layer3 layer1"),
        "resnet_gray": lambda: (
            headed(tv.resnet18(**new), "conv1", nn.Conv2d(1, 64, 7, 2, 3, bias=False)), (2, 1, 40, 40), "", "layer4 layer3 layer1"),
        "resnet_mlp": lambda: (
            headed(tv.resnet18(**new), "fc", nn.Sequential(nn.Dropout(), nn.Linear(512, 30), nn.ReLU(), nn.Dropout(), nn.Linear(30, 10))),
            (2, 3, 40, 40), "", "layer4 layer3 layer1"),
        "resnet_option_a": lambda: (CifarResNet([16, 32, 64], 3, "A"), (3, 3, 32, 32), "", "layer3 layer2 layer1"),
        "resnet_kuangliu": lambda: (CifarResNet([16, 32, 64, 128], 2, "B"), (2, 3, 32, 32), "", "layer4 layer2 layer1"),
        "resnet_hf_basic": lambda: (HuggingFace("basic"), (2, 3, 40, 40), "", ""),
        "resnet_hf_bottleneck": lambda: (HuggingFace("bottleneck"), (2, 3, 40, 40), "", ""),
        "resnet_timm_10t": lambda: (timm.create_model("resnet10t", **new), (2, 3, 40, 40), "", "layer4 layer2 layer1"),
        "resnet_timm_26d": lambda: (timm.create_model("resnet26d", **new), (1, 3, 43, 40), "", "layer4 layer2 layer1"),
        "resnet_timm_se": lambda: (timm.create_model("seresnet18", **new), (2, 3, 40, 40), "", "layer4 layer2 layer1"),
        "resnet_timm_blur": lambda: (timm.create_model("resnetblur18", **new), (2, 3, 40, 40), "antialias=blur", "layer4 layer2 layer1"),
        "resnet_timm_aa": lambda: (
            timm.models.resnet.ResNet(timm.models.resnet.Bottleneck, [1, 2, 1, 1], aa_layer=nn.AvgPool2d, **new),
            (1, 3, 64, 64), "antialias=avg", "layer4 layer2 layer1"),
        "resnext": lambda: (bottleneck(groups=8, width_per_group=4), (1, 3, 40, 40), "", "layer4 layer2 layer1"),
        "alexnet": lambda: (tv.alexnet(**new), (1, 3, 80, 100), "", "features features.3 features.8"),
        "vgg11": lambda: (tv.vgg11(**new), (1, 3, 48, 40), "", "features features.8 features.3"),
        "vgg11_bn": lambda: (tv.vgg11_bn(**new), (1, 3, 33, 40), "", "features features.8 features.3"),
        "squeezenet1_0": lambda: (tv.squeezenet1_0(**new), (2, 3, 64, 70), "", "features features.7 features.3.squeeze"),
        "squeezenet1_1": lambda: (tv.squeezenet1_1(**new), (2, 3, 40, 40), "", "features features.7 features.3.squeeze"),
        "densenet121": lambda: (
            tv.densenet.DenseNet(12, (3, 4, 2, 3), 24, **new), (2, 3, 40, 40), "", "features features.denseblock2 features.transition1"),
        "googlenet": lambda: (tv.googlenet(**inception), (1, 3, 64, 75), "", "inception5b inception4a conv3"),
        "googlenet_plain": lambda: (
            tv.googlenet(aux_logits=False, transform_input=True, **inception), (1, 3, 40, 40), "transform=yes", "inception5b inception4a conv3"),
        "inception_v3": lambda: (tv.inception_v3(**inception), (1, 3, 80, 85), "", "Mixed_7c Mixed_6a Mixed_5c"),
        "shufflenet_v2_x0_5": lambda: (tv.shufflenet_v2_x0_5(**new), (2, 3, 40, 40), "", "conv5 stage3 stage2"),
        "mobilenet_v2": lambda: (tv.mobilenet_v2(width_mult=0.35, **new), (2, 3, 40, 40), "", "features features.7 features.2"),
        "mobilenet_v3_small": lambda: (tv.mobilenet_v3_small(**new), (2, 3, 40, 40), "", "features features.7 features.2"),
        "mobilenet_v3_large": lambda: (tv.mobilenet_v3_large(width_mult=0.35, **new), (1, 3, 40, 40), "", "features features.7 features.2"),
        "mnasnet0_5": lambda: (tv.mnasnet0_5(**new), (2, 3, 40, 40), "", "layers layers.10 layers.8"),
        "efficientnet_b0": lambda: (tv.efficientnet_b0(**new), (1, 3, 40, 40), "", "features features.4 features.2"),
        "efficientnet_v2_s": lambda: (
            tv.efficientnet.EfficientNet(
                [
                    tv.efficientnet.FusedMBConvConfig(1, 3, 1, 24, 24, 2),
                    tv.efficientnet.FusedMBConvConfig(4, 3, 2, 24, 48, 2),
                    tv.efficientnet.FusedMBConvConfig(4, 3, 2, 48, 64, 1),
                    tv.efficientnet.MBConvConfig(4, 3, 2, 64, 128, 2),
                    tv.efficientnet.MBConvConfig(6, 3, 1, 128, 160, 2),
                    tv.efficientnet.MBConvConfig(6, 3, 2, 160, 256, 1),
                ],
                dropout=0.2, last_channel=320, norm_layer=lambda c: nn.BatchNorm2d(c, eps=1e-3), **new),
            (1, 3, 64, 64), "", "features features.4 features.2"),
        "regnet_x_400mf": lambda: (tv.regnet_x_400mf(**new), (1, 3, 40, 40), "", "trunk_output trunk_output.block2 stem"),
        "regnet_y_400mf": lambda: (tv.regnet_y_400mf(**new), (2, 3, 40, 40), "", "trunk_output trunk_output.block2 stem"),
        "convnext_tiny": lambda: (
            tv.convnext.ConvNeXt(
                [tv.convnext.CNBlockConfig(24, 48, 2), tv.convnext.CNBlockConfig(48, 96, 1), tv.convnext.CNBlockConfig(96, None, 2)], **new),
            (2, 3, 70, 40), "", "features features.3 features.1"),
    }


def every():
    """All of torchvision's convolutional classifiers, as they are."""
    for name in torchvision.models.list_models(torchvision.models):
        if name.startswith(("swin", "vit", "maxvit")):
            continue
        inception = name in ("googlenet", "inception_v3")
        kw = {"init_weights": False} if inception else {}
        side = 96 if name == "inception_v3" else 64
        options = "transform=no" if inception else ""  # 1,000 classes look like torchvision's own weights
        yield name, lambda: (torchvision.models.get_model(name, weights=None, **kw), (1, 3, side, side), options, "")


def spread(x, most):
    flat = x.detach().flatten()
    return flat[:: max(1, flat.numel() // most)][:most]


def scalars(z):
    """Three kinds of scalar: a logit, the log-probability of the least likely class (that
    of the likeliest is 0 but for rounding where the network is sure), and a weighted
    sum."""
    rows = torch.arange(len(z))
    yield "logit", z[:, 1].sum()
    yield "logprob", torch.log_softmax(z, 1)[rows, z.argmin(1)].sum()
    weights = t("weights", (z.shape[1],)).double()
    yield "weighted", (z * weights).sum()


def outputs(model, x, layers):
    """Runs the network in x's precision: logits, samples of the modules' outputs, and
    gradients, in float64."""
    hugging = isinstance(model, HuggingFace)
    run = (lambda x: model(x).logits)
    model = (model.net if hugging else model).to(x.dtype)
    if not hugging:
        run = model
    taps, keep = {}, {}

    def see(key):
        def hook(module, args, y):
            if isinstance(y, torch.Tensor):
                # A hook sees y before the in-place operations that follow it.
                y = y.detach().double().clone()
                few = spread(y, SAMPLES)
                taps[key] = torch.cat([y.mean()[None], y.pow(2).mean().sqrt()[None], few, torch.zeros(SAMPLES - len(few))])
        return hook

    def hold(key):
        def hook(module, args, y):
            keep[key] = y
            return y.clone()
        return hook

    modules = {key: m for key, m in model.named_modules() if key}
    handles = [m.register_forward_hook(see(key)) for key, m in modules.items()]
    with torch.no_grad():
        logits = run(x).double()
    for h in handles:
        h.remove()
    gradients = {}
    if layers:
        for m in modules.values():
            if getattr(m, "inplace", False):
                m.inplace = False
        handles = [modules[key].register_forward_hook(hold(key)) for key in layers.split()]
        for p in model.parameters():
            p.requires_grad_(False)
        x = x.detach().requires_grad_(True)
        z = run(x).double()
        at = {"input": x, **keep}
        for name, s in scalars(z):
            for key, g in zip(at, torch.autograd.grad(s, list(at.values()), retain_graph=True)):
                g = g.double()
                gradients[f"grad.{name}.{key}"] = torch.cat([g.pow(2).mean().sqrt()[None], spread(g, GRADIENTS)])
        for h in handles:
            h.remove()
    return logits, taps, gradients


def relative(a, b):
    return ((a - b).abs().max() / b.abs().max()).item()


def shaken(model, amount):
    """A copy with every parameter and buffer changed by so much of itself."""
    copy_ = copy.deepcopy(model)
    for p in [*copy_.parameters(), *copy_.buffers()]:
        if p.is_floating_point():
            p.data *= 1 + amount * (2 * torch.rand(p.shape, dtype=p.dtype) - 1)
    return copy_


class Tied(Exception):
    pass


def tied(model, x, layers, taps, double):
    """Tells whether PyTorch's own float32 is far from float64 at x, or gradients jump within
    rounding of it: a ReLU or a max pool is so near a tie that rounding decides it, and
    float32 has no right answer."""
    _, few, single = outputs(model, x, layers)
    worst = max([relative(single[k], double[k]) for k in double] + [relative(few[k], taps[k]) for k in taps])
    if worst > 5e-6:
        return True, worst
    for _ in range(4):
        other = outputs(shaken(model.double(), 2e-6), x.double(), layers)[2]
        change = max([relative(other[k], double[k]) for k in double], default=0)
        if change > 5e-5:
            return True, change
    return False, worst


def gain_of(name):
    return 0.8 if name.startswith(("mobilenet_v", "efficientnet")) else 1.0


def export(path, model, shape, options, layers, gain, attempts=60):
    """What is stored was computed in float64. The input is the first of several where no
    gradient jumps."""
    fill(model.net if isinstance(model, HuggingFace) else model, gain=gain)
    for attempt in range(attempts):
        name = f"input {attempt}"
        x = t(name, shape)
        logits, taps, double = outputs(model, x.double(), layers)
        tie, worst = tied(model, x, layers, taps, double)
        if not tie:
            break
    else:
        raise Tied(f"{path}: no input without a tie, float32 differs by {worst:.1e}")
    print(f"{path}: {name}; PyTorch's float32 differs by {worst:.1e}", flush=True)
    out = {"input.shape": torch.tensor(shape), "logits": logits.float(), "taps": torch.stack(list(taps.values())).float()}
    out |= {k: v.float() for k, v in double.items()}
    model = model.net if isinstance(model, HuggingFace) else model
    save(path, out, {
        "input": name,
        "gain": gain,
        "options": options,
        "taps": "\n".join(taps),
        "params": "\n".join(" ".join([key, *map(str, p.shape)]) for key, p in model.state_dict().items()),
    })


def main():
    if sys.argv[1:2] == ["--all"]:
        folder = pathlib.Path(__file__).resolve().parents[3] / "shared" / "arch"
        for name, make in every():
            if sys.argv[2:] and name not in sys.argv[2:]:
                continue
            for gain in (1.0, 0.9, 0.8, 0.7, 0.6):
                try:
                    export(str(folder / f"{name}.safetensors"), *make(), gain, attempts=3)
                    break
                except Tied as e:
                    print(gain, e, flush=True)
        return
    for name, make in variants().items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        export(f"arch/{name}.safetensors", *make(), gain_of(name))


if __name__ == "__main__":
    main()
