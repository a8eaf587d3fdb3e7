/** The text as files, with the person's edits in it. Lines that were emptied are left away. No DOM but the last two. */

import { places, textOf } from "./cells.js";
import { isEdited } from "./state.js";

/** @typedef {import("./state.js").Picture} Picture @typedef {import("./state.js").Line} Line */

/** @param {Picture} picture @param {number} [page] */
const linesOf = (picture, page) =>
  picture.lines.filter((line) => (page === undefined || line.page === page) && textOf(line.cells).trim() !== "");

/** Lines a row each; an empty row between two pages, and between two pictures. @param {Picture[]} pictures */
export const asText = (pictures) =>
  pictures
    .flatMap((picture) => picture.pages.map((_, page) => linesOf(picture, page).map((line) => textOf(line.cells)).join("\n")))
    .join("\n\n");

/**
 * The objects that `shizi read --format json` prints (schema shizi/page/1): one page, one object; several, one a row.
 * What a person settled has confidence 1; a line that a person changed also has `read`, what stood there before.
 * @param {Picture[]} pictures
 */
export function asJson(pictures) {
  const pages = pictures.flatMap((picture) =>
    picture.pages.map((page, at) => ({
      schema: "shizi/page/1",
      source: picture.file.name,
      width: page.width,
      height: page.height,
      seconds: picture.seconds / picture.pages.length,
      lines: linesOf(picture, at).map(jsonLine),
    })),
  );
  return pages.length === 1 ? JSON.stringify(pages[0], null, 1) : pages.map((page) => JSON.stringify(page)).join("\n");
}

/** @param {Line} line */
function jsonLine(line) {
  const quads = places(line.cells, line.quad);
  return {
    text: textOf(line.cells),
    ...(isEdited(line) ? { read: line.read } : {}),
    confidence: line.confidence,
    quad: line.quad,
    chars: line.cells.map((cell, at) => ({
      text: cell.text,
      confidence: cell.settled || !cell.char ? 1 : cell.char.confidence,
      quad: quads[at],
      ...(!cell.settled && cell.char?.alternatives ? { alternatives: cell.char.alternatives } : {}),
    })),
  };
}

const COLUMNS = ["source", "page", "line", "text", "confidence", "left", "top", "right", "bottom", "edited"];

/** A table with a head; one line a row, its upright box in pixels. @param {Picture[]} pictures */
export function asTsv(pictures) {
  const rows = pictures.flatMap((picture) =>
    linesOf(picture).map((line) => {
      const [xs, ys] = [0, 1].map((axis) => line.quad.map((point) => point[axis]));
      const box = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)].map(Math.round);
      const cells = [picture.file.name, line.page + 1, line.index + 1, textOf(line.cells), line.confidence, ...box, isEdited(line) ? 1 : 0];
      return cells.map((cell) => String(cell).replace(/[\t\r\n]+/g, " "));
    }),
  );
  return [COLUMNS, ...rows].map((row) => row.join("\t")).join("\n");
}

/** Form of a file: how it is made, how it is called. */
export const FORMS = {
  txt: { make: asText, type: "text/plain", ending: () => "txt" },
  json: { make: asJson, type: "application/json", ending: (/** @type {number} */ pages) => (pages > 1 ? "jsonl" : "json") },
  tsv: { make: asTsv, type: "text/tab-separated-values", ending: () => "tsv" },
};

/** @param {Picture[]} pictures @param {keyof typeof FORMS} form */
export function download(pictures, form) {
  const { make, type, ending } = FORMS[form];
  const pages = pictures.reduce((sum, picture) => sum + picture.pages.length, 0);
  const stem = pictures.length === 1 ? pictures[0].file.name.replace(/\.[^.]+$/, "") : "shizi";
  const url = URL.createObjectURL(new Blob([make(pictures), "\n"], { type: `${type};charset=utf-8` }));
  const link = Object.assign(document.createElement("a"), { href: url, download: `${stem || "shizi"}.${ending(pages)}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser may still be asking where to put it
}

/** @param {string} text @returns {Promise<void>} */
export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // a page served over plain http on another machine has no clipboard API
  const area = Object.assign(document.createElement("textarea"), { value: text });
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  focused?.focus();
  if (!copied) throw new Error("the browser did not let us copy");
}
