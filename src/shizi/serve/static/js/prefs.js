/** What the person chose, kept in this browser only. Where storage is switched off, nothing is kept and nothing fails. */

const PREFIX = "shizi.";

/** @param {string} key @returns {string | null} */
export function recall(key) {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

/** @param {string} key @param {string | null} value null forgets it */
export function remember(key, value) {
  try {
    if (value === null) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, value);
  } catch {
    // private window: the choice holds until the page is closed
  }
}
