"""Goldens of nn/train: PyTorch's losses, optimisers, schedules, clipping and moving
average in float64, the optimisers in float32 too, and scikit-learn's logistic
regression. Inputs come from the shared generator on both sides."""

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch.optim import lr_scheduler as ls
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gen import save, uniform

torch.set_num_threads(1)
out, metadata = {}, {}


def t(name, shape, bound=1.0, dtype=torch.float64):
    return torch.from_numpy(uniform("train/" + name, int(np.prod(shape)), bound)).reshape(shape).to(dtype)


# Losses: name, rows, classes, bound of the logits, label smoothing.
LOSSES = [
    ("plain", 5, 7, 3, 0),
    ("smooth", 5, 7, 3, 0.1),
    ("all smooth", 5, 7, 3, 1),
    ("one class", 3, 1, 3, 0.1),
    ("large", 5, 7, 1e4, 0.1),
    ("huge", 5, 7, 3e38, 0.1),
    ("wide", 6, 1000, 5, 0.1),
]
for name, n, classes, bound, smoothing in LOSSES:
    labels = torch.arange(n) * 7 % classes
    targets = t(f"{name}/targets", (n, classes), 0.5).abs()  # their sums are not 1
    for kind, target in (("hard", labels), ("soft", targets)):
        z = t(f"{name}/logits", (n, classes), bound).requires_grad_()
        loss = F.cross_entropy(z, target, label_smoothing=smoothing)
        loss.backward()
        out[f"loss/{kind}/{name}/value"] = loss.reshape(1)
        out[f"loss/{kind}/{name}/d"] = z.grad.float()  # rounded once

# Optimisers: ten steps. The parameter "late" has a gradient from step 3 on, but at step 6.
SHAPES = {"weight": (6, 5), "bias": (7,), "late": (2, 3, 2)}
SGD = {
    "plain": dict(),
    "decay": dict(weight_decay=0.05),
    "decay all": dict(weight_decay=0.05, all=True),
    "momentum": dict(momentum=0.9),
    "dampening": dict(momentum=0.8, dampening=0.3, weight_decay=0.01),
    "nesterov": dict(momentum=0.9, nesterov=True),
    "nesterov decay": dict(momentum=0.9, nesterov=True, weight_decay=5e-2),
}
ADAMW = {
    "default": dict(),
    "all": dict(all=True),
    "decay": dict(weight_decay=0.3),
    "no decay": dict(weight_decay=0),
    "betas": dict(betas=(0.7, 0.95)),
    "no betas": dict(betas=(0.0, 0.0)),
    "epsilon": dict(eps=1e-2),
    "small": dict(scale=1e-8),
}


def descend(make, options, key, dtype):
    options = dict(options)
    everything, scale = options.pop("all", False), options.pop("scale", 1)
    decay = options.pop("weight_decay", 1e-2 if make is torch.optim.AdamW else 0)
    p = {k: torch.nn.Parameter(t(k, s, dtype=dtype)) for k, s in SHAPES.items()}
    groups = [dict(params=[v], weight_decay=decay if everything or v.ndim > 1 else 0) for v in p.values()]
    opt = make(groups, lr=0.1, foreach=False, **options)
    for step in range(10):
        for k, v in p.items():
            late = k == "late" and (step < 3 or step == 6)
            v.grad = None if late else t(f"{k}/{step}", v.shape, dtype=dtype) * scale
        for group in opt.param_groups:
            group["lr"] = 0.1 * (1 - step / 20)
        opt.step()
        if step in (0, 9):
            for k, v in p.items():
                out[f"{key}/{step}/{k}"] = v.detach().clone()
    for k, v in p.items():
        for kind, x in opt.state[v].items():
            if x is not None:
                out[f"{key}/state/{kind}.{k}"] = x.reshape(-1).double()


