"""The notebook as a script: accuracy and class activation maps in PyTorch.

    python notebook_cam.py --weights scenes.safetensors --images FOLDER --layer layer4.1.bn2 --figure cam.png

FOLDER holds class folders of images, as torchvision's ImageFolder wants them. This is the notebook's
own code but for three things: the hook clones what it keeps (torchvision adds the shortcut to bn2's
output in place afterwards), the gray image is gray, and a stem of 3x3 is recognised.
"""

import argparse
import pathlib

import cv2
import numpy as np
import torch
import torchvision
from torch import nn
from torchvision import transforms


def resnet18(width, classes, stem=7, bias=False, maxpool=True):
    """torchvision's ResNet18 of any base width; its stem is 7x7 with stride 2, or 3x3 with stride 1."""
    model = torchvision.models.resnet18(num_classes=classes)
    if width != 64:
        model.inplanes, block = width, torchvision.models.resnet.BasicBlock
        model.bn1 = nn.BatchNorm2d(width)
        for i in range(4):
            setattr(model, f"layer{i + 1}", model._make_layer(block, width << i, 2, stride=1 if i == 0 else 2))
        model.fc = nn.Linear(width * 8, classes)
    model.conv1 = nn.Conv2d(3, width, stem, stride=2 if stem == 7 else 1, padding=stem // 2, bias=bias)
    if not maxpool:
        model.maxpool = nn.Identity()
    return model


def load_network(path):
    """A ResNet18 of the state dict's width, stem and classes, and with the max pool unless its metadata say no."""
    metadata = {}
    if path.suffix == ".safetensors":
        from safetensors import safe_open

        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}
    else:
        state = torch.load(path, weights_only=True)
    state = {k: v.float() if v.is_floating_point() else v for k, v in state.items()}
    conv1 = state["conv1.weight"]
    model = resnet18(conv1.shape[0], state["fc.weight"].shape[0], conv1.shape[2], "conv1.bias" in state, metadata.get("maxpool") != "no")
    model.load_state_dict(state)
    return model.eval()


def maps(model, x, layer):
    """The notebook's maps of a batch: predictions, and heat maps as bytes of the image's size."""
    kept = []
    module = dict(model.named_modules())[layer]
    handle = module.register_forward_hook(lambda m, a, y: kept.append(y.detach().clone().numpy()))
    with torch.no_grad():
        predicted = model(x).argmax(1).numpy()
    handle.remove()
    weight = model.fc.weight.detach().numpy()
    out = []
    for i, feature in enumerate(kept[0]):
        c, h, w = feature.shape
        m = weight[predicted[i]].dot(feature.reshape(c, h * w)).reshape(h, w)
        m = m - m.min()
        m = m / m.max()
        out.append(cv2.resize(np.uint8(m * 255), (x.shape[3], x.shape[2])))
    return predicted, np.stack(out)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--weights", type=pathlib.Path, required=True)
    ap.add_argument("--images", type=pathlib.Path, required=True)
    ap.add_argument("--layer", default="layer4.1.bn2")
    ap.add_argument("--figure", default="cam.png")
    ap.add_argument("--heat", help="also keep the heat maps' bytes in this .npy file")
    ap.add_argument("--mean", type=float, default=0)
    ap.add_argument("--std", type=float, default=1)
    ap.add_argument("--size", type=int, default=128)
    ap.add_argument("--start", type=int, default=10)
    ap.add_argument("--count", type=int, default=20)
    args = ap.parse_args()
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    transform = transforms.Compose([transforms.Resize(args.size), transforms.ToTensor(),
                                    transforms.Normalize([args.mean] * 3, [args.std] * 3)])
    dataset = torchvision.datasets.ImageFolder(str(args.images), transform)
    model = load_network(args.weights)
    correct = 0
    with torch.no_grad():
        for x, y in torch.utils.data.DataLoader(dataset, batch_size=40):
            correct += int((model(x).argmax(1) == y).sum())
    print(f"{correct} of {len(dataset)} correct")
    samples = [dataset[i] for i in range(args.start, min(args.start + args.count, len(dataset)))]
    x = torch.stack([s[0] for s in samples])
    predicted, heat = maps(model, x, args.layer)
    if args.heat:
        np.save(args.heat, heat)
    fig, axes = plt.subplots(2, (len(samples) + 1) // 2, figsize=(20, 4.5))
    for ax in axes.flat:
        ax.axis("off")
    for ax, (image, label), p, h in zip(axes.flat, samples, predicted, heat):
        ax.imshow((image * args.std + args.mean).mean(0), cmap="gray")
        ax.imshow(h, cmap="jet", alpha=0.4)
        ax.text(3, 3, dataset.classes[p], color="black" if p == label else "red", va="top", bbox={"facecolor": "white"})
    fig.savefig(args.figure)


if __name__ == "__main__":
    main()
