"""Golden of the whole way from scenes to heat maps: the notebook's code on the embedded scenes
network and on scenes that Pillow resized to 128x128.

    go run ./testdata/export/scenes -count 12 -out FOLDER
    python notebook.py FOLDER
"""

import pathlib
import sys

import numpy as np
import torch
import torchvision  # noqa: F401
from PIL import Image
from torchvision import transforms

from gen import save

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "peers"))
from notebook_cam import load_network, maps  # noqa: E402

torch.set_num_threads(1)
images = np.load(pathlib.Path(sys.argv[1]) / "images.npy")[:12]
transform = transforms.Compose([transforms.Resize(128), transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3)])
x = torch.stack([transform(Image.fromarray(im)) for im in images])
model = load_network(HERE.parents[1] / "nn" / "pretrained" / "scenes.safetensors")
out = {"input.sum": x.double().sum((1, 2, 3))}
for layer in ("layer4", "layer4.1.bn2"):
    predicted, heat = maps(model, x, layer)
    out[layer] = heat
out["predicted"] = predicted.astype(np.int64)
save("notebook.safetensors", out)
