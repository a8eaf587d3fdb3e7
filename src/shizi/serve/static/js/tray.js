/** The pictures in a row, each with its progress, and the button that starts the reading. */

import { mayGo } from "./dialogs.js";
import { $, element, icon, name } from "./dom.js";
import { inEachLanguage, size, t } from "./i18n.js";

/** @typedef {import("./state.js").Picture} Picture */

/** @typedef {{item: HTMLLIElement, button: HTMLButtonElement, status: HTMLElement, fill: HTMLElement, remove: HTMLButtonElement}} Item */

const BUSY = ["sending", "queued", "reading"];

/** @param {Picture} picture */
export const isBusy = (picture) => BUSY.includes(picture.status);

/** How far its reading is, in [0, 1]. @param {Picture} picture */
export function share(picture) {
  const found = picture.pages.reduce((sum, page) => sum + page.quads.length, 0);
  if (picture.status === "done") return 1;
  return picture.status === "reading" && found ? Math.min(1, picture.lines.length / found) : 0;
}

/** @param {Picture} picture */
export function statusWords(picture) {
  const found = picture.pages.reduce((sum, page) => sum + page.quads.length, 0);
  switch (picture.status) {
    case "queued": return t("status.queued", picture.ahead);
    case "reading": return t("status.reading", picture.lines.length, found);
    case "done": return t("status.done", picture.lines.length);
    default: return t(`status.${picture.status}`);
  }
}

export class Tray {
  /** @type {Map<Picture, Item>} */
  #items = new Map();

  /** @param {import("./state.js").Store} store @param {import("./reading.js").Reading} reading */
  constructor(store, reading) {
    this.store = store;
    this.reading = reading;
    store.on("pictures current", () => this.#all());
    store.on("status", ({ picture }) => this.#one(picture));
    store.on("running", () => this.#button());
    $("start").addEventListener("click", () => this.press());
    $("clear").addEventListener("click", () => this.#remove(store.pictures.filter((one) => !isBusy(one))));
    inEachLanguage(() => this.#all());
  }

  press() {
    if (this.reading.running) return this.#stop();
    const { current } = this.store;
    if (current && !this.#waiting()) this.reading.again(current);
    else void this.reading.start();
  }

  #stop() {
    if (mayGo(this.store.pictures.filter(isBusy), "stop.sure")) this.reading.stop();
  }

  /** @param {Picture[]} pictures */
  #remove(pictures) {
    if (mayGo(pictures, "picture.sure")) for (const picture of pictures) this.store.remove(picture);
  }

  #all() {
    const { pictures, current } = this.store;
    const [first, emptied] = [$("work").hidden && pictures.length > 0, $("hero").hidden && !pictures.length];
    $("hero").hidden = pictures.length > 0;
    $("work").hidden = pictures.length === 0;
    document.body.classList.toggle("working", pictures.length > 0);
    for (const [picture, { item }] of this.#items) {
      if (pictures.includes(picture)) continue;
      item.remove();
      this.#items.delete(picture);
    }
    for (const picture of pictures) {
      if (!this.#items.has(picture)) $("thumbs").append(this.#item(picture));
      const parts = this.#items.get(picture);
      parts?.button.setAttribute("aria-current", String(picture === current));
      if (picture === current) parts?.item.scrollIntoView({ block: "nearest", inline: "nearest" });
      this.#one(picture);
    }
    this.#button();
    // what was focused is gone: on to what comes next
    if (first) $("start").focus();
    else if (emptied) $("choose-first").focus();
  }

  /** @param {Picture} picture */
  #item(picture) {
    const image = element("img", { src: picture.url, alt: "", loading: "lazy", draggable: false });
    image.addEventListener("error", () => image.replaceWith(icon("image")));
    const status = element("span", { class: "status" });
    const fill = element("span", { class: "thumb-fill" });
    const { name: called, size: bytes } = picture.file;
    const about = { title: `${called} · ${size(bytes)}`, onclick: () => this.store.show(picture) };
    const button = element("button", { type: "button", class: "thumb", ...about },
      element("span", { class: "thumb-image" }, image, element("span", { class: "thumb-bar", "aria-hidden": "true" }, fill)),
      element("span", { class: "thumb-words" }, element("span", { class: "thumb-name" }, called), status));
    const remove = element("button", { type: "button", class: "remove", onclick: () => this.#remove([picture]) }, icon("close"));
    const item = element("li", {}, button, remove);
    this.#items.set(picture, { item, button, status, fill, remove });
    return item;
  }

  /** @param {Picture} picture */
  #one(picture) {
    const parts = this.#items.get(picture);
    if (!parts) return;
    parts.item.dataset.status = picture.status;
    const sign = { done: "check", failed: "alert" }[/** @type {"done" | "failed"} */ (picture.status)];
    parts.status.replaceChildren(...(sign ? [icon(sign)] : []), statusWords(picture));
    parts.fill.style.width = `${share(picture) * 100}%`;
    name(parts.remove, t("picture.remove", picture.file.name));
    parts.remove.hidden = isBusy(picture);
    this.#button();
  }

  #waiting() {
    return this.store.pictures.filter((one) => one.status === "waiting").length;
  }

  /** It starts, it stops, and when all are read it reads the one that is shown again, with other options perhaps. */
  #button() {
    const waiting = this.#waiting();
    const running = this.reading.running;
    $("start").classList.toggle("primary", waiting > 0 || running);
    $("start").classList.toggle("running", running);
    $("start-label").textContent = running ? t("stop") : waiting > 1 ? `${t("start")} (${waiting})` : t(waiting ? "start" : "start.again");
    const sign = running ? "stop" : waiting ? "scan" : "again";
    $("start-icon").querySelector("use").setAttribute("href", `#i-${sign}`); // the same icon: it may just be pressed
    $("start-count").textContent = waiting ? t("start.count", waiting) : "";
    $("clear").disabled = running;
  }
}
