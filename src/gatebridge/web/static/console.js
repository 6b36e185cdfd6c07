// Comfort for the pages of setup: copying, keys that lead somewhere, and one answer to a double click. Every page works without it.

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (button === null) return;
  const text = button.dataset.copyKind === "address" ? new URL(button.dataset.copy, location.href).href : button.dataset.copy;
  await navigator.clipboard.writeText(text);
  const label = button.getAttribute("aria-label");
  button.setAttribute("aria-label", "Copied");
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

// A form that is sent twice by a double click is answered twice, and the first answer, which may hold a secret that is shown once, is lost.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent !== undefined) return event.preventDefault();
  form.dataset.sent = "";
  // Whoever stays on the page, since the answer is a file or stands in another tab, may send it again.
  setTimeout(() => delete form.dataset.sent, 2000);
});
