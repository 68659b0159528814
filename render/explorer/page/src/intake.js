// Where new images come into the page: dropped, pasted, chosen or taken by the camera.
import { bytes } from './blocks.js';
import { byId, el } from './dom.js';
import { openCamera } from './live.js';

/** The blocks of the file as startLive reads them. */
export const liveBlocks = {
  get: async (name) => (byId(`block-${name}`) ? new Uint8Array(await bytes(name)) : null),
};

/** Makes the bar for new images in #drop, and what startLive asks of the page. */
export function intake(page) {
  const takers = { drop: [], paste: [], camera: [] };
  const give = (way, images) => images.length && takers[way].forEach((f) => f(images));
  const pictures = (list) => [...(list ?? [])].filter((f) => f.type.startsWith('image/'));

  const words = el('span', { id: 'live-status', role: 'status', 'aria-live': 'polite' });
  const chooser = el('input', { id: 'live-file', type: 'file', accept: 'image/*', multiple: true, hidden: true, onchange: () => { give('drop', [...chooser.files]); chooser.value = ''; } });
  const bar = byId('drop');
  bar.append(
    words, chooser,
    el('button', { id: 'live-choose', title: 'Explain an image; it may also be dropped on the page or pasted', onclick: () => chooser.click() }, 'Choose an image'),
    el('button', { id: 'live-camera', onclick: () => photograph(say, (image) => give('camera', [image])) }, 'Camera'),
  );
  bar.hidden = false;
  function say(text, isError) {
    words.textContent = text;
    bar.classList.toggle('is-wrong', Boolean(isError));
  }

  const over = (on) => document.body.classList.toggle('is-drop', on);
  const holdsFiles = (e) => [...(e.dataTransfer?.types ?? [])].includes('Files');
  document.addEventListener('dragover', (e) => { if (holdsFiles(e)) { e.preventDefault(); over(true); } });
  document.addEventListener('dragleave', (e) => { if (!e.relatedTarget) over(false); });
  document.addEventListener('drop', (e) => {
    if (!holdsFiles(e)) return;
    e.preventDefault();
    over(false);
    give('drop', [...e.dataTransfer.files]);
  });
  document.addEventListener('paste', (e) => give('paste', pictures(e.clipboardData?.files)));

  return {
    status: say,
    onDrop: (f) => takers.drop.push(f),
    onPaste: (f) => takers.paste.push(f),
    onCamera: (f) => takers.camera.push(f),
    addPoint: async (point) => page.select(await page.addPoint(point)),
  };
}

/** Shows what the camera sees, and gives the picture that is taken. */
async function photograph(say, give) {
  const video = el('video');
  let camera;
  try {
    camera = await openCamera(video);
  } catch (e) {
    return say(e.message, true);
  }
  const dialog = el('dialog', { class: 'camera', 'aria-label': 'Camera', onclose: () => { camera.close(); dialog.remove(); } },
    video,
    el('button', { onclick: async () => { const image = await camera.shoot(); dialog.close(); give(image); } }, 'Take the picture'),
    el('button', { onclick: () => dialog.close() }, 'Close'));
  document.body.append(dialog);
  dialog.showModal();
}