for dtype, label in ((torch.float64, "64"), (torch.float32, "32")):
    for name, options in SGD.items():
        descend(torch.optim.SGD, options, f"SGD{label}/{name}", dtype)
    for name, options in ADAMW.items():
        descend(torch.optim.AdamW, options, f"AdamW{label}/{name}", dtype)

# Schedules: the rate of every step.
SCHEDULES = {
    "step": (12, lambda o: ls.StepLR(o, 3, 0.5)),
    "step 1": (6, lambda o: ls.StepLR(o, 1, 0.9)),
    "multistep": (12, lambda o: ls.MultiStepLR(o, [2, 5, 9], 0.1)),
    "cosine": (11, lambda o: ls.CosineAnnealingLR(o, 10)),
    "cosine minimum": (8, lambda o: ls.CosineAnnealingLR(o, 7, eta_min=0.01)),
    "onecycle": (20, lambda o: ls.OneCycleLR(o, 0.1, 20, cycle_momentum=False)),
    "onecycle linear": (21, lambda o: ls.OneCycleLR(o, 0.1, 21, pct_start=0.25, anneal_strategy="linear", div_factor=10,
                                                    final_div_factor=100, cycle_momentum=False)),
    "onecycle 3": (3, lambda o: ls.OneCycleLR(o, 0.1, 3, cycle_momentum=False)),
    "onecycle 1": (1, lambda o: ls.OneCycleLR(o, 0.1, 1, cycle_momentum=False)),
    "onecycle rise": (5, lambda o: ls.OneCycleLR(o, 0.1, 5, pct_start=1.0, cycle_momentum=False)),
    "warmup cosine": (11, lambda o: ls.SequentialLR(o, [ls.LinearLR(o, 0.1, total_iters=4), ls.CosineAnnealingLR(o, 6)], [4])),
    "warmup step": (9, lambda o: ls.SequentialLR(o, [ls.LinearLR(o, total_iters=3), ls.StepLR(o, 2, 0.5)], [3])),
}
for name, (steps, make) in SCHEDULES.items():
    opt = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    sched, rates = make(opt), []
    for step in range(steps):
        rates.append(opt.param_groups[0]["lr"])
        opt.step()
        if step + 1 < steps:
            sched.step()
    out[f"schedule/{name}"] = torch.tensor(rates, dtype=torch.float64)

# Clipping: a limit above and some below the norm.
for limit in (1e-3, 0.5, 1, 100):
    p = [torch.nn.Parameter(torch.zeros(s, dtype=torch.float64)) for s in SHAPES.values()]
    for v, (k, s) in zip(p, SHAPES.items()):
        v.grad = t(f"clip/{k}", s)
    out[f"clip/{limit:g}/norm"] = torch.nn.utils.clip_grad_norm_(p, limit).reshape(1)
    for v, k in zip(p, SHAPES):
        out[f"clip/{limit:g}/{k}"] = v.grad

# The moving average, of buffers too, after each of five updates.
for decay in (0.999, 0.9, 0.3):
    for dtype, label in ((torch.float64, "64"), (torch.float32, "32")):
        model = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.BatchNorm1d(4)).to(dtype)
        average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)
        for step in range(5):
            with torch.no_grad():
                for k, v in model.state_dict().items():
                    if v.dtype == dtype:
                        v.copy_(t(f"average/{step}/{k}", v.shape, dtype=dtype))
            average.update_parameters(model)
            if step in (0, 1, 4):
                for k, v in average.state_dict().items():
                    if v.dtype == dtype:
                        out[f"average{label}/{decay:g}/{step}/{k}"] = v.clone()

