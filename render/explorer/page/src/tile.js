// A canvas with a point's image under its map.
import { overlay, resize } from './heat.js';

// The side of a map without an image.
const bare = 96;

/** Draws into a canvas; resolves once it is drawn. what: {map, method, mapOf, alpha,
 * colormap, inColour} as in the state. */
export async function drawTile(canvas, data, i, what) {
  const turn = (canvas.turn = (canvas.turn ?? 0) + 1);
  // The image without the map where that cannot be made: who makes it says why.
  const m = what.map ? await data.map(i, what.method, what.mapOf).catch(() => null) : null;
  let image = await data.pixels(i);
  if (canvas.turn !== turn) return; // another image was asked for since
  if (!image) {
    const side = m ? bare : 1;
    image = new ImageData(side, side);
    if (m) image.data.fill(128);
  } else {
    image = new ImageData(new Uint8ClampedArray(image.data), image.width, image.height);
  }
  if (m) {
    const heat = resize(m.levels, m.width, m.height, image.width, image.height);
    overlay(image.data, heat, data.colormaps[what.colormap], what.alpha, what.inColour);
  }
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext('2d').putImageData(image, 0, 0);
  canvas.dataset.drawn = i;
  canvas.dataset.map = m ? m.class : '';
}
