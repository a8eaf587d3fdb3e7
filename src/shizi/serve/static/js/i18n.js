/** The interface's language: which it is, and putting its words on the page. The words are in strings.js. */

import { remember } from "./prefs.js";
import { EN, ZH } from "./strings.js";

/** @typedef {"zh" | "en"} Language @typedef {keyof typeof ZH} Key */

const WORDS = { zh: ZH, en: EN };
const changed = new EventTarget();

/** early.js has chosen it before the first paint. @returns {Language} */
export const language = () => (document.documentElement.lang === "en" ? "en" : "zh");

/** @param {Language} value */
export function setLanguage(value) {
  remember("language", value);
  document.documentElement.lang = value === "zh" ? "zh-CN" : "en";
  changed.dispatchEvent(new Event("change"));
}

/** @param {() => void} listener called now, and whenever the language changes */
export function inEachLanguage(listener) {
  listener();
  changed.addEventListener("change", listener);
}

/** @param {Key} key @param {...any} values what the sentence is made with @returns {string} */
export function t(key, ...values) {
  const words = WORDS[language()][key];
  return typeof words === "function" ? /** @type {(...values: any[]) => string} */ (words)(...values) : words;
}

/**
 * A failure in words for a person: by its code, and where we do not know the code in the server's words.
 * @param {string} code @param {string} words @param {{limits: import("./api.js").Limits} | null} config
 */
export function failureWords(code, words, config) {
  const key = /** @type {Key} */ (`error.${code}`);
  return key in ZH ? t(key, config?.limits, words) : words || t("error.internal");
}

/** The attribute that has `key` filled in, where there are words for it. @param {string} key @returns {Record<string, string>} */
export const named = (key) => (key in ZH ? { "data-t": key } : {});

/** Fill in `data-t` (text), `data-t-label` (accessible name and tooltip) and `data-t-placeholder` under `root`. */
export function translate(/** @type {ParentNode} */ root = document) {
  /** @param {string} name @param {(element: Element, words: string) => void} put */
  const each = (name, put) => {
    for (const element of root.querySelectorAll(`[data-${name}]`)) {
      put(element, t(/** @type {Key} */ (element.getAttribute(`data-${name}`))));
    }
  };
  each("t", (element, words) => (element.textContent = words));
  each("t-label", (element, words) => {
    element.setAttribute("aria-label", words);
    element.setAttribute("title", words);
  });
  each("t-placeholder", (element, words) => element.setAttribute("placeholder", words));
}

/** @param {number} share in [0, 1] */
export const percent = (share) => `${Math.round(share * 100)}%`;

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1024 * 1024) return `${Math.max(1, Math.round(bytes / 1024))} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
