// Runs before the first paint (a classic script in <head>), so that neither the theme nor the language flashes.
(() => {
  const root = document.documentElement;
  const kept = (/** @type {string} */ key) => {
    try {
      return localStorage.getItem(`shizi.${key}`);
    } catch {
      return null; // storage is switched off
    }
  };
  const theme = kept("theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  const language = kept("language") ?? navigator.language;
  root.lang = /^zh/i.test(language) ? "zh-CN" : "en";
})();
