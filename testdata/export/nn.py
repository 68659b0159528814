"""Goldens of nn: every layer kind at awkward shapes, whole networks with every
module's output, and the state dicts' names. Weights and inputs come from the
shared generator on both sides, so that only outputs are stored."""

import timm
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

from gen import save, uniform

torch.manual_seed(0)
torch.set_num_threads(1)


def t(name, shape, bound=1.0):
    n = 1
    for d in shape:
        n *= d
    return torch.from_numpy(uniform(name, n, bound)).reshape(shape)


def fill(module, prefix="", gain=1.0):
    """Gives every parameter and buffer its numbers, by name and shape alone:
    Kaiming's bound for matrices, values near those of a trained network for
    the vectors of a batch norm. The gain multiplies the bound: a deep network without
    activations at the ends of its blocks magnifies rounding at 1."""
    with torch.no_grad():
        for name, p in module.state_dict().items():
            full = prefix + name
            if name.endswith("num_batches_tracked"):
                continue
            if name.endswith("layer_scale"):
                p.copy_(t(full, p.shape, 0.5))
            elif p.dim() > 1:
                fan_in = p[0].numel()
                p.copy_(t(full, p.shape, (6 / fan_in) ** 0.5 * gain))
            elif name.endswith("running_var"):
                p.copy_(1 + t(full, p.shape, 0.5))
            elif name.endswith("running_mean") or name.endswith("bias"):
                p.copy_(t(full, p.shape, 0.1))
            else:
                p.copy_(1 + t(full, p.shape, 0.25))
    return module.eval()


def cifar_stem(model):
    """The notebook's network for CIFAR-10: a 3x3 stem with a bias, the max
    pool kept."""
    w = model.conv1.out_channels
    model.conv1 = nn.Conv2d(3, w, 3, stride=1, padding=1)
    return model


def narrow(width, **kw):
    """A ResNet18 of another base width with torchvision's module names."""
    m = ResNet(BasicBlock, [2, 2, 2, 2], **kw)
    m.inplanes = width
    m.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
    m.bn1 = nn.BatchNorm2d(width)
    m.layer1 = m._make_layer(BasicBlock, width, 2)
    m.layer2 = m._make_layer(BasicBlock, 2 * width, 2, stride=2)
    m.layer3 = m._make_layer(BasicBlock, 4 * width, 2, stride=2)
    m.layer4 = m._make_layer(BasicBlock, 8 * width, 2, stride=2)
    m.fc = nn.Linear(8 * width, kw.get("num_classes", 1000))
    return m


class Affine(nn.Module):
    """A factor and a summand for each channel."""

    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        return x * self.weight[:, None, None] + self.bias[:, None, None]


ACTIVATIONS = (nn.ReLU6, nn.Sigmoid, nn.SiLU, nn.Tanh, nn.Hardsigmoid, nn.Hardswish, nn.GELU)


