// Reads back what is pasted into a form while it is filled in: the answer to its own button "check" is put in place. Without it, the button does.

const PRIVATE = /PRIVATE KEY|"(?:d|k)"\s*:/i;
const HELD = "This holds a private key. It was not sent; take it out, and paste the public half.";

for (const form of document.querySelectorAll("form[data-check]")) {
  const field = form.elements[form.dataset.check];
  const place = form.querySelector("#checked");
  let asked = 0;
  field.addEventListener("input", () => {
    const now = ++asked;
    setTimeout(() => now === asked && read(form, field, place, () => now === asked), 400);
  });
  form.addEventListener("submit", (event) => {
    if (!PRIVATE.test(field.value)) return;
    event.preventDefault();
    say(place, HELD);
  });
}

async function read(form, field, place, stillWanted) {
  const problem = form.querySelector(`#${field.id}-problem`);
  if (problem !== null) problem.hidden = true;
  if (field.value.trim() === "") return place.replaceChildren();
  // What must not travel is not sent to find out what it is.
  if (PRIVATE.test(field.value)) return say(place, HELD);
  const body = new URLSearchParams(new FormData(form));
  body.set("check", "yes");
  const answer = await fetch(form.action, { method: "POST", body, credentials: "same-origin" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!stillWanted()) return;
  const wrong = page.querySelector(`#${field.id}-problem`);
  if (wrong !== null) return say(place, wrong.textContent);
  place.replaceChildren(...(page.querySelector("#checked")?.childNodes ?? []));
}

function say(place, words) {
  const line = document.createElement("p");
  line.className = "error";
  line.textContent = words;
  place.replaceChildren(line);
}
