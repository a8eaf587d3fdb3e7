/** What stands around the text: summary, doubt slider, progress, messages, copying, downloads, corrections. */

import { sendCorrections } from "./api.js";
import { textOf } from "./cells.js";
import { $, eachFrame, element, icon, say, toast, warn } from "./dom.js";
import { asText, copy, download } from "./export.js";
import { failureWords, inEachLanguage, language, percent, t } from "./i18n.js";
import { recall, remember } from "./prefs.js";
import { isCorrection } from "./state.js";
import { isBusy, share } from "./tray.js";

/** @typedef {import("./state.js").Picture} Picture */

export class Panel {
  /** @type {import("./api.js").Config | null} */ config = null;
  #shown = ""; // the message in #message

  /** @param {import("./state.js").Store} store @param {import("./reading.js").Reading} reading @param {() => Promise<boolean>} askToken */
  constructor(store, reading, askToken) {
    this.store = store;
    this.reading = reading;
    this.askToken = askToken;
    this.draw = eachFrame(() => this.#draw());
    store.on("current pictures lines page line status threshold history", this.draw);
    store.on("status", ({ picture }) => this.#tell(picture));
    inEachLanguage(this.draw);
    this.#slider();
    $("copy").addEventListener("click", () => void this.#copy());
    $("undo").addEventListener("click", () => this.undo());
    $("redo").addEventListener("click", () => this.redo());
    $("keep-send").addEventListener("click", () => void this.#send());
    this.#menu();
  }

  /** @param {import("./api.js").Config} config */
  configure(config) {
    this.config = config;
    if (recall("threshold") === null) this.store.setThreshold(config.doubt);
    this.draw();
  }

  undo() {
    this.#went(this.store.undo(), t("say.undone"));
  }

  redo() {
    this.#went(this.store.redo(), t("say.redone"));
  }

  /** @param {import("./state.js").Step | undefined} step @param {string} words */
  #went(step, words) {
    if (!step) return;
    this.store.show(step.picture);
    this.store.look(step.line, null, "keys");
    say(`${words}: ${textOf(step.line.cells)}`);
  }

  #slider() {
    const slider = $("threshold");
    const kept = Number(recall("threshold") ?? NaN);
    if (kept >= 0 && kept <= 1) this.store.threshold = kept;
    slider.addEventListener("input", () => {
      remember("threshold", String(slider.value / 100));
      this.store.setThreshold(slider.value / 100);
    });
  }

  #draw() {
    const { current: picture, threshold, done, undone } = this.store;
    const lines = picture?.lines ?? [];
    const chars = lines.reduce((sum, line) => sum + line.cells.filter((cell) => cell.text.trim()).length, 0);
    const doubts = this.store.doubts().length;
    $("picture-name").textContent = picture?.file.name ?? "";
    $("summary").textContent = lines.length && picture ? t("text.summary", lines.length, chars, picture.seconds) : t("text.lines");
    $("doubt").hidden = lines.length === 0;
    $("threshold").value = Math.round(threshold * 100);
    $("threshold").style.setProperty("--at", `${threshold * 100}%`);
    $("threshold").setAttribute("aria-valuetext", percent(threshold));
    $("threshold-long").textContent = t("doubt.label", percent(threshold));
    $("threshold-short").textContent = `< ${percent(threshold)}`;
    const count = doubts ? t("doubt.count", doubts) : t("doubt.none");
    if ($("doubt-count").textContent !== count) $("doubt-count").textContent = count;
    $("doubt-count").classList.toggle("some", doubts > 0);
    $("doubt-next").disabled = $("doubt-previous").disabled = doubts === 0;
    $("undo").disabled = done.length === 0;
    $("redo").disabled = undone.length === 0;
    $("copy").disabled = $("download").disabled = lines.length === 0;
    $("tab-count").hidden = doubts === 0;
    $("tab-count").textContent = String(doubts);
    this.#progress(picture);
    this.#message(picture);
    this.#left(picture);
    const all = this.#finished().length;
    $("download-scope").hidden = all < 2;
    $("scope-all").textContent = t("text.download.all", all);
    this.#keep();
  }

  /** @param {Picture | null} picture */
  #progress(picture) {
    const busy = picture !== null && isBusy(picture);
    $("bar").hidden = !busy;
    $("bar").classList.toggle("unknown", busy && picture.status !== "reading");
    if (busy && picture.status === "reading") $("bar").setAttribute("aria-valuenow", String(Math.round(share(picture) * 100)));
    else $("bar").removeAttribute("aria-valuenow");
    $("bar-fill").style.width = picture ? `${share(picture) * 100}%` : "0";
    const page = picture?.pages.at(-1);
    const read = page ? (picture?.lines ?? []).filter((line) => line.page === (picture?.pages.length ?? 0) - 1).length : 0;
    const missing = !busy ? 0 : page ? Math.min(12, page.quads.length - read) : 6;
    const bones = $("skeleton");
    bones.hidden = missing <= 0;
    while (bones.children.length > Math.max(0, missing)) bones.firstChild.remove();
    while (bones.children.length < missing) bones.append(element("div", { class: "bone" }));
  }

