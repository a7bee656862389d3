// Before anything is painted: the theme and the folded navigation this person chose on this device.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const theme = localStorage.getItem("fcp.theme") || "auto";
    root.dataset.bsTheme = theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
    root.dataset.theme = theme;
  };
  apply();
  dark.addEventListener("change", apply);
  window.addEventListener("fcp:theme", apply);
  if (localStorage.getItem("fcp.side") === "folded") root.dataset.side = "folded";
})();
