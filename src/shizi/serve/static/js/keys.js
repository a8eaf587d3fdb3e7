/** The shortcuts that work anywhere on the page; the list, the stage and the chooser have their own. */

import { $, takesText } from "./dom.js";

/**
 * @param {{chooser: import("./chooser.js").Chooser, panel: import("./panel.js").Panel, tray: import("./tray.js").Tray,
 *   help: import("./dialogs.js").Help, reading: import("./reading.js").Reading}} parts
 */
export function shortcuts({ chooser, panel, tray, help, reading }) {
  for (const [id, step] of /** @type {const} */ ([["doubt-next", 1], ["doubt-previous", -1]])) {
    $(id).addEventListener("click", () => chooser.walk(step));
  }
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || document.querySelector("dialog[open]")) return;
    const writing = takesText(event.target) || event.target instanceof HTMLSelectElement; // a letter chooses there
    const command = event.ctrlKey || event.metaKey;
    const single = !writing && !command && !event.altKey && help.singleKeys;
    const key = event.key.toLowerCase();
    if (key === "f8") chooser.walk(event.shiftKey ? -1 : 1);
    else if (single && key === "n") chooser.walk(1);
    else if (single && key === "p") chooser.walk(-1);
    else if (single && key === "?") help.open();
    else if (command && key === "enter") reading.running || tray.press();
    else if (command && !writing && key === "z") event.shiftKey ? panel.redo() : panel.undo();
    else if (command && !writing && key === "y") panel.redo();
    else return;
    event.preventDefault();
  });
}
