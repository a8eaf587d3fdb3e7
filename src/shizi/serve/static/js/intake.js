/** How pictures come in: chosen, taken, dropped, pasted. Those that break a bound fail here, before they are sent. */

import { $, say, takesText, toast } from "./dom.js";
import { inEachLanguage, t } from "./i18n.js";

/** @typedef {import("./api.js").Config} Config */

export class Intake {
  /** @type {Config | null} */ config = null;

  /** @param {import("./state.js").Store} store @param {() => void} start begin to read */
  constructor(store, start) {
    this.store = store;
    for (const [button, input] of [["choose-first", "files"], ["add", "files"], ["camera", "camera-file"]]) {
      $(button).addEventListener("click", () => $(input).click());
    }
    for (const input of ["files", "camera-file"]) {
      $(input).addEventListener("change", () => {
        this.take($(input).files);
        $(input).value = ""; // the same file may be chosen again
      });
    }
    $("sample").addEventListener("click", async () => {
      const answer = await fetch(document.body.dataset.sample ?? "").catch(() => null);
      if (!answer?.ok) return toast(t("say.noconfig"), "error");
      this.take([new File([await answer.blob()], "notice.jpg", { type: "image/jpeg" })]);
      start();
    });
    this.#drop();
    document.addEventListener("paste", (event) => {
      if (event.clipboardData?.files.length && !takesText(event.target)) this.#takeFrom(event.clipboardData);
    });
    inEachLanguage(() => this.#bounds());
  }

  /** @param {Config} config */
  configure(config) {
    this.config = config;
    $("files").accept = ["image/*", ...config.picture_types].join(",");
    this.#bounds();
  }

  /** @param {Iterable<File>} files */
  take(files) {
    const taken = [...files];
    if (!taken.length) return toast(t("say.nopicture"), "error");
    for (const [at, file] of taken.entries()) {
      const picture = this.store.add(file);
      if (at === 0) this.store.show(picture);
      const code = file.size === 0 ? "empty" : file.size > (this.config?.limits.max_bytes ?? Infinity) ? "too_large" : null;
      if (code) this.store.update(picture, { status: "failed", error: { code, words: "" } });
    }
    say(t("say.added", taken.length));
  }

  /** What was dropped or pasted; a folder has no bytes to send. @param {DataTransfer} moved */
  #takeFrom(moved) {
    const items = [...moved.items].filter((item) => item.kind === "file");
    const pictures = items.filter((item) => !item.webkitGetAsEntry()?.isDirectory);
    if (pictures.length < items.length) toast(t("say.folder"), "error");
    if (pictures.length || !items.length) this.take(pictures.flatMap((item) => item.getAsFile() ?? []));
  }

  #bounds() {
    const types = (this.config?.picture_types ?? ["image/jpeg", "image/png"]).map((type) => type.replace("image/", "").toUpperCase());
    $("bounds").textContent = t("hero.bounds", types.join(" · "), this.config?.limits);
  }

  #drop() {
    let depth = 0; // dragenter and dragleave come for every element that is passed
    const over = (/** @type {boolean} */ yes) => ($("drop-over").hidden = !yes);
    const files = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
    addEventListener("dragenter", (event) => {
      if (files(event)) over(++depth > 0);
    });
    addEventListener("dragleave", (event) => {
      if (files(event)) over((depth = Math.max(0, depth - 1)) > 0);
    });
    addEventListener("dragover", (event) => {
      if (!files(event)) return;
      event.preventDefault();
      if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
    });
    addEventListener("drop", (event) => {
      if (!files(event)) return;
      event.preventDefault();
      over((depth = 0) > 0);
      if (event.dataTransfer) this.#takeFrom(event.dataTransfer);
    });
  }
}
