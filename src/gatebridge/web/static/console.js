// Comfort for the pages of setup: copying, keys that lead somewhere, and one answer to a double click. Every page works without it.

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (button === null) return;
  const text = button.dataset.copyKind === "address" ? new URL(button.dataset.copy, location.href).href : button.dataset.copy;
  await navigator.clipboard.writeText(text);
  if (button.dataset.state === "done") return;
  const label = button.getAttribute("aria-label");
  button.setAttribute("aria-label", document.body.dataset.copied);
  button.dataset.state = "done";
  setTimeout(() => {
    button.setAttribute("aria-label", label);
    delete button.dataset.state;
  }, 1500);
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea, [contenteditable]") !== null) return;
  if (event.key === "/") {
    const box = document.getElementById("quick-find");
    if (box === null || box.offsetParent === null) {
      location.assign("/setup/find");
    } else {
      box.focus();
      box.select();
    }
    event.preventDefault();
  } else if (event.key === "?") {
    location.assign("/setup/shortcuts");
    event.preventDefault();
  }
});

// While the answer is on its way the form says so. One that is sent twice by a double click is answered twice, and the first answer, which may
// hold a secret that is shown once, is lost.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented) return;
  if (form.getAttribute("method") === "post" && form.ariaBusy === "true") return event.preventDefault();
  form.ariaBusy = "true";
  // Whoever stays on the page, since the answer is a file or stands in another tab, may send it again.
  if (form.getAttribute("method") === "post") setTimeout(() => rest(form), 2000);
});

// Back on a page that was kept as it was left, nothing is on its way any more.
window.addEventListener("pageshow", () => document.querySelectorAll("form").forEach(rest));

function rest(form) {
  form.ariaBusy = null;
}
