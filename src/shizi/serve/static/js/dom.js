/** Small helpers for the page, and how it speaks to the person: toasts, and words for screen readers alone. */

/** The element with this id; the template has it. @param {string} id @returns {any} */
export const $ = (id) => {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
};

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name @param {Record<string, any>} [given] properties; `class`, `aria-…`, `data-…`, `role` become attributes
 * @param {...(Node | string)} inside @returns {HTMLElementTagNameMap[K]}
 */
export function element(name, given = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(given)) {
    if (key === "class" || key === "role" || key.includes("-")) made.setAttribute(key, String(value));
    else /** @type {any} */ (made)[key] = value;
  }
  made.append(...inside);
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} name @param {Record<string, string | number>} given @returns {SVGElement} */
export function drawn(name, given) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(given)) made.setAttribute(key, String(value));
  return made;
}

/** One of the symbols in templates/icons.svg. @param {string} name */
export function icon(name) {
  const made = drawn("svg", { class: "icon", "aria-hidden": "true" });
  made.append(drawn("use", { href: `#i-${name}` }));
  return made;
}

/** @param {HTMLElement} button @param {string} words its accessible name and tooltip */
export function name(button, words) {
  button.setAttribute("aria-label", words);
  button.title = words;
}

/** To screen readers alone, when they are next silent. @param {string} words */
export const say = (words) => speak("said", words);

/** To screen readers at once; what a person must know. @param {string} words */
export const warn = (words) => speak("warned", words);

/** @param {string} id @param {string} words */
function speak(id, words) {
  const place = $(id);
  place.textContent = "";
  setTimeout(() => (place.textContent = words), 50); // the same words twice are only said twice after a change
}

const TOAST_TIME = 4000; // milliseconds

/** A short note at the foot of the page; it is a live region. @param {string} words @param {"info" | "error"} [kind] */
export function toast(words, kind = "info") {
  const made = element("p", { class: `toast ${kind}` }, icon(kind === "error" ? "alert" : "check"), words);
  const place = $("toasts");
  place.append(made);
  while (place.children.length > 3) place.firstChild.remove();
  setTimeout(() => made.remove(), TOAST_TIME);
}

/** At most one call a frame. @param {() => void} work @returns {() => void} */
export function eachFrame(work) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      work();
    });
  };
}

/** Whether what is typed or pasted there is text for it. @param {EventTarget | null} place */
export const takesText = (place) =>
  place instanceof Element && place.matches("textarea, input:not([type=range], [type=checkbox], [type=radio])");

/** The phone's layout; the same width as in css/phone.css. */
export const narrow = () => matchMedia("(max-width: 860px)").matches;

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
