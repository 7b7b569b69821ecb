// while the kernel of a dashboard starts, and where it does not: a page never waits without a word
const dashboard = {
  content: ".jp-OutputArea-output .lm-Widget, .jp-OutputArea-output .jp-RenderedHTMLCommon",
  show(title, text) {
    const waiting = document.getElementById("waiting");
    if (!waiting) return;
    waiting.setAttribute("role", "alert");
    document.getElementById("waiting-title").textContent = title;
    document.getElementById("waiting-text").textContent = text;
  },
  /** The server has said what is wrong. */
  fail() {
    dashboard.isComplete = true;
    document.getElementById("waiting")?.remove();
  },
  finish() {
    dashboard.isComplete = true;
    window.display_cells();
    // what Voila has put on the page is seen as soon as there is something
    const timer = setInterval(() => {
      const shown = document.querySelector(dashboard.content);
      if (!shown) return;
      clearInterval(timer);
      document.getElementById("waiting")?.remove();
    }, 100);
    setTimeout(() => {
      dashboard.show("The page did not open", "Its program did not answer. Reload the page; if that does not help, tell the administrator.");
    }, 60_000);
  },
};
// a class and not :has(), for which every change of a page would be the style of all of it anew
new MutationObserver((_, observer) => {
  const page = document.querySelector(".wb-page");
  if (!page) return;
  observer.disconnect();
  for (let each = page.parentElement; each; each = each.parentElement) each.classList.add("holds-page");
}).observe(document, { childList: true, subtree: true });
window.voila_process = () => {};
window.voila_heartbeat = () => {};
window.update_loading_text = () => {};
window.display_cells = () => { document.getElementById("rendered_cells")?.removeAttribute("hidden"); };
window.voila_finish = () => {};
addEventListener("error", (event) => {
  if (!document.querySelector(dashboard.content)) dashboard.show("The page did not open", `A part of it failed (${event.message}). Reload the page; if that does not help, tell the administrator.`);
});
addEventListener("DOMContentLoaded", () => {
  if (!dashboard.isComplete) dashboard.show("The page did not open", "The server stopped while it made the page. Reload the page; if that does not help, tell the administrator.");
});
