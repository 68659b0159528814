"""Goldens of training: gradients by the weights of every layer that has some, batch norm
in train mode, the first training step of small networks, and ten steps of two optimisers.
All is computed in float64, of numbers that the shared generator gives to both sides."""

import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from gen import save, sketch
from nn import fill, layers, narrow, t

torch.set_num_threads(1)


class LayerScale(nn.Module):
    """The factors of ConvNeXt's blocks."""

    def __init__(self, channels):
        super().__init__()
        self.layer_scale = nn.Parameter(torch.ones(channels, 1, 1))

    def forward(self, x):
        return self.layer_scale * x


def export_layers():
    """Of every layer the gradients of the sum of its outputs times other numbers, by its
    parameters; and of batch norms in train mode their outputs and gradients for two batches
    and the running statistics after both. The Go test holds the tables."""
    out = {}
    table = layers()
    table["layer scale"] = (LayerScale(5), (2, 5, 3, 4))
    for name, (module, *shapes) in table.items():
        if not isinstance(module, nn.Module) or not list(module.parameters()):
            continue
        fill(module, name + "/").double()
        y = module(*[t(name + "/input" + "#" * i, shape).double() for i, shape in enumerate(shapes)])
        grads = torch.autograd.grad((y * t(name + "/dy", y.shape).double()).sum(), list(module.parameters()))
        for (key, _), g in zip(module.named_parameters(), grads):
            out[f"{name}/{key}"] = sketch(f"{name}/{key}", g)

    # name: (norm, shape of the batches, what is added to their numbers)
    norms = {
        "batchnorm train": (nn.BatchNorm2d(5), (3, 5, 4, 7), 0),
        "batchnorm train vectors": (nn.BatchNorm2d(6), (4, 6, 1, 1), 0),
        "batchnorm train one image": (nn.BatchNorm2d(3, eps=0.1, momentum=0.3), (1, 3, 5, 3), 0),
        "batchnorm train two values": (nn.BatchNorm2d(4), (2, 4, 1, 1), 0),
        "batchnorm train far from zero": (nn.BatchNorm2d(3), (2, 3, 9, 8), 50),
    }
    for name, (norm, shape, offset) in norms.items():
        fill(norm, name + "/").double().train()
        for batch in ("first", "second"):
            key = f"{name}/{batch}"
            # The sum is rounded to float32, as it is in Go.
            x = (t(key + "/input", shape) + offset).double().requires_grad_()
            y = norm(x)
            at = {"dx": x, "weight": norm.weight, "bias": norm.bias}
            grads = torch.autograd.grad((y * t(key + "/dy", shape).double()).sum(), list(at.values()))
            out[key + "/y"] = y.float()
            for k, g in zip(at, grads):
                out[f"{key}/{k}"] = g.float()
        out[name + "/running_mean"] = norm.running_mean.float()
        out[name + "/running_var"] = norm.running_var.float()
        try:
            norm(torch.zeros(1, shape[1], 1, 1).double())
            raise AssertionError("a single value a channel was taken")
        except ValueError as e:
            assert "Expected more than 1 value per channel when training" in str(e)
    save("learn/layers.safetensors", {k: torch.as_tensor(v) for k, v in out.items()})


def held(name, frozen):
    return any(name == f or name.startswith(f + ".") for f in frozen)


def training(model, frozen=()):
    """Puts a model in train mode, without dropout and stochastic depth, and freezes modules."""
    model.train()
    for name, m in model.named_modules():
        if isinstance(m, (nn.Dropout, torchvision.ops.StochasticDepth)) or held(name, frozen):
            m.eval()
    for name, p in model.named_parameters():
        p.requires_grad_(not held(name, frozen))
    return model


class Margin:
    """How near the inputs of rectifiers are to their bends, relative to their root mean
    square: within rounding of one float32 has no right answer."""

    def __init__(self, model):
        self.least = float("inf")
        for m in model.modules():
            if isinstance(m, (nn.ReLU, nn.ReLU6)):
                m.register_forward_pre_hook(self.see)

    def see(self, module, args):
        x = args[0].detach()
        for bend in (0, 6) if isinstance(module, nn.ReLU6) else (0,):
            self.least = min(self.least, ((x - bend).abs().min() / x.pow(2).mean().sqrt()).item())


def loss_of(model, x, labels):
    logits = model(x)
    return F.cross_entropy(logits, labels, label_smoothing=0.1), logits


def labels_of(n, step=0):
    return (torch.arange(n) * 7 + step * 3) % 10


def step(make, gain, name, shape, frozen, dtype):
    """The first training step: loss, logits, gradients, running statistics, margin."""
    model = training(fill(make(), gain=gain).to(dtype), frozen)
    margin = Margin(model)
    loss, logits = loss_of(model, t(name, shape).to(dtype), labels_of(shape[0]))
    loss.backward()
    out = {"loss": loss.detach().reshape(1), "logits": logits.detach()}
    for key, p in model.named_parameters():
        if p.grad is not None:
            out["gradient." + key] = p.grad
    for key, b in model.named_buffers():
        if not key.endswith("num_batches_tracked"):
            out["running." + key] = b
    return out, margin.least


def worst(a, b):
    """The largest relative difference from b, of tensors by name but for those that are 0 but for
    rounding: the gradient of a norm's bias that the next norm takes away."""
    least = 1e-9 * max(x.abs().max().item() for x in b.values())
    return max((a[k].double() - b[k]).abs().max().item() / b[k].abs().max().item() for k in b if b[k].abs().max() > least)


