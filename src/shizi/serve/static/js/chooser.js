/**
 * The small window at a doubtful character: what stands on the picture, what it may be, and room to write another.
 * Digits or ↑ ↓ and Enter choose; N, P, F8 go on to the next or previous doubtful character.
 */

import { places, replaced } from "./cells.js";
import { $, element, icon, name, narrow, say } from "./dom.js";
import { percent, t } from "./i18n.js";
import { drawStrip, longer } from "./strip.js";

/** @typedef {import("./state.js").Line} Line */

const GAP = 8; // CSS pixels between the character and the window
const CUT = { height: 50, most: 240, margin: 0.15 };

export class Chooser {
  /** @type {{line: Line, cell: number} | null} */ #open = null;

  /** @param {import("./state.js").Store} store @param {import("./viewer.js").Viewer} viewer */
  constructor(store, viewer) {
    this.store = store;
    this.viewer = viewer;
    this.box = $("chooser");
    /** Who knows where the character stands in the text. @type {import("./lines.js").Lines | null} */
    this.lines = null;
    this.box.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    document.addEventListener("pointerdown", (event) => {
      if (this.isOpen && !this.box.contains(/** @type {Node} */ (event.target))) this.close(false);
    });
    store.on("current threshold", () => this.close(false));
    store.on("lines history", ({ picture }) => picture === store.current && this.close(false));
    $("lines-place").addEventListener("scroll", () => this.#place(), { passive: true });
    addEventListener("resize", () => this.#place());
  }

  get isOpen() {
    return this.#open !== null;
  }

  /** @param {Line} line @param {number} cell */
  open(line, cell) {
    this.#open = { line, cell };
    this.store.look(line, cell, "keys");
    this.lines?.at(line, null)?.scrollIntoView({ block: "nearest" });
    this.box.replaceChildren(...this.#inside(line, cell));
    this.box.hidden = false;
    this.#cut(line, cell);
    this.#place();
    this.box.querySelector(".choice").focus({ preventScroll: true });
  }

  /** @param {boolean} refocus put the focus back to the character */
  close(refocus = true) {
    if (!this.#open) return;
    const { line, cell } = this.#open;
    this.#open = null;
    this.box.hidden = true;
    this.box.replaceChildren();
    if (refocus) this.lines?.focus(line, cell);
  }

  /** To the next doubtful character, from where the person looks. @param {1 | -1} step */
  walk(step) {
    const doubts = this.store.doubts();
    if (!doubts.length) return say(t("doubt.none"));
    const { line, cell } = this.#open ?? { line: this.store.cursor?.line, cell: this.store.cursor?.cell ?? null };
    const [index, at] = [line?.index ?? -1, cell ?? (step > 0 ? -1 : Infinity)];
    const after = doubts.filter((one) => one.line.index > index || (one.line.index === index && one.cell > at));
    const before = doubts.filter((one) => one.line.index < index || (one.line.index === index && one.cell < at));
    const next = step > 0 ? after[0] : before.at(-1);
    if (!next) say(t("doubt.end"));
    const { line: to, cell: which } = next ?? (step > 0 ? doubts[0] : doubts[doubts.length - 1]);
    this.store.emit("walk");
    this.open(to, which);
  }

  /** @param {Line} line @param {number} at @returns {HTMLElement[]} */
  #inside(line, at) {
    const cell = line.cells[at];
    const doubts = this.store.doubts();
    const rank = doubts.findIndex((one) => one.line === line && one.cell === at);
    const read = cell.char ? [{ text: cell.char.text, confidence: cell.char.confidence }] : [];
    const choices = [...read, ...(cell.char?.alternatives ?? [])];
    const close = element("button", { type: "button", class: "button quiet square", onclick: () => this.close() }, icon("close"));
    name(close, t("choose.close"));
    const words = { placeholder: t("choose.other"), "aria-label": t("choose.other") };
    const other = element("input", { type: "text", class: "other", maxLength: 20, autocomplete: "off", spellcheck: false, ...words });
    const form = element("form", { class: "other-form" }, other, element("button", { class: "button" }, t("choose.use")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (other.value) this.#use(other.value);
    });
    const go = (/** @type {1 | -1} */ step, /** @type {string} */ key, /** @type {string} */ sign) => {
      const button = element("button", { type: "button", class: "button quiet square", onclick: () => this.walk(step) }, icon(sign));
      name(button, t(/** @type {any} */ (key)));
      return button;
    };
    return [
      element("div", { class: "chooser-head" },
        element("h2", { id: "chooser-title" }, t("choose.title"), unseen(` ${t("choose.line", line.index + 1)}`)), close),
      element("div", { class: "cut" }, element("canvas", { "aria-hidden": "true" })),
      element("div", { class: "choices", role: "group", "aria-labelledby": "chooser-title" },
        ...choices.map((choice, index) => this.#choice(choice, index, cell.text))),
      form,
      element("div", { class: "chooser-foot" },
        element("button", { type: "button", class: "button quiet delete", onclick: () => this.#use("") },
          icon("trash"), t("choose.delete")),
        element("span", { class: "rank" }, ...(rank < 0 ? [] : [
          element("span", { "aria-hidden": "true" }, `${rank + 1} / ${doubts.length}`),
          unseen(t("choose.place", rank + 1, doubts.length)),
        ])),
        go(-1, "doubt.previous", "up"), go(1, "doubt.next", "down")),
    ];
  }

  /** @param {{text: string, confidence: number}} choice @param {number} index @param {string} now */
  #choice({ text, confidence }, index, now) {
    const share = percent(confidence);
    const meter = element("span", { class: "meter", "aria-hidden": "true" }, element("span", { class: "meter-fill" }));
    /** @type {HTMLElement} */ (meter.firstChild).style.width = `${confidence * 100}%`;
    const blank = !text.trim();
    const made = element("button", { type: "button", class: "choice", "aria-pressed": text === now, onclick: () => this.#use(text) },
      element("kbd", { "aria-hidden": "true" }, String(index + 1)),
      element("span", { class: blank ? "glyph blank" : "glyph" }, blank ? t("char.blank") : text),
      element("span", { class: "note" }, index === 0 ? t("choose.read") : ""),
      meter, element("span", { class: "share", "aria-label": t("choose.share", share) }, share));
    return made;
  }

  /** What stands there on the picture, with its neighbours dimmed. @param {Line} line @param {number} at */
  #cut(line, at) {
    const holder = this.box.querySelector(".cut");
    const page = this.store.current?.pages[line.page];
    const image = this.viewer.source;
    holder.hidden = !image;
    if (!image || !page) return;
    const quad = places(line.cells, line.quad)[at];
    const canvas = holder.querySelector("canvas");
    const scale = drawStrip(canvas, image, page, longer(quad, 1), CUT);
    const context = canvas.getContext("2d");
    const ratio = canvas.width / parseFloat(canvas.style.width);
    const [a, b, , d] = quad;
    const across = Math.hypot(d[0] - a[0], d[1] - a[1]);
    const start = across * (1 + CUT.margin) * scale * ratio;
    const end = start + Math.hypot(b[0] - a[0], b[1] - a[1]) * scale * ratio;
    context.resetTransform();
    context.fillStyle = getComputedStyle(holder).getPropertyValue("--veil");
    context.fillRect(0, 0, start, canvas.height);
    context.fillRect(end, 0, canvas.width - end, canvas.height);
  }

  /** @param {string} text */
  #use(text) {
    if (!this.#open) return;
    const { line, cell } = this.#open;
    this.close(false);
    this.store.edit(line, replaced(line.cells, cell, text));
    this.store.look(line, Math.min(cell, line.cells.length - 1), "keys");
    this.lines?.focus(line, cell);
  }

  #place() {
    if (!this.#open) return;
    const mark = this.lines?.at(this.#open.line, this.#open.cell) ?? this.lines?.at(this.#open.line, null);
    if (!mark || narrow()) return this.box.removeAttribute("style"); // a sheet at the foot
    const { left, bottom, top } = mark.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.box;
    const below = bottom + GAP + height < innerHeight || top < height + GAP;
    this.box.style.left = `${Math.max(GAP, Math.min(left - 24, innerWidth - width - GAP))}px`;
    this.box.style.top = `${Math.max(GAP, below ? Math.min(bottom + GAP, innerHeight - height - GAP) : top - GAP - height)}px`;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const writing = /** @type {Element} */ (event.target).matches("input");
    const choices = [...this.box.querySelectorAll(".choice")];
    if (event.key === "Escape") this.close();
    else if (event.key === "Tab") this.#wrap(event);
    else if (!writing && /^[1-9]$/.test(event.key) && choices[Number(event.key) - 1]) choices[Number(event.key) - 1].click();
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const places = [...choices, this.box.querySelector(".other")];
      const at = places.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
      places[(at + places.length) % places.length].focus();
    } else return;
    if (event.key !== "Tab") event.preventDefault();
    event.stopPropagation();
  }

  /** Tab goes round inside. @param {KeyboardEvent} event */
  #wrap(event) {
    const stops = [...this.box.querySelectorAll("button, input")];
    const [first, last] = [stops[0], stops[stops.length - 1]];
    if (document.activeElement !== (event.shiftKey ? first : last)) return;
    event.preventDefault();
    (event.shiftKey ? last : first).focus();
  }
}

/** For screen readers alone. @param {string} words */
const unseen = (words) => element("span", { class: "unseen" }, words);
