// What is said of a point, in words.
import { predicted, truth } from './data.js';
import { el, percent } from './dom.js';

/** A line for a list of points: "cat, taken for dog 81%". */
export function summary(data, i) {
  const label = data.label(i), p = data.prediction(i), sure = data.confidence(i);
  const tail = Number.isFinite(sure) ? ` ${percent(sure)}` : '';
  if (data.wrong(i)) return `${data.className(label)}, taken for ${data.className(p)}${tail}`;
  if (p >= 0) return data.className(p) + tail;
  return label >= 0 ? data.className(label) : data.name(i) || `point ${i}`;
}

/** A class with its probability for a point, where that is known: "dog 12.3%". */
export function likely(data, i, c) {
  const p = data.probability(i, c);
  return data.className(c) + (Number.isFinite(p) ? ` ${percent(p)}` : '');
}

/** What is mapped of a point: "dog 12.3%", or that there is no such map. */
export function mapWords(data, i, { method, mapOf }) {
  const c = data.mappedClass(i, method, mapOf);
  if (c >= 0) return likely(data, i, c);
  if (c === -1) return 'no class';
  return `no map of ${wantedName(data, mapOf)}`;
}

/** The name of what is to be mapped. */
export function wantedName(data, mapOf) {
  return mapOf === predicted ? 'the prediction' : mapOf === truth ? 'the true class' : data.className(mapOf);
}

/** What summary says as elements, the wrong answer marked. */
export function facts(data, i) {
  const label = data.label(i), p = data.prediction(i), out = [];
  const row = (name, ...value) => out.push(el('dt', {}, name), el('dd', {}, ...value));
  if (label >= 0) row('Class', data.className(label));
  if (p >= 0) {
    const sure = data.confidence(i), mark = data.wrong(i) ? 'wrong' : label >= 0 ? 'right' : '';
    row('Prediction', el('span', { class: mark }, data.className(p) + (mark ? (mark === 'wrong' ? ' \u2717' : ' \u2713') : '')),
      Number.isFinite(sure) ? ` ${percent(sure)}` : '');
  }
  return el('dl', { class: 'facts' }, ...out);
}
