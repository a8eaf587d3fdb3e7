/**
 * A line as the person edits it: one cell a character. A cell keeps the character that was read (its place, confidence
 * and alternatives) under the text that now stands for it. Cells are never changed, only replaced, so that a list of
 * them is a state that undo can go back to. No DOM here.
 *
 * @typedef {[number, number][]} Quad four corners, clockwise from the text's own top left, in pixels of the picture
 * @typedef {{text: string, confidence: number, quad: Quad, alternatives?: {text: string, confidence: number}[]}} Char
 * @typedef {Readonly<{text: string, char: Char | null, settled: boolean}>} Cell
 *   settled: a person chose, typed or confirmed it. char is null where a person put in a character that was not read.
 */

const BENT = 1.6; // how much higher a line's quad is than its characters where its row bends

/**
 * The cells of a line as it was read. `chars` may lack blanks that `text` has.
 * @param {string} text @param {Char[]} chars @returns {Cell[]}
 */
export function cellsOf(text, chars) {
  const cells = [];
  let at = 0;
  for (const char of chars) {
    const start = text.indexOf(char.text, at);
    if (start < 0) continue;
    for (const extra of text.slice(at, start)) cells.push(typed(extra));
    cells.push({ text: char.text, char, settled: false });
    at = start + char.text.length;
  }
  for (const extra of text.slice(at)) cells.push(typed(extra));
  return cells;
}

/** @param {readonly Cell[]} cells */
export const textOf = (cells) => cells.map((cell) => cell.text).join("");

/** @param {Cell} cell */
export const isChanged = (cell) => cell.char === null || cell.text !== cell.char.text;

/** @param {Cell} cell @param {number} threshold a confidence, in [0, 1] */
export const isDoubtful = (cell, threshold) => !cell.settled && cell.char !== null && cell.char.confidence < threshold;

/**
 * One cell's text replaced: "" takes the character away, the same text confirms it.
 * @param {readonly Cell[]} cells @param {number} at @param {string} text @returns {Cell[]}
 */
export function replaced(cells, at, text) {
  const [first = "", ...rest] = text;
  const made = text === "" ? [] : [{ ...cells[at], text: first, settled: true }, ...rest.map(typed)];
  return [...cells.slice(0, at), ...made, ...cells.slice(at + 1)];
}

/**
 * The line's text rewritten: characters that stayed keep what is known about them, and one typed in the place of
 * another takes over its place on the picture.
 * @param {readonly Cell[]} cells @param {string} text @returns {Cell[]}
 */
export function rewritten(cells, text) {
  const wanted = [...text];
  const kept = common(cells.map((cell) => cell.text), wanted);
  const made = [];
  let [old, now] = [0, 0];
  for (const [i, j] of [...kept, [cells.length, wanted.length]]) {
    const gone = cells.slice(old, i);
    wanted.slice(now, j).forEach((one, k) => made.push(k < gone.length ? { ...gone[k], text: one, settled: true } : typed(one)));
    if (i < cells.length) made.push(cells[i]);
    [old, now] = [i + 1, j + 1];
  }
  return made;
}

/**
 * Where each cell stands on the picture; one that was typed in stands between its neighbours.
 * @param {readonly Cell[]} cells @param {Quad} line @returns {Quad[]}
 */
export function places(cells, line) {
  const known = cells.map((cell) => cell.char?.quad ?? null);
  return known.map((quad, at) => {
    if (quad) return quad;
    const left = known.slice(0, at).findLast(Boolean);
    const right = known.slice(at + 1).find(Boolean);
    const [a, d] = left ? [left[1], left[2]] : [line[0], line[3]];
    const [b, c] = right ? [right[0], right[3]] : [line[1], line[2]];
    return [a, b, c, d];
  });
}

/**
 * Around a line: its quad; where its row bends, which no quad alone holds, along its characters.
 * @param {readonly Cell[]} cells @param {Quad} line @returns {Quad}
 */
export function outline(cells, line) {
  const quads = cells.flatMap((cell) => (cell.char ? [cell.char.quad] : []));
  const high = (/** @type {Quad} */ [a, , , d]) => Math.hypot(d[0] - a[0], d[1] - a[1]);
  const usual = quads.map(high).sort((one, other) => one - other)[quads.length >> 1];
  if (quads.length < 3 || high(line) < BENT * usual) return line;
  const ahead = quads.flatMap(([a, b]) => [a, b]);
  const back = quads.flatMap(([, , c, d]) => [d, c]).reverse();
  return [...ahead, ...back];
}

/** @param {string} text @returns {Cell} */
function typed(text) {
  return { text, char: null, settled: true };
}

/**
 * A longest common subsequence, as pairs of indices.
 * @param {string[]} a @param {string[]} b @returns {[number, number][]}
 */
function common(a, b) {
  const width = b.length + 1;
  const lengths = new Uint16Array((a.length + 1) * width); // lengths[i, j]: of a[i:] and b[j:]
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const [down, right] = [lengths[(i + 1) * width + j], lengths[i * width + j + 1]];
      lengths[i * width + j] = a[i] === b[j] ? lengths[(i + 1) * width + j + 1] + 1 : Math.max(down, right);
    }
  }
  /** @type {[number, number][]} */
  const pairs = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) i++;
    else j++;
  }
  return pairs;
}
