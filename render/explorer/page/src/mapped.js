// Which class is mapped: what can be chosen, and walking through it.
import { predicted, truth } from './data.js';

/** What can be chosen for all points at once: [{key, name}]; the prediction alone where there
 * is no other map. */
export function choices(data) {
  const out = [{ key: predicted, name: 'the prediction' }];
  if (!data.meta.live && data.maps.every((m) => m.most < 2)) return out;
  if (data.labels) out.push({ key: truth, name: 'the true class' });
  const has = new Set(data.meta.live ? data.classes.keys() : []);
  for (const m of data.maps) for (const c of m.mapped) if (c >= 0) has.add(c);
  return [...out, ...[...has].sort((a, b) => a - b).map((key) => ({ key, name: data.className(key) }))];
}

/** What can be chosen for a point, in the state's terms: its first class is the prediction, so
 * that the next point shows its own. */
export function choicesOf(data, i, method) {
  return data.mapped(i, method).map((c, k) => ({ key: k ? c : predicted, c }));
}

/** The classes whose maps stand side by side: all where the file was made for that, else the
 * first five and the true one. */
export function beside(data, i, method) {
  return data.mapped(i, method).filter((c, k) => data.meta.allClasses || k < 5 || c === data.label(i));
}

/** The choice that comes after the state's, or before: of the pinned point's, else of all. */
export function step(app, by) {
  const { data, store: { state: s } } = app;
  let keys = app.mapChoices.map((c) => c.key), at = keys.indexOf(s.mapOf);
  if (s.pinned >= 0) {
    const own = choicesOf(data, s.pinned, s.method), c = data.mappedClass(s.pinned, s.method, s.mapOf);
    keys = own.map((o) => o.key);
    at = own.findIndex((o) => o.c === c);
  }
  const n = keys.length;
  if (n > 1) app.store.set({ mapOf: keys[at < 0 ? 0 : (at + by + n) % n] });
}