# All of it together: 24 steps over batches of 4 of 12 images. The weights of the loss's
# optimum do not matter, only that every number goes the same way.
def together(dtype, label):
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, padding=1, bias=False), torch.nn.BatchNorm2d(4), torch.nn.ReLU(),
                              torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(4, 3)).to(dtype)
    with torch.no_grad():
        for k, v in net.state_dict().items():
            if v.dtype == dtype:
                v.copy_(t("together/" + k, v.shape, dtype=dtype) + (1 if k in ("1.weight", "1.running_var") else 0))
    p = list(net.parameters())
    opt = torch.optim.SGD([dict(params=[v for v in p if v.ndim > 1], weight_decay=5e-3),
                           dict(params=[v for v in p if v.ndim <= 1], weight_decay=0)], lr=1, momentum=0.9, nesterov=True)
    sched = ls.OneCycleLR(opt, 0.2, 24, cycle_momentum=False)
    average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.8), use_buffers=True)
    x, y = t("together/images", (12, 3, 6, 6), dtype=dtype), torch.arange(12) % 3
    losses, norms = [], []
    for step in range(24):
        pick = torch.arange(4) + step % 3 * 4
        loss = F.cross_entropy(net(x[pick]), y[pick], label_smoothing=0.1)
        opt.zero_grad()
        loss.backward()
        losses.append(loss.item())
        norms.append(torch.nn.utils.clip_grad_norm_(p, 0.5).item())
        opt.step()
        average.update_parameters(net)
        if step < 23:
            sched.step()
    out[f"together{label}/losses"], out[f"together{label}/norms"] = torch.tensor(losses).double(), torch.tensor(norms).double()
    for k, v in [*net.state_dict().items(), *average.state_dict().items()]:
        if v.dtype == dtype:
            out[f"together{label}/{k}"] = v.clone()


together(torch.float64, "64")

# Probes: name, features, labels, C, whether to standardise.
digits = load_digits()
noise = uniform("train/noise", 200 * 5, 1).reshape(200, 5).astype(np.float64) * [1, 100, 0.01, 1, 1] + [0, 1000, 0, 3, 0]
few = digits.target < 2
PROBES = [
    ("digits", digits.data, digits.target, 1e-2, False),
    ("digits standardised", digits.data, digits.target, 1, True),
    ("digits strong", digits.data, digits.target, 1e-4, True),
    ("binary", digits.data[few], digits.target[few], 0.02, False),
    ("noise", noise.astype(np.float32).astype(np.float64), np.arange(200) * 5 % 7 % 3, np.inf, False),
]
for name, x, y, c, standardise in PROBES:
    scaler = StandardScaler().fit(x)
    z = scaler.transform(x) if standardise else x
    found = {}
    for solver, tol in (("lbfgs", 1e-10), ("newton-cholesky", 1e-12)):
        # newton-cholesky needs features of one scale; a penalty on raw weights is then another.
        if solver == "newton-cholesky" and np.isinf(c):
            z = scaler.transform(x)
        m = LogisticRegression(C=c, tol=tol, max_iter=100_000, solver=solver).fit(z, y)
        w, b = m.coef_, m.intercept_
        if z is not x:
            w = w / scaler.scale_
            b = b - w @ scaler.mean_
        found[solver] = np.concatenate([w, b[:, None]], 1)
        out[f"probe/{name}/{solver}/weight"], out[f"probe/{name}/{solver}/bias"] = torch.from_numpy(w), torch.from_numpy(b)
    logits = np.concatenate([x, np.ones((len(x), 1))], 1) @ found["newton-cholesky"].T
    if logits.shape[1] == 1:
        logits = np.concatenate([0 * logits, logits], 1)
    a, b = found.values()
    apart = np.linalg.norm(a - b) / np.linalg.norm(b)
    metadata["probe/" + name] = f"lbfgs and newton-cholesky are {apart:.2g} apart"
    w = torch.from_numpy(found["newton-cholesky"][:, :-1] * (scaler.scale_ if standardise else 1))
    mean = F.cross_entropy(torch.from_numpy(logits), torch.from_numpy(y.astype(np.int64)))
    out[f"probe/{name}/loss"] = (mean + (w**2).sum() / (2 * c * len(x))).reshape(1)
    print(name, metadata["probe/" + name], out[f"probe/{name}/loss"].item())

save("train.safetensors", out, metadata)
