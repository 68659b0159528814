// What is said of a point, in words.
import { el, percent } from './dom.js';

/** A line for a list of points: "cat, taken for dog 81%". */
export function summary(data, i) {
  const label = data.label(i), p = data.prediction(i), sure = data.confidence(i);
  const tail = Number.isFinite(sure) ? ` ${percent(sure)}` : '';
  if (data.wrong(i)) return `${data.className(label)}, taken for ${data.className(p)}${tail}`;
  if (p >= 0) return data.className(p) + tail;
  return label >= 0 ? data.className(label) : data.name(i) || `point ${i}`;
}

/** The same as elements, the wrong answer marked. */
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
