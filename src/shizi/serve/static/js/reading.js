/** Pictures are read one after another; a busy server is asked again after the time it names. */

import { Failure, readPicture } from "./api.js";
import { t } from "./i18n.js";
import { isEdited } from "./state.js";

/** @typedef {import("./state.js").Picture} Picture */

const PATIENCE = 5; // times that a busy server is asked again
const LONGEST_WAIT = 30; // seconds
const BUSY = new Set(["busy", "too_many", "starting"]);

export class Reading {
  /** @type {AbortController | null} */ #stop = null;

  /**
   * @param {import("./state.js").Store} store
   * @param {import("./options.js").Options} options asked for at each picture
   * @param {() => Promise<boolean>} askToken true where the person gave one
   */
  constructor(store, options, askToken) {
    this.store = store;
    this.options = options;
    this.askToken = askToken;
  }

  get running() {
    return this.#stop !== null;
  }

  /** Read all that wait, also those added meanwhile. */
  async start() {
    if (this.#stop || !this.options.ready()) return;
    const stop = (this.#stop = new AbortController());
    this.store.emit("running");
    try {
      for (;;) {
        const picture = this.store.pictures.find((one) => one.status === "waiting");
        if (!picture || stop.signal.aborted) break;
        await this.#read(picture, stop.signal);
      }
    } finally {
      this.#stop = null;
      this.store.emit("running");
    }
  }

  /** Read one once more, with the options as they are now. @param {Picture} picture */
  again(picture) {
    if (!this.options.ready()) return;
    if ((picture.unsaved || picture.lines.some(isEdited)) && !confirm(t("start.sure"))) return;
    this.store.restart(picture, "waiting");
    void this.start();
  }

  stop() {
    this.#stop?.abort();
  }

  /** @param {Picture} picture @param {AbortSignal} signal */
  async #read(picture, signal) {
    for (let tries = 0; ; tries++) {
      this.store.restart(picture, "sending");
      try {
        await this.#once(picture, signal);
        return;
      } catch (error) {
        if (signal.aborted) return this.store.restart(picture, "waiting");
        const { code, words, wait } = describe(error);
        if (code === "unauthorized" && (await this.askToken())) continue;
        if (BUSY.has(code) && tries < PATIENCE) {
          this.store.update(picture, { status: "queued", ahead: null });
          await pause(Math.min(wait || 1, LONGEST_WAIT), signal);
          continue;
        }
        this.store.update(picture, { status: "failed", error: { code, words } });
        // what is wrong with the server is wrong for the other pictures too
        if (code === "unauthorized" || code === "network") this.#stop?.abort();
        return;
      }
    }
  }

  /** @param {Picture} picture @param {AbortSignal} signal */
  async #once(picture, signal) {
    for await (const { name, data } of readPicture(picture.file, this.options.fields(), signal)) {
      if (name === "queued") this.store.update(picture, { status: "queued", ahead: data.waiting });
      else if (name === "page") {
        picture.status = "reading";
        this.store.addPage(picture, { width: data.width, height: data.height, quads: data.quads });
      } else if (name === "line") this.store.addLine(picture, data);
      else if (name === "done") this.store.update(picture, { status: "done", seconds: data.time_cost, left: unsure(data.dropped) });
    }
  }
}

/** @param {{reason: string, text: string, confidence: number}[]} dropped @returns {import("./state.js").Left[]} */
const unsure = (dropped) => dropped.filter((one) => one.reason === "unsure" && one.text.trim() !== "");

/** @param {unknown} error */
function describe(error) {
  if (error instanceof Failure) return { code: error.code, words: error.message, wait: error.retryAfter };
  console.error(error); // a fault of this page
  return { code: "page", words: String(error), wait: 0 };
}

/** @param {number} seconds @param {AbortSignal} signal */
function pause(seconds, signal) {
  return new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", resolve, { once: true });
  });
}
