/**
 * The server: its bounds, reading, and corrections. Same origin only; no other address is ever asked.
 *
 * @typedef {{max_bytes: number, max_pixels: number, max_side: number, max_pages: number, seconds: number,
 *   max_corrections: number, max_correction_chars: number, max_beam?: number}} Limits
 * @typedef {{version: string, auth: boolean, corrections: boolean, limits: Limits, charsets: string[],
 *   patterns?: string[], options: string[], doubt: number, picture_types: string[]}} Config
 * @typedef {{name: string, data: any}} Event
 */

/** What went wrong, in the server's words and as a stable code. */
export class Failure extends Error {
  /** @param {string} code @param {string} words @param {number} [retryAfter] seconds */
  constructor(code, words, retryAfter = 0) {
    super(words);
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

const TOKEN = "shizi.token"; // of this tab only: sessionStorage forgets it when the tab is closed

let given = ""; // the token, where storage is switched off: until the page is closed

export const token = {
  get() {
    try {
      return sessionStorage.getItem(TOKEN) ?? "";
    } catch {
      return given;
    }
  },
  /** @param {string} value */
  set(value) {
    try {
      sessionStorage.setItem(TOKEN, value);
    } catch {
      given = value;
    }
  },
};

/** @returns {Promise<Config>} */
export const getConfig = async () => (await ask("config.json", { cache: "no-store" })).json();

/**
 * Read a picture; events come as the server sends them, the last is `done`.
 * @param {File} file @param {Record<string, string>} options form fields; empty ones are left away
 * @param {AbortSignal} signal @returns {AsyncGenerator<Event>}
 */
export async function* readPicture(file, options, signal) {
  const form = new FormData();
  for (const [name, value] of Object.entries(options)) if (value !== "") form.set(name, value);
  form.set("file", file, file.name);
  const answer = await ask("ocr/stream", { method: "POST", body: form, signal });
  if (!answer.body) throw new Failure("lost", "the answer has no body");
  for await (const event of events(answer.body, signal)) {
    if (event.name === "error") throw new Failure(event.data.code ?? "internal", event.data.error ?? "");
    yield event;
    if (event.name === "done") return;
  }
  throw new Failure("lost", "the connection ended before the answer did");
}

/**
 * Hand corrected lines to the operator, who asked for them.
 * @param {File} file @param {{page: number, quad: number[][], read: string, text: string}[]} corrections
 * @returns {Promise<number>} how many were kept
 */
export async function sendCorrections(file, corrections) {
  const form = new FormData();
  form.set("file", file, file.name);
  form.set("corrections", JSON.stringify(corrections));
  const answer = await ask("correct", { method: "POST", body: form });
  return (await answer.json()).kept;
}

/** @param {string} path @param {RequestInit} init */
async function ask(path, init) {
  const headers = new Headers(token.get() ? { Authorization: `Bearer ${token.get()}` } : {});
  let answer;
  try {
    answer = await fetch(new URL(path, document.baseURI), { ...init, headers });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    if (!(await readable(init.body))) throw new Failure("unreadable", "the file cannot be read any more");
    throw new Failure("network", "the server does not answer");
  }
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({}));
  throw new Failure(said.code ?? "internal", said.error ?? answer.statusText, Number(answer.headers.get("Retry-After")) || 0);
}

/** A file on the disk may be deleted or changed after it was chosen: it cannot be sent then. @param {unknown} body */
async function readable(body) {
  const file = body instanceof FormData ? body.get("file") : null;
  if (!(file instanceof File)) return true;
  return file.slice(0, 1).arrayBuffer().then(() => true, () => false);
}

/**
 * Server-sent events (HTML Standard, 9.2.6), as far as this server uses them: event, data and comments.
 * @param {ReadableStream<Uint8Array>} body @param {AbortSignal} signal @returns {AsyncGenerator<Event>}
 */
async function* events(body, signal) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let waiting = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      waiting += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const blocks = waiting.split(/\r?\n\r?\n/);
      waiting = blocks.pop() ?? ""; // what has no end yet
      yield* blocks.map(parse).filter((event) => event !== null);
      if (done) return;
    }
  } catch (error) {
    if (signal.aborted || error instanceof Failure) throw error;
    throw new Failure("lost", "the connection was lost");
  } finally {
    reader.cancel().catch(() => {}); // whoever stopped listening wants no more of it
  }
}

/** @param {string} block @returns {Event | null} null for a block of comments */
function parse(block) {
  let name = "message";
  const data = [];
  for (const row of block.split(/\r?\n/)) {
    if (row.startsWith("event:")) name = row.slice(6).trim();
    else if (row.startsWith("data:")) data.push(row.slice(5).replace(/^ /, ""));
  }
  return data.length ? { name, data: JSON.parse(data.join("\n")) } : null;
}
