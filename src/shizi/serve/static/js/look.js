/** How the page looks: language, light or dark, and, on a phone, which of picture and text is shown. */

import { $, icon, name } from "./dom.js";
import { inEachLanguage, language, setLanguage, t, translate } from "./i18n.js";
import { remember } from "./prefs.js";

const THEMES = /** @type {const} */ (["system", "light", "dark"]);
const SIGNS = { system: "auto", light: "sun", dark: "moon" };

export function switchLanguage() {
  $("language").addEventListener("click", () => setLanguage(language() === "zh" ? "en" : "zh"));
  inEachLanguage(() => {
    translate();
    document.title = t("title");
    $("language").lang = language() === "zh" ? "en" : "zh-CN";
  });
}

export function switchTheme() {
  const root = document.documentElement;
  const now = () => /** @type {"system" | "light" | "dark"} */ (root.dataset.theme ?? "system");
  const show = () => {
    name($("theme"), t(`theme.${now()}`));
    $("theme").replaceChildren(icon(SIGNS[now()]));
  };
  $("theme").addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(now()) + 1) % THEMES.length];
    if (next === "system") delete root.dataset.theme;
    else root.dataset.theme = next;
    remember("theme", next === "system" ? null : next);
    show();
  });
  inEachLanguage(show);
}

/** Tabs by the ARIA Authoring Practices; wide screens show both panels and hide the tabs. @param {import("./state.js").Store} store */
export function tabs(store) {
  const all = [$("tab-picture"), $("tab-text")];
  /** @param {string} which */
  const show = (which) => {
    $("work").dataset.tab = which;
    for (const tab of all) {
      const on = tab.id === `tab-${which}`;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
    }
  };
  show("picture");
  for (const tab of all) tab.addEventListener("click", () => show(tab.id.slice(4)));
  $("tabs").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const other = all.find((tab) => tab !== document.activeElement);
    other.click();
    other.focus();
  });
  store.on("walk", () => show("text"));
  store.on("line status", ({ picture }) => {
    if (picture !== store.current) return;
    const begins = picture.status === "reading" && picture.lines.length === 1; // once: who turns back meanwhile may stay
    const nothing = picture.status === "failed" || (picture.status === "done" && picture.lines.length === 0);
    if (begins || nothing) show("text");
  });
}
