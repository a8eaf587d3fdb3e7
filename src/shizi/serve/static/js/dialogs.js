/** The help, and what a person is asked: for a token, and whether their edits may go. */

import { token } from "./api.js";
import { $ } from "./dom.js";
import { t } from "./i18n.js";
import { recall, remember } from "./prefs.js";

export class Help {
  constructor() {
    $("help-open").addEventListener("click", () => this.open());
    const box = $("single-keys");
    box.checked = recall("single-keys") !== "off";
    box.addEventListener("change", () => remember("single-keys", box.checked ? null : "off"));
  }

  open() {
    if (!$("help").open) $("help").showModal();
  }

  /** Whether single letters are shortcuts (WCAG 2.1.4: people who speak to their computer want to switch them off). */
  get singleKeys() {
    return $("single-keys").checked;
  }
}

/** Enter presses a form's first button that submits, so the one that cancels does not. */
$("token-cancel").addEventListener("click", () => $("token").close());

/**
 * Whether these pictures may go with what the person wrote in them; asked where it is on this page alone.
 * @param {import("./state.js").Picture[]} pictures @param {import("./i18n.js").Key} question
 */
export const mayGo = (pictures, question) => !pictures.some((one) => one.unsaved) || confirm(t(question));

/** Ask the person for the server's token. @returns {Promise<boolean>} false where they would rather not */
export function askToken() {
  const dialog = $("token");
  const value = $("token-value");
  $("token-text").textContent = t(token.get() ? "token.wrong" : "token.text");
  value.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  value.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const given = dialog.returnValue === "go" && value.value.trim() !== "";
      if (given) token.set(value.value.trim());
      resolve(given);
    }, { once: true });
  });
}
