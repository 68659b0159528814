// Elements without markup: all text goes in as text nodes, so that no name can be HTML.

/** Makes an element. Properties named on… are listeners, the others attributes. */
export function el(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) e.addEventListener(name.slice(2), value);
    else if (value === true) e.setAttribute(name, '');
    else if (value !== false && value != null) e.setAttribute(name, value);
  }
  e.append(...children.filter((c) => c != null));
  return e;
}

/** The element of an id. */
export const byId = (id) => document.getElementById(id);

/** A number for people: 12,345. */
export const count = (n) => n.toLocaleString('en');

/** A share for people: 97.3%. */
export const percent = (v) => `${(100 * v).toFixed(1)}%`;
