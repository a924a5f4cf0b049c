// Loaded before the first paint, so that a chosen theme never flashes in the other one.
'use strict';
(() => {
  const key = 'duplex.theme';
  const root = document.documentElement;
  try {
    const chosen = localStorage.getItem(key);
    if (chosen === 'light' || chosen === 'dark') root.dataset.theme = chosen;
  } catch {
    // Storage may be forbidden; the system's theme is then the theme.
  }

  const systemDark = matchMedia('(prefers-color-scheme: dark)');
  const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : systemDark.matches);

  addEventListener('DOMContentLoaded', () => {
    const toggle = document.getElementById('theme-toggle');
    const show = () => toggle.setAttribute('aria-pressed', String(isDark()));
    toggle.addEventListener('click', () => {
      root.dataset.theme = isDark() ? 'light' : 'dark';
      try {
        localStorage.setItem(key, root.dataset.theme);
      } catch {
        // Holds for this visit then.
      }
      show();
    });
    systemDark.addEventListener('change', show);
    show();
  });
})();
