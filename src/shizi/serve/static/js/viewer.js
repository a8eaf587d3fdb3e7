/**
 * The picture: zoomed with wheel, pinch, buttons and keys, moved by dragging, with the lines' boxes drawn over it.
 * The sheet has the size of the picture times the zoom, so that the boxes' strokes stay thin at every zoom.
 */

import { isDoubtful, outline, places } from "./cells.js";
import { $, calm, drawn, eachFrame } from "./dom.js";
import { percent, t } from "./i18n.js";

const STEP = 1.25; // one press of a zoom button
const MOST = 12; // screen pixels for one of the picture
const NUDGE = 60; // screen pixels that an arrow key moves
const STILL = 5; // screen pixels below which a press is a click
const MARGIN = 16; // screen pixels around a fitted picture

/** @typedef {import("./cells.js").Quad} Quad @typedef {{x: number, y: number}} Point */

export class Viewer {
  page = 0;
  #zoom = 1;
  /** @type {Point} */ #at = { x: 0, y: 0 }; // the sheet's corner on the stage
  #fitted = true;
  #size = { width: 0, height: 0 };
  /** @type {Map<number, Point>} */ #fingers = new Map();
  #moved = 0;

  /** @param {import("./state.js").Store} store */
  constructor(store) {
    this.store = store;
    this.stage = $("stage");
    this.sheet = $("sheet");
    this.image = $("image");
    this.overlay = $("overlay");
    this.draw = eachFrame(() => this.#draw());
    this.image.addEventListener("load", () => this.#measure());
    this.image.addEventListener("error", () => this.#measure());
    this.#listen();
    store.on("current", () => this.#show());
    store.on("lines page line threshold", ({ picture }) => {
      if (picture && picture !== store.current) return;
      if (store.current?.pages[this.page]) this.#measure();
      this.draw();
    });
    store.on("status", ({ picture }) => picture === store.current && this.draw());
    store.on("cursor", ({ by }) => this.#follow(by));
  }

  /** The element that the strips and the chooser cut their pieces from; null where the browser cannot show it. */
  get source() {
    return this.page === 0 && this.image.naturalWidth > 0 ? this.image : null;
  }

  #show() {
    const picture = this.store.current;
    this.page = 0;
    this.#size = { width: 0, height: 0 };
    this.#fitted = true;
    this.sheet.hidden = true;
    $("no-preview").hidden = true;
    if (picture) this.image.src = picture.url;
    else this.image.removeAttribute("src");
    this.stage.setAttribute("aria-label", t("view.stage", picture?.file.name ?? ""));
    this.draw();
  }

  /** @param {number} page */
  turn(page) {
    this.page = page;
    this.#measure();
    this.draw();
  }

  /** The server's word on the size counts: it has seen every page, the browser perhaps none. */
  #measure() {
    const read = this.store.current?.pages[this.page];
    const { naturalWidth, naturalHeight, complete } = this.image;
    const width = read?.width ?? naturalWidth;
    const height = read?.height ?? naturalHeight;
    this.image.hidden = !this.source;
    this.sheet.hidden = width === 0;
    $("no-preview").hidden = Boolean(this.source) || !complete;
    const resized = width !== this.#size.width || height !== this.#size.height;
    this.#size = { width, height };
    this.overlay.setAttribute("viewBox", `0 0 ${width} ${height}`);
    if (resized) this.fit();
  }

  fit() {
    const { clientWidth, clientHeight } = this.stage;
    const { width, height } = this.#size;
    if (!width || !clientWidth) return;
    this.#fitted = true;
    this.#zoom = Math.min((clientWidth - 2 * MARGIN) / width, (clientHeight - 2 * MARGIN) / height, 2);
    this.#at = { x: (clientWidth - width * this.#zoom) / 2, y: (clientHeight - height * this.#zoom) / 2 };
    this.#place();
  }

  /** @param {number} factor @param {Point} [fixed] the place on the stage that stays where it is; else the middle */
  zoomBy(factor, fixed = { x: this.stage.clientWidth / 2, y: this.stage.clientHeight / 2 }) {
    const least = Math.min(1, 100 / Math.max(this.#size.width, this.#size.height));
    const zoom = Math.min(MOST, Math.max(least, this.#zoom * factor));
    const ratio = zoom / this.#zoom;
    this.#zoom = zoom;
    this.#moveTo(fixed.x - (fixed.x - this.#at.x) * ratio, fixed.y - (fixed.y - this.#at.y) * ratio);
  }

  /** Never so far that nothing of the picture is left in view. @param {number} x @param {number} y */
  #moveTo(x, y) {
    const { clientWidth, clientHeight } = this.stage;
    const [w, h] = [this.#size.width * this.#zoom, this.#size.height * this.#zoom];
    const keep = 48;
    this.#at = {
      x: Math.min(clientWidth - keep, Math.max(keep - w, x)),
      y: Math.min(clientHeight - keep, Math.max(keep - h, y)),
    };
    this.#fitted = false;
    this.#place();
  }

  #place() {
    const { style } = this.sheet;
    style.width = `${this.#size.width * this.#zoom}px`;
    style.height = `${this.#size.height * this.#zoom}px`;
    style.transform = `translate(${this.#at.x}px, ${this.#at.y}px)`;
    $("zoom").textContent = percent(this.#zoom);
  }

  #draw() {
    const { current: picture, cursor, threshold } = this.store;
    const page = picture?.pages[this.page];
    this.overlay.replaceChildren();
    $("beam").hidden = !picture || !["sending", "queued", "reading"].includes(picture.status);
    if (!picture || !page) return;
    const lines = picture.lines.filter((line) => line.page === this.page);
    const read = new Set(lines.map((line) => line.found));
    if (picture.status === "reading") {
      page.quads.forEach((quad, at) => read.has(at) || this.overlay.append(polygon(quad, "box found")));
    }
    for (const line of lines) {
      this.overlay.append(polygon(outline(line.cells, line.quad), `box read${cursor?.line === line ? " on" : ""}`, line.index));
      for (const cell of line.cells) {
        if (isDoubtful(cell, threshold) && cell.char) this.overlay.append(foot(cell.char.quad));
      }
    }
    if (cursor && cursor.cell !== null && cursor.line.page === this.page && cursor.line.cells[cursor.cell]) {
      this.overlay.append(polygon(places(cursor.line.cells, cursor.line.quad)[cursor.cell], "box char"));
    }
  }

  /** Bring the line that is looked at into view. @param {string} by */
  #follow(by) {
    const line = this.store.cursor?.line;
    if (line && line.page !== this.page) this.turn(line.page);
    this.draw();
    if (!line || by === "picture" || by === "hover" || this.#fitted) return;
    const xs = line.quad.map(([x]) => this.#at.x + x * this.#zoom);
    const ys = line.quad.map(([, y]) => this.#at.y + y * this.#zoom);
    const shift = (/** @type {number} */ low, /** @type {number} */ high, /** @type {number} */ room) =>
      low < MARGIN ? MARGIN - low : high > room - MARGIN ? Math.max(room - MARGIN - high, MARGIN - low) : 0;
    const dx = shift(Math.min(...xs), Math.max(...xs), this.stage.clientWidth);
    const dy = shift(Math.min(...ys), Math.max(...ys), this.stage.clientHeight);
    if (!dx && !dy) return;
    this.sheet.classList.toggle("glide", !calm());
    this.#moveTo(this.#at.x + dx, this.#at.y + dy);
    setTimeout(() => this.sheet.classList.remove("glide"), 250);
  }

  #listen() {
    const { stage } = this;
    $("zoom-in").addEventListener("click", () => this.zoomBy(STEP));
    $("zoom-out").addEventListener("click", () => this.zoomBy(1 / STEP));
    $("zoom-fit").addEventListener("click", () => this.fit());
    $("boxes").addEventListener("click", () => {
      const on = $("boxes").getAttribute("aria-pressed") !== "true";
      $("boxes").setAttribute("aria-pressed", String(on));
      this.overlay.classList.toggle("off", !on);
    });
    new ResizeObserver(() => this.#fitted && this.fit()).observe(stage);
    stage.addEventListener("wheel", (/** @type {WheelEvent} */ event) => {
      event.preventDefault();
      const rows = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      this.zoomBy(Math.exp((-event.deltaY * rows) / (event.ctrlKey ? 100 : 400)), this.#on(event));
    }, { passive: false });
    stage.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const [dx, dy] = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [0, 0];
      if (dx || dy) this.#moveTo(this.#at.x + dx * NUDGE, this.#at.y + dy * NUDGE);
      else if (event.key === "+" || event.key === "=") this.zoomBy(STEP);
      else if (event.key === "-") this.zoomBy(1 / STEP);
      else if (event.key === "0") this.fit();
      else return;
      event.preventDefault();
    });
    stage.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => this.#down(event));
    stage.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this.#move(event));
    for (const type of ["pointerup", "pointercancel"]) {
      stage.addEventListener(type, (/** @type {PointerEvent} */ event) => this.#up(event));
    }
    stage.addEventListener("pointerleave", () => this.#hover(null));
  }

  /** @param {MouseEvent} event @returns {Point} */
  #on(event) {
    const { left, top } = this.stage.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button > 0) return;
    if (!this.#fingers.size) this.#moved = 0;
    this.#fingers.set(event.pointerId, this.#on(event));
  }

  /** One finger moves the picture, two zoom it. @param {PointerEvent} event */
  #move(event) {
    const before = this.#fingers.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "mouse") this.#hover(this.#lineAt(event));
      return;
    }
    const now = this.#on(event);
    const others = [...this.#fingers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    this.#moved += Math.hypot(now.x - before.x, now.y - before.y);
    if (this.#moved < STILL) return;
    this.stage.setPointerCapture(event.pointerId);
    this.stage.classList.add("moving");
    this.#fingers.set(event.pointerId, now);
    if (others.length) {
      const [other] = others;
      const apart = (/** @type {Point} */ p) => Math.hypot(p.x - other.x, p.y - other.y) || 1;
      this.zoomBy(apart(now) / apart(before), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
    } else this.#moveTo(this.#at.x + now.x - before.x, this.#at.y + now.y - before.y);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    const pressed = this.#fingers.delete(event.pointerId);
    if (!this.#fingers.size) this.stage.classList.remove("moving");
    if (!pressed || event.type === "pointercancel" || this.#moved >= STILL) return;
    this.store.look(this.#lineAt(event), null, "picture");
  }

  /** @param {PointerEvent} event */
  #lineAt(event) {
    const [hit] = document.elementsFromPoint(event.clientX, event.clientY).filter((one) => one.matches?.(".box.read"));
    const index = Number(/** @type {SVGElement | undefined} */ (hit)?.dataset.line ?? -1);
    return this.store.current?.lines.find((line) => line.index === index) ?? null;
  }

  /** @param {import("./state.js").Line | null} line */
  #hover(line) {
    for (const box of this.overlay.querySelectorAll(".box.read")) box.classList.toggle("near", box.dataset.line === String(line?.index));
    this.stage.classList.toggle("pointing", Boolean(line));
    this.store.emit("hover", { line });
  }

  /** From the list: its box lights up. @param {import("./state.js").Line | null} line */
  light(line) {
    for (const box of this.overlay.querySelectorAll(".box.read")) box.classList.toggle("near", box.dataset.line === String(line?.index));
  }
}

/** @param {Quad} quad @param {string} kind @param {number} [line] */
function polygon(quad, kind, line) {
  const made = drawn("polygon", { class: kind, points: quad.map((point) => point.join(",")).join(" ") });
  if (line !== undefined) made.dataset.line = String(line);
  return made;
}

/** The mark under a doubtful character. @param {Quad} quad */
function foot([, , right, left]) {
  return drawn("line", { class: "foot", x1: left[0], y1: left[1], x2: right[0], y2: right[1] });
}