def params(model):
    return "\n".join(" ".join([key, *map(str, p.shape)]) for key, p in model.state_dict().items())


def export_network(path, make, shape, options="", gain=1.0, frozen=(), attempts=40):
    """Of some inputs the one furthest from the bends of rectifiers."""
    kinds = {"": (), "frozen.": frozen} if frozen else {"": ()}
    margins = {f"input {i}": min(step(make, gain, f"input {i}", shape, ice, torch.float64)[1] for ice in kinds.values())
               for i in range(attempts)}
    name = max(margins, key=margins.get)
    out, metadata = {}, {"input": name, "gain": gain, "options": options, "params": params(make()), "frozen": " ".join(frozen)}
    for prefix, ice in kinds.items():
        double, margin = step(make, gain, name, shape, ice, torch.float64)
        single, _ = step(make, gain, name, shape, ice, torch.float32)
        for part in ("loss", "logits", "gradient", "running"):
            some = {k: x for k, x in double.items() if k.startswith(part)}
            # Where a network magnifies rounding this is what can be asked of float32.
            metadata[f"{prefix}float32.{part}"] = f"{worst(single, some):.1e}" if some else "0"
        print(f"{path}: {prefix}{name}, margin {margin:.1e}; PyTorch's float32 differs:", {k: v for k, v in metadata.items() if "float32" in k}, flush=True)
        for key, x in double.items():
            out[prefix + key] = sketch(key, x) if key.startswith("gradient.") else x.float().numpy()
    out["input.shape"], out["labels"] = torch.tensor(shape).numpy(), labels_of(shape[0]).numpy()
    save(f"learn/{path}.safetensors", {k: torch.as_tensor(v) for k, v in out.items()}, metadata)


# The rate is one at which rounding is not magnified from step to step, and AdamW's eps is
# large beside what rounding leaves of a gradient near 0, of which its step is the sign.
OPTIMISERS = {
    "sgd": (torch.optim.SGD, {"lr": 0.005, "momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}),
    "adamw": (torch.optim.AdamW, {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-3, "weight_decay": 0.05}),
}
STEPS = 10


def steps(make, name, shape, optimiser, dtype):
    """Ten steps, each on a batch of its own; weights of one dimension do not decay."""
    model = training(fill(make()).to(dtype))
    margin = Margin(model)
    kind, settings = OPTIMISERS[optimiser]
    groups = [
        {"params": [p for p in model.parameters() if p.ndim > 1]},
        {"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0},
    ]
    opt = kind(groups, foreach=False, **settings)
    losses = []
    for i in range(STEPS):
        loss, _ = loss_of(model, t(f"{name}, step {i}", shape).to(dtype), labels_of(shape[0], i))
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    state = {k: v.detach() for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    return torch.tensor(losses, dtype=torch.float64), state, margin.least


def export_steps(make, shape, options, attempts=16):
    out = {
        "input.shape": torch.tensor(shape),
        "labels": torch.stack([labels_of(shape[0], i) for i in range(STEPS)]),
    }
    metadata = {"options": options, "gain": 1.0, "params": params(make()), "label_smoothing": 0.1}
    for optimiser, (_, settings) in OPTIMISERS.items():
        margins = {f"input {i}": steps(make, f"input {i}", shape, optimiser, torch.float64)[2] for i in range(attempts)}
        name = max(margins, key=margins.get)
        losses, state, margin = steps(make, name, shape, optimiser, torch.float64)
        again, single, _ = steps(make, name, shape, optimiser, torch.float32)
        off, far = worst({"": again}, {"": losses}), worst(single, state)
        print(f"{optimiser}: {name}, margin {margin:.1e}; PyTorch's float32 differs by {off:.1e} in loss, {far:.1e} in weights; {losses.tolist()}", flush=True)
        metadata |= {f"{optimiser}.{k}": v for k, v in settings.items()}
        metadata |= {f"{optimiser}.input": name, f"{optimiser}.float32": f"{off:.1e} in loss, {far:.1e} in weights"}
        out[optimiser + ".loss"] = losses
        for key, p in state.items():
            out[f"{optimiser}.state.{key}"] = torch.as_tensor(sketch(key, p))
    save("learn/steps.safetensors", out, metadata)


def small_resnet18():
    """A ResNet18 of width 8 with the stem that is usual for 32x32 images."""
    model = narrow(8, num_classes=10)
    model.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
    model.maxpool = nn.Identity()
    return model


def small_convnext():
    config = torchvision.models.convnext.CNBlockConfig
    return torchvision.models.convnext.ConvNeXt([config(8, 16, 1), config(16, 24, 1), config(24, None, 2)], num_classes=10)


def small_mobilenet_v2():
    return torchvision.models.mobilenet_v2(width_mult=0.1, num_classes=10)


def main():
    export_layers()
    export_network("resnet18", small_resnet18, (4, 3, 32, 32), "maxpool=no", frozen=("layer1", "conv1", "bn1"))
    export_network("convnext", small_convnext, (3, 3, 34, 32), frozen=("features.0",), attempts=1)
    export_network("mobilenet_v2", small_mobilenet_v2, (4, 3, 64, 64), gain=0.8)
    export_steps(small_resnet18, (4, 3, 16, 16), "maxpool=no")


if __name__ == "__main__":
    main()
