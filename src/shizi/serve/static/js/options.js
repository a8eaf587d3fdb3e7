/** The options of reading: a small form that shows only what this server offers. */

import { $, element } from "./dom.js";
import { named, translate } from "./i18n.js";

export class Options {
  #form = $("options");

  constructor() {
    const [form, button] = [this.#form, $("options-open")];
    button.addEventListener("click", () => {
      this.#open(form.hidden);
      if (!form.hidden) form.querySelector("input").focus();
    });
    form.addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
    form.addEventListener("input", () => {
      // a pattern decides by itself what is read
      for (const name of ["charset", "beam", "lexicon"]) {
        const field = form.elements[name];
        field.disabled = field.closest("label").hidden || form.elements.pattern.value !== "";
      }
      button.classList.toggle("set", Object.values(this.fields()).some(Boolean));
    });
    form.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape") return;
      this.#open(false);
      button.focus();
    });
    document.addEventListener("pointerdown", ({ target }) => {
      if (!form.contains(target) && !button.contains(target)) this.#open(false);
    });
  }

  /** @param {import("./api.js").Config} config */
  configure({ options, charsets, patterns = [], limits }) {
    if (limits.max_beam) this.#form.elements.beam.max = String(limits.max_beam);
    const choices = { charset: charsets, pattern: patterns };
    for (const field of this.#form.elements) {
      const offered = options.includes(field.name);
      field.closest("label").hidden = !offered;
      field.disabled = !offered;
    }
    for (const [kind, names] of Object.entries(choices)) {
      const made = names.map((name) => element("option", { value: name, ...named(`${kind}.${name}`) }, name));
      this.#form.elements[kind].append(...made);
    }
    translate(this.#form);
  }

  /** @param {boolean} yes */
  #open(yes) {
    this.#form.hidden = !yes;
    $("options-open").setAttribute("aria-expanded", String(yes));
  }

  /** Whether each field holds what it may; if not, the first that does not is shown, and the browser says why. */
  ready() {
    if (this.#form.checkValidity()) return true;
    this.#open(true);
    return this.#form.reportValidity();
  }

  /** The form fields of a request; "" where nothing is set. @returns {Record<string, string>} */
  fields() {
    const { line, charset, pattern, beam, lexicon } = this.#form.elements;
    const fields = {
      line: line.checked ? "true" : "",
      charset: charset.value,
      pattern: pattern.value,
      beam: beam.value,
      lexicon: lexicon.value.trim(),
    };
    return Object.fromEntries(Object.entries(fields).filter(([name]) => !this.#form.elements[name].disabled));
  }
}
