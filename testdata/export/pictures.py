"""Writes testdata/golden/data/pictures.safetensors: small PNG, GIF and WebP files of
every kind and oddity, and what Pillow makes of them.

    NAME: file             the file
    NAME: size             width and height, 0 and 0 where Pillow refuses it
    NAME: rgb              Image.open(file).convert("RGB")
    NAME: oriented         ImageOps.exif_transpose(Image.open(file)).convert("RGB"), where
                           the file tells an orientation; its size is "NAME: oriented size"
    premultiplied          convert("RGBA") of an RGBa picture whose pixel (v, a) has the
                           colour (v, 255 - v, v // 2) under the alpha a

The files come from pictures_png.py, pictures_gif.py, pictures_webp.py and
pictures_exif.py, most of them put together by hand, as Pillow writes no such.
"""

import io
import warnings

import numpy as np
from PIL import Image, ImageOps, features

import pictures_exif
import pictures_gif
import pictures_png
import pictures_webp
from data import stored
from gen import save


def main():
    made = pictures_png.files() | pictures_gif.files() | pictures_webp.files() | pictures_exif.files()
    tensors = {}
    for name, data in made.items():
        tensors[name + ": file"] = np.frombuffer(data, np.uint8)
        try:
            with Image.open(io.BytesIO(data)) as im:
                rgb = im.convert("RGB")
        except Exception as e:
            tensors[name + ": size"] = np.zeros(2, np.int64)
            print(f"{name}: refused: {e!r}")
            continue
        tensors[name + ": size"] = np.array(rgb.size, np.int64)
        tensors[name + ": rgb"] = stored(np.asarray(rgb))
        if name.startswith(("exif", "metadata")):
            try:
                turned = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
            except Exception as e:
                print(f"{name}: no orientation: {e!r}")
                turned = rgb
            tensors[name + ": oriented"] = stored(np.asarray(turned))
            tensors[name + ": oriented size"] = np.array(turned.size, np.int64)
    a, v = np.mgrid[:256, :256].astype(np.uint8)
    premultiplied = Image.frombytes("RGBa", (256, 256), np.stack([v, 255 - v, v // 2, a], 2).tobytes())
    tensors["premultiplied"] = stored(np.asarray(premultiplied.convert("RGBA").convert("RGB")))
    print(len(made), "files")
    save("data/pictures.safetensors", tensors, {"libwebp": str(features.version("webp"))})


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
