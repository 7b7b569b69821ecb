// dark unless the person or the system says otherwise; kept by the browser
const root = document.documentElement;
const light = matchMedia("(prefers-color-scheme: light)").matches;
root.dataset.theme = localStorage.getItem("theme") || (light ? "light" : "dark");
addEventListener("DOMContentLoaded", () => {
  const button = document.getElementById("theme");
  if (!button) return;
  const name = () => { const { dark, light } = button.dataset; button.textContent = root.dataset.theme === "light" ? dark : light; };
  name();
  button.addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "light" ? "dark" : "light";
    localStorage.setItem("theme", root.dataset.theme);
    name();
  });
});
