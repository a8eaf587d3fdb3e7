/**
 * The text: one row a line. The list is one tab stop; ↑ ↓ move between lines, ← → between a line's doubtful characters,
 * Enter edits the line or opens the chooser at a character.
 */

import { isChanged, isDoubtful, rewritten, textOf } from "./cells.js";
import { $, calm, eachFrame, element, icon, name, narrow, say } from "./dom.js";
import { inEachLanguage, percent, t } from "./i18n.js";
import { recall, remember } from "./prefs.js";
import { drawStrip } from "./strip.js";

/** @typedef {import("./state.js").Line} Line @typedef {import("./cells.js").Cell} Cell */

const STRIP_HEIGHT = 28; // CSS pixels

export class Lines {
  /** @type {Map<Line, HTMLLIElement>} */ #rows = new Map();
  /** @type {IntersectionObserver} */ #seen;
  /** @type {HTMLLIElement | null} */ #stop = null; // the row that Tab comes to

  /**
   * @param {import("./state.js").Store} store @param {import("./viewer.js").Viewer} viewer
   * @param {(line: Line, cell: number) => void} choose open the chooser there
   */
  constructor(store, viewer, choose) {
    this.store = store;
    this.viewer = viewer;
    this.choose = choose;
    this.list = $("lines");
    this.#seen = new IntersectionObserver((entries) => this.#appear(entries), { root: $("lines-place"), rootMargin: "300px" });
    this.#switchStrips(recall("strips") === "on" || (recall("strips") === null && narrow()));
    const all = eachFrame(() => this.#all());
    store.on("current threshold", all);
    store.on("lines", ({ picture }) => picture === store.current && all());
    store.on("page", ({ picture }) => picture === store.current && this.#heads()); // the rows stay: one may be written in
    store.on("line", ({ picture, line }) => picture === store.current && this.#one(line));
    store.on("cursor", ({ by }) => this.#point(by));
    store.on("hover", ({ line }) => this.#rows.forEach((row, one) => row.classList.toggle("near", one === line)));
    viewer.image.addEventListener("load", () => this.#strips());
    inEachLanguage(all);
    this.#listen();
  }

  /** @param {Line} line @param {number | null} cell @returns {HTMLElement | null} */
  at(line, cell) {
    const row = this.#rows.get(line);
    return (cell === null ? row : row?.querySelector(`[data-cell="${cell}"]`)) ?? null;
  }

  /** @param {Line} line @param {number | null} [cell] */
  focus(line, cell = null) {
    const place = this.at(line, cell) ?? this.#rows.get(line);
    place?.focus({ preventScroll: true });
    this.#rows.get(line)?.scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
  }

  #all() {
    const focused = this.list.contains(document.activeElement);
    const lines = this.store.current?.lines ?? [];
    this.#seen.disconnect();
    this.#rows = new Map(lines.map((line) => [line, this.#row(line)]));
    this.list.replaceChildren(...this.#rows.values());
    this.#heads();
    this.#rove();
    if (focused && this.store.cursor) this.focus(this.store.cursor.line, this.store.cursor.cell);
  }

  /** @param {Line} line */
  #one(line) {
    const old = this.#rows.get(line);
    const row = this.#row(line);
    const focused = old?.contains(document.activeElement);
    this.#rows.set(line, row);
    if (old) old.replaceWith(row);
    else {
      row.classList.add("new");
      this.list.append(row);
    }
    this.#head(line, this.store.current?.lines[line.index - 1]);
    this.#rove();
    if (focused) row.focus({ preventScroll: true });
  }

  /** @param {Line} line @returns {HTMLLIElement} */
  #row(line) {
    const words = element("div", { class: "words", lang: /[\u3400-\u9fff]/.test(line.read) ? "zh-CN" : "en" });
    let run = "";
    const flush = () => {
      if (run) words.append(run);
      run = "";
    };
    line.cells.forEach((cell, at) => {
      const mark = this.#mark(cell, at);
      if (!mark) run += cell.text;
      else {
        flush();
        words.append(mark);
      }
    });
    flush();
    if (!line.cells.length) words.append(element("span", { class: "emptied" }, t("line.empty")));
    const edit = element("button", { type: "button", class: "button quiet square edit", tabIndex: -1 }, icon("edit"));
    name(edit, t("line.edit", line.index + 1));
    const strip = element("canvas", { class: "strip", width: 0, height: 0, "aria-hidden": "true" });
    const row = element("li", { class: "line", tabIndex: -1, "data-line": line.index },
      element("span", { class: "number", "aria-hidden": "true" }, String(line.index + 1)),
      element("div", { class: "body" }, strip, words), edit);
    row.classList.toggle("on", this.store.cursor?.line === line);
    this.#seen.observe(row);
    return row;
  }

  /** A span of its own for a character that is doubtful, or that a person chose. @param {Cell} cell @param {number} at */
  #mark(cell, at) {
    const doubtful = isDoubtful(cell, this.store.threshold);
    const shown = cell.text.trim() ? cell.text : t("char.blank");
    if (!doubtful && !(cell.settled && cell.char)) return null;
    const label = doubtful
      ? t("char.label", shown, percent(cell.char?.confidence ?? 0))
      : isChanged(cell) ? t("char.changed", shown, cell.char?.text.trim() ? cell.char.text : t("char.blank")) : t("char.settled", shown);
    const kind = doubtful ? "doubtful" : isChanged(cell) ? "changed" : "settled";
    const blank = cell.text.trim() ? "" : " blank";
    const low = doubtful && (cell.char?.confidence ?? 1) < this.store.threshold / 2 ? " low" : "";
    const made = element("span", { class: `mark ${kind}${blank}${low}`, role: "button", tabIndex: -1, "data-cell": at }, cell.text);
    made.setAttribute("aria-haspopup", "dialog");
    name(made, label);
    return made;
  }

  #heads() {
    const lines = this.store.current?.lines ?? [];
    lines.forEach((line, at) => this.#head(line, lines[at - 1]));
  }

  /** Where there are several pages, each has a head. @param {Line} line @param {Line | undefined} before */
  #head(line, before) {
    const row = this.#rows.get(line);
    if (row && (this.store.current?.pages.length ?? 0) > 1 && line.page !== before?.page) row.dataset.page = t("text.page", line.page + 1);
  }

  /** One tab stop: the line that is looked at, or the first. */
  #rove() {
    const line = this.store.cursor?.line ?? this.store.current?.lines[0];
    const stop = line ? (this.#rows.get(line) ?? null) : null;
    for (const [row, order] of /** @type {const} */ ([[this.#stop, -1], [stop, 0]])) {
      if (!row) continue;
      row.tabIndex = order;
      /** @type {HTMLElement} */ (row.querySelector(".edit")).tabIndex = order;
    }
    this.#stop = stop;
  }

  /** @param {string} by */
  #point(by) {
    const { cursor } = this.store;
    for (const [line, row] of this.#rows) row.classList.toggle("on", line === cursor?.line);
    for (const mark of this.list.querySelectorAll(".mark.at")) mark.classList.remove("at");
    if (cursor && cursor.cell !== null) this.at(cursor.line, cursor.cell)?.classList.add("at");
    this.#rove();
    if (cursor && by === "picture") {
      this.#rows.get(cursor.line)?.scrollIntoView({ block: "center", behavior: calm() ? "auto" : "smooth" });
    }
  }

  /** @param {Line} line */
  edit(line) {
    const row = this.#rows.get(line);
    const words = row?.querySelector(".words");
    if (!row || !words || row.classList.contains("editing")) return;
    this.store.look(line, null, "lines");
    const label = t("line.editing", line.index + 1);
    const box = element("textarea", { class: "editor", rows: 1, value: textOf(line.cells), spellcheck: false, "aria-label": label });
    const grow = () => {
      box.style.height = "auto";
      box.style.height = `${box.scrollHeight}px`;
    };
    let open = true;
    const close = (/** @type {boolean} */ keep, /** @type {boolean} */ refocus) => {
      if (!open) return;
      open = false;
      const text = box.value.replace(/\s*[\r\n]+\s*/g, " ");
      const changed = keep && text !== textOf(line.cells) && this.store.edit(line, rewritten(line.cells, text));
      if (!changed) this.#one(line);
      if (refocus) this.focus(line);
    };
    box.addEventListener("keydown", (event) => {
      if (event.isComposing) return; // Enter and Escape belong to the input method
      if (event.key === "Enter" || event.key === "Escape") {
        event.preventDefault();
        close(event.key === "Enter", true);
      }
      event.stopPropagation();
    });
    box.addEventListener("input", grow);
    box.addEventListener("blur", () => close(true, false));
    row.classList.add("editing");
    words.replaceWith(box);
    grow();
    box.focus();
    box.setSelectionRange(box.value.length, box.value.length);
    say(label);
  }

  #listen() {
    this.list.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const { line, mark, edit } = this.#hit(event);
      if (!line) return;
      if (edit) this.edit(line);
      else if (mark) this.choose(line, Number(mark.dataset.cell));
      else this.store.look(line, null, "lines");
    });
    this.list.addEventListener("dblclick", (/** @type {MouseEvent} */ event) => {
      const { line, mark, edit } = this.#hit(event);
      if (line && !mark && !edit) this.edit(line);
    });
    this.list.addEventListener("focusin", (/** @type {FocusEvent} */ event) => {
      const { line, mark } = this.#hit(event);
      if (line) this.store.look(line, mark ? Number(mark.dataset.cell) : null, "lines");
    });
    this.list.addEventListener("pointerover", (/** @type {PointerEvent} */ event) => {
      const { line, row } = this.#hit(event);
      this.viewer.light(line);
      this.#rows.forEach((one) => one.classList.toggle("near", one === row));
    });
    this.list.addEventListener("pointerleave", () => {
      this.viewer.light(null);
      this.#rows.forEach((one) => one.classList.remove("near"));
    });
    this.list.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    $("strips").addEventListener("click", () => {
      const on = !this.list.classList.contains("with-strips");
      remember("strips", on ? "on" : "off");
      this.#switchStrips(on);
    });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { line, row, mark, edit } = this.#hit(event);
    if (!line || !row || edit || event.ctrlKey || event.metaKey || event.altKey) return;
    const lines = this.store.current?.lines ?? [];
    const marks = /** @type {HTMLElement[]} */ ([...row.querySelectorAll(".mark")]);
    const at = mark ? marks.indexOf(mark) : -1;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = lines[lines.indexOf(line) + (event.key === "ArrowDown" ? 1 : -1)];
      if (next) this.focus(next);
    } else if (event.key === "Home" || event.key === "End") this.focus(lines[event.key === "Home" ? 0 : lines.length - 1]);
    else if (event.key === "ArrowRight" && marks[at + 1]) marks[at + 1].focus();
    else if (event.key === "ArrowLeft" && at >= 0) (marks[at - 1] ?? /** @type {HTMLElement} */ (row)).focus();
    else if (event.key === "Enter" || event.key === " ") mark ? this.choose(line, Number(mark.dataset.cell)) : this.edit(line);
    else return;
    event.preventDefault();
  }

  /** @param {Event} event */
  #hit(event) {
    const target = /** @type {Element} */ (event.target);
    const row = target.closest("li.line");
    const line = this.store.current?.lines[Number(/** @type {HTMLElement | null} */ (row)?.dataset.line ?? -1)] ?? null;
    return { line, row, mark: /** @type {HTMLElement | null} */ (target.closest(".mark")), edit: target.closest(".edit") };
  }

  /** @param {boolean} on */
  #switchStrips(on) {
    this.list.classList.toggle("with-strips", on);
    $("strips").setAttribute("aria-pressed", String(on));
    if (on) this.#strips();
  }

  /** Cut them anew, when next in view. */
  #strips() {
    for (const row of this.#rows.values()) {
      this.#seen.unobserve(row);
      this.#seen.observe(row);
    }
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #appear(entries) {
    if (!this.list.classList.contains("with-strips")) return;
    for (const { target, isIntersecting } of entries) {
      const line = isIntersecting && this.store.current?.lines[Number(/** @type {HTMLElement} */ (target).dataset.line)];
      const page = line && this.store.current?.pages[line.page];
      const canvas = target.querySelector("canvas");
      if (!line || !page || !canvas || line.page !== 0 || !this.viewer.source) continue;
      drawStrip(canvas, this.viewer.source, page, line.quad, { height: STRIP_HEIGHT, most: target.clientWidth - 88 });
    }
  }
}
