/**
 * What the page knows: the pictures, what was read from each, what the person changed, and how to undo it. No DOM here;
 * whoever shows something listens to the store's events:
 *
 *   pictures  one was added or taken away            current  another one is shown
 *   status    {picture}: it waits, is read, failed…  lines    {picture}: all its lines are gone
 *   page      {picture}: one more is found           line     {picture, line}: a line came or changed
 *   cursor    another line or character is looked at
 *   threshold what counts as doubtful moved          history  {picture}: undo, redo or its unsaved edits changed
 */

import { cellsOf, isChanged, isDoubtful, textOf } from "./cells.js";

/**
 * @typedef {import("./cells.js").Cell} Cell
 * @typedef {import("./cells.js").Quad} Quad
 * @typedef {{page: number, index: number, found: number, text: string, confidence: number, quad: Quad,
 *   chars: import("./cells.js").Char[]}} Answer a line as the server sends it
 * @typedef {{index: number, page: number, found: number, read: string, confidence: number, quad: Quad,
 *   cells: readonly Cell[], sent: string | null}} Line sent: the text that was handed in as a correction
 * @typedef {{width: number, height: number, quads: Quad[]}} Page
 * @typedef {"waiting" | "sending" | "queued" | "reading" | "done" | "failed"} Status
 * @typedef {{id: number, file: File, url: string, status: Status, ahead: number | null, pages: Page[], lines: Line[],
 *   left: Left[], seconds: number, unsaved: boolean, error: {code: string, words: string} | null}} Picture
 *   ahead: pictures before it in the queue; null where the server was too busy to take it
 *   unsaved: it holds edits that are only on this page, neither copied nor downloaded
 * @typedef {{text: string, confidence: number}} Left what was read at a place that is not among the lines: too unsure
 * @typedef {{picture: Picture, line: Line, before: readonly Cell[], after: readonly Cell[]}} Step
 */

/** @param {Line} line @returns {boolean} a person wrote something else than was read */
export const isEdited = (line) => textOf(line.cells) !== line.read;

/** @param {Line} line @returns {boolean} worth handing in: changed, or confirmed character by character */
export const isCorrection = (line) =>
  line.sent !== textOf(line.cells) && line.cells.some((cell) => (cell.settled && cell.char !== null) || isChanged(cell) || isEdited(line));

export class Store extends EventTarget {
  /** @type {Picture[]} */ pictures = [];
  /** @type {Picture | null} */ current = null;
  threshold = 0.8;
  /** The line looked at and, where it is one of its characters, which. @type {{line: Line, cell: number | null} | null} */
  cursor = null;
  /** @type {Step[]} */ done = [];
  /** @type {Step[]} */ undone = [];
  #ids = 0;

  /** @param {string} type @param {object} [detail] */
  emit(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** @param {string} types separated by blanks @param {(detail: any) => void} listener */
  on(types, listener) {
    for (const type of types.split(" ")) this.addEventListener(type, (event) => listener(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {File} file @returns {Picture} */
  add(file) {
    /** @type {Picture} */
    const picture = { id: ++this.#ids, file, url: URL.createObjectURL(file), ...fresh() };
    this.pictures.push(picture);
    this.emit("pictures");
    if (!this.current) this.show(picture);
    return picture;
  }

  /** @param {Picture} picture */
  remove(picture) {
    const at = this.pictures.indexOf(picture);
    this.pictures.splice(at, 1);
    this.done = this.done.filter((step) => step.picture !== picture);
    this.undone = this.undone.filter((step) => step.picture !== picture);
    if (this.current === picture) this.show(this.pictures[Math.min(at, this.pictures.length - 1)] ?? null);
    URL.revokeObjectURL(picture.url);
    this.emit("pictures");
    this.emit("history", { picture });
  }

  /** @param {Picture | null} picture */
  show(picture) {
    if (this.current === picture) return;
    this.current = picture;
    this.cursor = null;
    this.emit("current");
  }

  /** Forget what was read of it. @param {Picture} picture @param {Status} status */
  restart(picture, status) {
    Object.assign(picture, fresh(), { status });
    this.done = this.done.filter((step) => step.picture !== picture);
    this.undone = this.undone.filter((step) => step.picture !== picture);
    if (this.current === picture) this.cursor = null;
    this.emit("lines", { picture });
    this.emit("status", { picture });
    this.emit("history", { picture });
  }

  /** @param {Picture} picture @param {Partial<Picture>} news */
  update(picture, news) {
    Object.assign(picture, news);
    this.emit("status", { picture });
  }

  /** @param {Picture} picture @param {Page} page */
  addPage(picture, page) {
    picture.pages.push(page);
    this.emit("page", { picture });
    this.emit("status", { picture });
  }

  /** @param {Picture} picture @param {Answer} answer */
  addLine(picture, answer) {
    const { text, chars, index, page, found, confidence, quad } = answer;
    /** @type {Line} */
    const line = { index, page, found, read: text, confidence, quad, cells: cellsOf(text, chars), sent: null };
    picture.lines.push(line);
    this.emit("line", { picture, line });
    this.emit("status", { picture });
  }

  /** @param {Line | null} line @param {number | null} [cell] @param {string} [by] who moved it: "picture", "lines", "keys" */
  look(line, cell = null, by = "keys") {
    this.cursor = line ? { line, cell } : null;
    this.emit("cursor", { by });
  }

  /** @param {number} threshold */
  setThreshold(threshold) {
    this.threshold = threshold;
    this.emit("threshold");
  }

  /** @param {Line} line @param {readonly Cell[]} cells @returns {boolean} whether anything changed */
  edit(line, cells) {
    const picture = this.pictures.find((one) => one.lines.includes(line));
    const same = cells.length === line.cells.length && cells.every((cell, at) => cell === line.cells[at]);
    if (!picture || same) return false;
    this.done.push({ picture, line, before: line.cells, after: cells });
    this.undone = [];
    this.#put(picture, line, cells);
    return true;
  }

  /** @returns {Step | undefined} what was taken back */
  undo() {
    const step = this.done.pop();
    if (step) {
      this.undone.push(step);
      this.#put(step.picture, step.line, step.before);
      step.picture.unsaved = this.done.some((one) => one.picture === step.picture);
    }
    return step;
  }

  /** @returns {Step | undefined} what was done again */
  redo() {
    const step = this.undone.pop();
    if (step) {
      this.done.push(step);
      this.#put(step.picture, step.line, step.after);
    }
    return step;
  }

  /** The person took the text of these away: copied or downloaded it. @param {Picture[]} pictures */
  saved(pictures) {
    for (const picture of pictures) {
      picture.unsaved = false;
      this.emit("history", { picture });
    }
  }

  /** @param {Picture | null} picture @returns {{line: Line, cell: number}[]} in reading order */
  doubts(picture = this.current) {
    return (picture?.lines ?? []).flatMap((line) =>
      line.cells.flatMap((cell, at) => (isDoubtful(cell, this.threshold) ? [{ line, cell: at }] : [])),
    );
  }

  /** @param {Picture} picture @param {Line} line @param {readonly Cell[]} cells */
  #put(picture, line, cells) {
    line.cells = cells;
    picture.unsaved = true;
    if (this.cursor?.line === line) this.cursor = { line, cell: null };
    this.emit("line", { picture, line });
    this.emit("history", { picture });
  }
}

/** @returns {Omit<Picture, "id" | "file" | "url">} */
function fresh() {
  return { status: "waiting", ahead: 0, pages: [], lines: [], left: [], seconds: 0, unsaved: false, error: null };
}