def layers():
    """Returns name -> (module, input shapes). The Go test holds the same table."""
    return {
        "conv 3x3": (nn.Conv2d(3, 5, 3, padding=1), (2, 3, 7, 9)),
        "conv 3x3 stride 2 odd": (nn.Conv2d(4, 6, 3, stride=2, padding=1, bias=False), (3, 4, 11, 13)),
        "conv 7x7 stride 2": (nn.Conv2d(3, 8, 7, stride=2, padding=3, bias=False), (2, 3, 33, 31)),
        "conv 1x1": (nn.Conv2d(7, 5, 1, bias=False), (2, 7, 5, 3)),
        "conv 1x1 stride 2": (nn.Conv2d(6, 9, 1, stride=2, bias=False), (1, 6, 9, 7)),
        "conv 1x1 padded": (nn.Conv2d(2, 3, 1, padding=1), (1, 2, 4, 4)),
        "conv no padding": (nn.Conv2d(5, 4, 3), (2, 5, 6, 5)),
        "conv kernel fills image": (nn.Conv2d(5, 4, 5), (2, 5, 5, 5)),
        "conv kernel exceeds image": (nn.Conv2d(2, 3, 7, stride=2, padding=3), (1, 2, 1, 2)),
        "conv stride 3 kernel 2": (nn.Conv2d(3, 3, 2, stride=3), (2, 3, 10, 11)),
        "conv dilation 2": (nn.Conv2d(3, 4, 3, padding=2, dilation=2), (2, 3, 9, 8)),
        "conv groups": (nn.Conv2d(8, 12, 3, padding=1, groups=4), (2, 8, 6, 7)),
        "conv depthwise stride 2": (nn.Conv2d(6, 6, 3, stride=2, padding=1, groups=6, bias=False), (2, 6, 9, 9)),
        "conv one pixel": (nn.Conv2d(17, 19, 1), (1, 17, 1, 1)),
        "conv wide": (nn.Conv2d(64, 70, 3, padding=1, bias=False), (2, 64, 8, 8)),
        "batchnorm": (nn.BatchNorm2d(5), (3, 5, 4, 7)),
        "relu": (nn.ReLU(), (2, 3, 5, 4)),
        "maxpool 3/2/1": (nn.MaxPool2d(3, 2, 1), (2, 3, 9, 12)),
        "maxpool 2": (nn.MaxPool2d(2), (2, 3, 7, 5)),
        "maxpool 3/1/1": (nn.MaxPool2d(3, 1, 1), (1, 4, 5, 6)),
        "maxpool one pixel": (nn.MaxPool2d(3, 2, 1), (1, 4, 1, 1)),
        "avgpool": (nn.AdaptiveAvgPool2d(1), (2, 5, 7, 3)),
        "linear": (nn.Linear(37, 11), (4, 37)),
        "linear no bias": (nn.Linear(512, 10, bias=False), (3, 512)),
        "linear of rows": (nn.Linear(6, 4), (2, 3, 5, 6)),
        "conv 1x7": (nn.Conv2d(3, 4, (1, 7), padding=(0, 3)), (2, 3, 5, 9)),
        "conv 7x1 stride 2": (nn.Conv2d(3, 4, (7, 1), stride=2, padding=(3, 0)), (2, 3, 9, 6)),
        "conv depthwise 7x7": (nn.Conv2d(5, 5, 7, padding=3, groups=5), (2, 5, 8, 9)),
        "conv depthwise dilation 2": (nn.Conv2d(4, 4, 3, padding=2, dilation=2, groups=4), (1, 4, 7, 6)),
        "conv groups stride 2": (nn.Conv2d(6, 4, 3, stride=2, padding=1, groups=2), (2, 6, 8, 7)),
        "relu6": (nn.ReLU6(), (2, 3, 5, 4)),
        "sigmoid": (nn.Sigmoid(), (2, 3, 5, 4)),
        "silu": (nn.SiLU(), (2, 3, 5, 4)),
        "tanh": (nn.Tanh(), (2, 3, 5, 4)),
        "hardsigmoid": (nn.Hardsigmoid(), (2, 3, 5, 4)),
        "hardswish": (nn.Hardswish(), (2, 3, 5, 4)),
        "gelu": (nn.GELU(), (2, 3, 5, 4)),
        "layernorm": (nn.LayerNorm(7, eps=1e-6), (2, 3, 4, 7)),
        "layernorm of channels": (torchvision.models.convnext.LayerNorm2d(7, eps=1e-6), (2, 7, 3, 4)),
        "maxpool ceil": (nn.MaxPool2d(3, 2, ceil_mode=True), (2, 3, 8, 6)),
        "maxpool ceil padded": (nn.MaxPool2d(3, 2, 1, ceil_mode=True), (2, 3, 8, 5)),
        "maxpool 2 ceil": (nn.MaxPool2d(2, ceil_mode=True), (2, 3, 7, 5)),
        "avgpool 2": (nn.AvgPool2d(2), (2, 3, 7, 6)),
        "avgpool 3/1/1": (nn.AvgPool2d(3, 1, 1), (2, 3, 5, 6)),
        "avgpool 3/2/1 ceil": (nn.AvgPool2d(3, 2, 1, ceil_mode=True), (2, 3, 8, 5)),
        "avgpool 3/2/1 ceil exclude": (nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False), (2, 3, 8, 5)),
        "avgpool to 3": (nn.AdaptiveAvgPool2d(3), (2, 3, 7, 4)),
        "avgpool to more": (nn.AdaptiveAvgPool2d(7), (2, 3, 4, 2)),
        "blurpool": (timm.layers.BlurPool2d(3), (2, 3, 7, 6)),
        "add": (torch.add, (2, 3, 4, 5), (2, 3, 4, 5)),
        "mul": (torch.mul, (2, 3, 4, 5), (2, 3, 4, 5)),
        "mul planes": (torch.mul, (2, 3, 4, 5), (2, 3, 1, 1)),
        "mul planes first": (torch.mul, (2, 3, 1, 1), (2, 3, 4, 5)),
        "affine": (Affine(3), (2, 3, 4, 5)),
        "concat": (lambda *x: torch.cat(x, 1), (2, 3, 4, 5), (2, 1, 4, 5), (2, 2, 4, 5)),
        "slice": (lambda x: x[:, 1:4], (2, 5, 3, 4)),
        "shuffle": (nn.ChannelShuffle(3), (2, 6, 3, 4)),
        "flatten": (nn.Flatten(), (2, 3, 4, 5)),
        "permute": (lambda x: x.permute(0, 3, 1, 2), (2, 3, 4, 5)),
        "subsample": (lambda x: F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 1)), (2, 3, 5, 6)),
        "identity": (nn.Dropout().eval(), (2, 3, 4, 5)),
    }


