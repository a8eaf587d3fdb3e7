/** Pieces of the picture, cut along a quad and laid level: what a person compares the text with. */

/** @typedef {import("./cells.js").Quad} Quad */

/**
 * Draw what lies in `quad` so that it fills the canvas' height.
 * @param {HTMLCanvasElement} canvas @param {CanvasImageSource} image @param {{width: number, height: number}} size of the
 * page in the quad's pixels @param {Quad} quad @param {{height: number, most: number, margin?: number}} wanted CSS pixels;
 * margin: a share of the quad's height shown around it
 * @returns {number} CSS pixels for one of the picture
 */
export function drawStrip(canvas, image, size, quad, { height, most, margin = 0.1 }) {
  const [a, b, , d] = quad;
  const along = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
  const across = Math.hypot(d[0] - a[0], d[1] - a[1]) || 1;
  const pad = across * margin;
  const scale = Math.min(height / (across + 2 * pad), most / (along + 2 * pad));
  const ratio = window.devicePixelRatio || 1;
  const [wide, high] = [(along + 2 * pad) * scale, (across + 2 * pad) * scale];
  canvas.width = Math.max(1, Math.round(wide * ratio));
  canvas.height = Math.max(1, Math.round(high * ratio));
  canvas.style.width = `${wide}px`;
  canvas.style.height = `${high}px`;
  const context = canvas.getContext("2d");
  if (!context) return scale;
  // (x, y) of the picture -> along * u + across * v, then the margin, then the screen's pixels
  const k = scale * ratio;
  const [ux, uy] = [(b[0] - a[0]) / along, (b[1] - a[1]) / along];
  const [vx, vy] = [(d[0] - a[0]) / across, (d[1] - a[1]) / across];
  const turn = ux * vy - uy * vx || 1;
  const [m11, m21] = [vy / turn, -vx / turn];
  const [m12, m22] = [-uy / turn, ux / turn];
  context.imageSmoothingQuality = "high";
  context.setTransform(k * m11, k * m12, k * m21, k * m22, k * (pad - m11 * a[0] - m21 * a[1]), k * (pad - m12 * a[0] - m22 * a[1]));
  context.drawImage(image, 0, 0, size.width, size.height);
  return scale;
}

/** The quad made longer at both ends. @param {Quad} quad @param {number} by shares of its own height @returns {Quad} */
export function longer([a, b, c, d], by) {
  const along = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
  const more = (by * Math.hypot(d[0] - a[0], d[1] - a[1])) / along;
  const step = [(b[0] - a[0]) * more, (b[1] - a[1]) * more];
  /** @param {[number, number]} p @param {number} sign @returns {[number, number]} */
  const move = (p, sign) => [p[0] + sign * step[0], p[1] + sign * step[1]];
  return [move(a, -1), move(b, 1), move(c, 1), move(d, -1)];
}
