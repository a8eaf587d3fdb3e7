/** The parts put together. Read state.js first: the parts know the store, and hardly one another. */

import { getConfig } from "./api.js";
import { Chooser } from "./chooser.js";
import { askToken, Help } from "./dialogs.js";
import { $, toast } from "./dom.js";
import { inEachLanguage, t } from "./i18n.js";
import { Intake } from "./intake.js";
import { shortcuts } from "./keys.js";
import { Lines } from "./lines.js";
import { switchLanguage, switchTheme, tabs } from "./look.js";
import { Options } from "./options.js";
import { Panel } from "./panel.js";
import { Reading } from "./reading.js";
import { Store } from "./state.js";
import { Tray } from "./tray.js";
import { Viewer } from "./viewer.js";

switchLanguage();
switchTheme();

const store = new Store();
const options = new Options();
const reading = new Reading(store, options, askToken);
const viewer = new Viewer(store);
const chooser = new Chooser(store, viewer);
const lines = (chooser.lines = new Lines(store, viewer, (line, cell) => chooser.open(line, cell)));
const panel = new Panel(store, reading, askToken);
const tray = new Tray(store, reading);
const intake = new Intake(store, () => void reading.start());
tabs(store);
shortcuts({ chooser, panel, tray, help: new Help(), reading });

function pager() {
  const pages = store.current?.pages.length ?? 0;
  $("pager").hidden = pages < 2;
  $("page-at").textContent = t("view.page", viewer.page + 1, pages);
  $("page-previous").disabled = viewer.page === 0;
  $("page-next").disabled = viewer.page >= pages - 1;
}
for (const [id, step] of /** @type {const} */ ([["page-previous", -1], ["page-next", 1]])) {
  $(id).addEventListener("click", () => {
    viewer.turn(viewer.page + step);
    pager();
    const first = store.current?.lines.find((line) => line.page === viewer.page);
    if (first) lines.at(first, null)?.scrollIntoView({ block: "start" });
  });
}
store.on("current lines page cursor", pager);
inEachLanguage(pager);

addEventListener("beforeunload", (event) => {
  if (store.pictures.some((one) => one.unsaved)) event.preventDefault(); // edits live in this page alone
});

try {
  const config = await getConfig();
  for (const part of [options, panel, intake]) part.configure(config);
} catch {
  toast(t("say.noconfig"), "error");
}
document.body.dataset.ready = "true"; // for whoever drives the page