  /** What stands where there is no text. @param {Picture | null} picture */
  #message(picture) {
    const place = $("message");
    const none = picture?.status === "done" && picture.lines.length === 0;
    const kind = picture?.status === "failed" ? "failed" : none ? "none" : picture?.status === "waiting" ? "ready" : null;
    const { code = "", words = "" } = picture?.error ?? {};
    const note = kind === "failed" ? failureWords(code, words, this.config) : kind ? t(`text.${kind}.note`) : "";
    const shown = [picture?.id, kind, note, language()].join("\n");
    if (shown === this.#shown) return; // while others are read: the button may be focused, or just be pressed
    this.#shown = shown;
    place.hidden = kind === null;
    if (!picture || kind === null) return place.replaceChildren();
    place.className = `message ${kind}`;
    const retry = element("button", { type: "button", class: "button", onclick: () => this.reading.again(picture) }, t("text.retry"));
    const sign = icon({ failed: "alert", none: "text", ready: "scan" }[kind]);
    place.replaceChildren(sign, element("h3", {}, t(`text.${kind}`)), element("p", {}, note), ...(kind === "ready" ? [] : [retry]));
  }

  /** What was read too unsurely to stand among the lines. @param {Picture | null} picture */
  #left(picture) {
    const left = picture?.left ?? [];
    $("left").hidden = left.length === 0;
    $("left-count").textContent = t("left.count", left.length);
    $("left-list").replaceChildren(
      ...left.map((one) => element("li", {}, element("span", {}, one.text), element("small", {}, percent(one.confidence)))),
    );
  }

  /** Tell people who do not see the page what became of a picture. @param {Picture} picture */
  #tell(picture) {
    const called = picture.file.name;
    if (picture.status === "sending") say(t("say.reading", called));
    else if (picture.status === "done") say(t("say.done", called, picture.lines.length, this.store.doubts(picture).length));
    else if (picture.status === "failed" && picture.error) {
      warn(t("say.failed", called, failureWords(picture.error.code, picture.error.words, this.config)));
    }
  }

  #finished() {
    return this.store.pictures.filter((one) => one.lines.length > 0 && one.status === "done");
  }

  async #copy() {
    const picture = this.store.current;
    if (!picture) return;
    try {
      await copy(asText([picture]));
    } catch {
      return toast(t("say.copyfailed"), "error");
    }
    this.store.saved([picture]);
    $("copy-icon").replaceChildren(icon("check"));
    $("copy-label").textContent = t("text.copied");
    say(t("text.copied"));
    setTimeout(() => {
      $("copy-icon").replaceChildren(icon("copy"));
      $("copy-label").textContent = t("text.copy");
    }, 1600);
  }

  #menu() {
    const [button, menu] = [$("download"), $("download-menu")];
    const open = (/** @type {boolean} */ yes) => {
      menu.hidden = !yes;
      button.setAttribute("aria-expanded", String(yes));
      if (yes) menu.querySelector("[data-form]").focus();
    };
    button.addEventListener("click", () => open(menu.hidden));
    menu.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const chosen = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-form]"));
      if (!chosen || !this.store.current) return;
      const all = !$("download-scope").hidden && menu.querySelector("[value=all]").checked;
      const pictures = all ? this.#finished() : [this.store.current];
      download(pictures, /** @type {"txt"} */ (chosen.dataset.form));
      this.store.saved(pictures);
      open(false);
      button.focus();
    });
    const place = menu.parentElement;
    place.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      const stops = [...menu.querySelectorAll("[data-form]")];
      const at = stops.indexOf(document.activeElement);
      if (event.key === "Escape" && !menu.hidden) {
        open(false);
        button.focus();
      } else if (at >= 0 && event.key === "ArrowDown") stops[(at + 1) % stops.length].focus();
      else if (at >= 0 && event.key === "ArrowUp") stops.at(at - 1).focus();
      else return;
      event.preventDefault();
    });
    place.addEventListener("focusout", (/** @type {FocusEvent} */ event) => {
      if (event.relatedTarget && !place.contains(event.relatedTarget)) open(false);
    });
    document.addEventListener("pointerdown", (event) => place.contains(event.target) || open(false));
  }

  #corrections() {
    return (this.store.current?.lines ?? []).filter((line) => isCorrection(line) && textOf(line.cells).trim() !== "");
  }

  #keep() {
    const count = this.#corrections().length;
    $("keep").hidden = !this.config?.corrections || count === 0;
    $("keep-label").textContent = t("keep.send", count);
  }

  /** @returns {Promise<void>} */
  async #send() {
    const picture = this.store.current;
    const most = this.config?.limits.max_corrections ?? 500;
    const lines = this.#corrections().slice(0, most);
    if (!picture || !lines.length) return;
    $("keep-send").disabled = true; // until it is answered
    const corrections = lines.map((line) => ({ page: line.page, quad: line.quad, read: line.read, text: textOf(line.cells) }));
    try {
      const kept = await sendCorrections(picture.file, corrections);
      lines.forEach((line, at) => (line.sent = corrections[at].text));
      toast(t("keep.sent", kept));
    } catch (error) {
      const { code = "page", message = "" } = /** @type {any} */ (error);
      if (code === "unauthorized" && (await this.askToken())) return this.#send();
      toast(failureWords(code, message, this.config), "error");
    } finally {
      $("keep-send").disabled = false;
    }
    this.draw();
  }
}
