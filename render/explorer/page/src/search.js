// Search by name, class or index.
import { count, el } from './dom.js';

/** The points that a text finds: an index (12 or #12), or all whose name, class or
 * prediction has it, whatever the case. */
export function find(data, text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [];
  if (/^#?\d+$/.test(wanted)) {
    const i = Number(wanted.replace('#', ''));
    if (i < data.n) return [i];
  }
  const has = (t) => t.toLowerCase().includes(wanted);
  const classes = data.classes.map(has), out = [];
  for (let i = 0; i < data.n; i++) {
    if (classes[data.label(i)] || classes[data.prediction(i)] || (data.names && has(data.names[i]))) out.push(i);
  }
  return out;
}

export class Search {
  constructor(app) {
    this.app = app;
    this.result = el('output', { class: 'note', id: 'found' });
    this.input = el('input', {
      type: 'search', id: 'search', placeholder: 'Name, class or #index', 'aria-label': 'Search by name, class or index', autocomplete: 'off', spellcheck: 'false',
      oninput: () => { clearTimeout(this.later); this.later = setTimeout(() => this.look(), 150); },
      onkeydown: (e) => {
        if (e.key === 'Enter') this.go();
        if (e.key === 'Escape') { this.input.value = ''; this.look(); this.input.blur(); }
      },
    });
    this.element = el('span', { class: 'search' }, this.input, this.result);
  }

  look() {
    this.found = find(this.app.data, this.input.value);
    this.result.textContent = this.input.value.trim() ? `${count(this.found.length)} found` : '';
  }

  /** Selects what was found; one point alone is pinned. */
  go() {
    this.look();
    if (this.found.length === 1) this.app.pin(this.found[0], true);
    else if (this.found.length) this.app.select(this.found);
  }
}
