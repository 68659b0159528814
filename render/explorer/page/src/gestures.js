// Pointer and wheel on a pane: pan, zoom, pinch, pick, lasso and box.

// A press that moves less than this, in CSS pixels, is a click.
const slack = 5;

export function gestures(plot) {
  const target = plot.over, { camera, app } = plot, down = new Map();
  let start = null; // where the first pointer went down

  const place = (e) => {
    const box = target.getBoundingClientRect();
    return [e.clientX - box.left, e.clientY - box.top];
  };
  const mode = (e) => (e.shiftKey ? 'lasso' : e.altKey ? 'box' : app.store.state.mode);

  target.addEventListener('pointerdown', (e) => {
    if (e.button > 0) return;
    target.setPointerCapture(e.pointerId);
    const [px, py] = place(e);
    down.set(e.pointerId, [px, py]);
    plot.motion = null;
    if (down.size > 1) { // a pinch is no selection
      plot.lasso = null;
      start = null;
      return;
    }
    start = { px, py, mode: mode(e), moved: false };
    if (start.mode !== 'pan') plot.lasso = [...camera.toPlane(px, py)];
  });

  target.addEventListener('pointermove', (e) => {
    const [px, py] = place(e), before = down.get(e.pointerId);
    if (!before) {
      if (e.pointerType === 'mouse') app.hover(plot.pick(px, py), e);
      return;
    }
    if (down.size === 2) {
      const [other] = [...down].filter(([id]) => id !== e.pointerId).map(([, p]) => p);
      const far = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]);
      camera.zoom(far([px, py]) / Math.max(1, far(before)), (px + other[0]) / 2, (py + other[1]) / 2);
      camera.pan((px - before[0]) / 2, (py - before[1]) / 2);
      plot.redraw();
    } else if (start) {
      start.moved ||= Math.hypot(px - start.px, py - start.py) > slack;
      if (start.moved) drag(px, py, before);
    }
    down.set(e.pointerId, [px, py]);
  });

  function drag(px, py, before) {
    app.hover(-1);
    if (start.mode === 'pan') camera.pan(px - before[0], py - before[1]);
    else if (start.mode === 'lasso') plot.lasso.push(...camera.toPlane(px, py));
    else {
      const [x0, y0] = camera.toPlane(start.px, start.py), [x1, y1] = camera.toPlane(px, py);
      plot.lasso = [x0, y0, x1, y0, x1, y1, x0, y1];
    }
    plot.redraw();
  }

  const up = (e) => {
    if (!down.delete(e.pointerId)) return;
    const [px, py] = place(e), was = start;
    start = null;
    const lasso = plot.lasso;
    plot.lasso = null;
    if (e.type === 'pointercancel' || !was) {
      plot.moved();
      return;
    }
    if (!was.moved) {
      app.click(plot.pick(px, py, e.pointerType !== 'mouse'), plot);
    } else if (was.mode === 'pan') {
      plot.moved();
    } else {
      app.select(plot.within(lasso));
    }
    plot.redraw();
  };
  target.addEventListener('pointerup', up);
  target.addEventListener('pointercancel', up);
  target.addEventListener('pointerleave', () => app.hover(-1));

  target.addEventListener('wheel', (e) => {
    e.preventDefault();
    plot.motion = null;
    const lines = e.deltaMode === 1 ? 16 : 1;
    camera.zoom(Math.exp(-Math.max(-300, Math.min(300, e.deltaY * lines)) * 0.002), ...place(e));
    plot.moved();
  }, { passive: false });

  target.addEventListener('dblclick', (e) => {
    if (plot.pick(...place(e)) >= 0) return;
    camera.zoom(e.shiftKey ? 0.5 : 2, ...place(e));
    plot.moved();
  });
}