def main():
    LAYERS = layers()
    # Of each the output, and the gradients of the sum of its elements times other numbers
    # by the inputs.
    out = {}
    for name, (module, *shapes) in LAYERS.items():
        if isinstance(module, nn.Module):
            fill(module, name + "/")
        # Activations are tried also beyond their bends.
        wide = 5.0 if isinstance(module, ACTIVATIONS) else 1.0
        x = [t(name + "/input" + "#" * i, shape, wide).requires_grad_() for i, shape in enumerate(shapes)]
        y = module(*x)
        out[name] = y.detach()
        for i, g in enumerate(torch.autograd.grad((y * t(name + "/dy", y.shape)).sum(), x)):
            out[name + "/grad" + "#" * i] = g
    save("nn_layers.safetensors", out)

    NETWORKS = {
        "resnet18": (torchvision.models.resnet18(num_classes=10), (3, 3, 64, 64)),
        "resnet18 odd": (torchvision.models.resnet18(num_classes=7), (2, 3, 45, 71)),
        "resnet18 cifar": (cifar_stem(torchvision.models.resnet18(num_classes=10)), (3, 3, 32, 32)),
        "resnet18 narrow": (narrow(16, num_classes=10), (2, 3, 96, 96)),
        "resnet34": (torchvision.models.resnet34(num_classes=5), (1, 3, 64, 64)),
        "resnet bottleneck": (ResNet(Bottleneck, [1, 2, 1, 1], num_classes=4), (2, 3, 48, 48)),
        "resnext": (ResNet(Bottleneck, [1, 1, 1, 1], num_classes=4, groups=8, width_per_group=4), (2, 3, 48, 48)),
    }
    KEEP = 128  # numbers kept of each module's output, evenly spread

    for name, (model, shape) in NETWORKS.items():
        fill(model)
        out = {"input.shape": torch.tensor(shape)}
        for i, (key, p) in enumerate(model.state_dict().items()):
            out[f"param.{key}"] = torch.tensor(p.shape, dtype=torch.int64)

        def hook(key):
            def see(module, args, y):
                # A hook sees y before the in-place additions that follow it.
                flat = y.detach().clone().flatten()
                step = max(1, flat.numel() // KEEP)
                out[f"tap.{key}"] = flat[::step][:KEEP]
                out[f"shape.{key}"] = torch.tensor(y.shape)
                out[f"stats.{key}"] = torch.stack([flat.double().mean(), flat.double().pow(2).mean().sqrt()])

            return see

        for key, module in model.named_modules():
            if key:
                module.register_forward_hook(hook(key))
        with torch.inference_mode():
            x = t("input", shape)
            out["logits"] = model(x)
            for m in model.modules():
                m._forward_hooks.clear()
            model.fc = nn.Identity()
            out["features"] = model(x)
        save(f"nn_{name.replace(' ', '_')}.safetensors", {k: v.contiguous() for k, v in out.items()})


if __name__ == "__main__":
    main()
