// Reads back what is entered into a form while it is filled in: the answer to its own button "check" is put in place. Without it, the button does.
//
// `data-check` of the form names the fields; what is read of each stands in `#checked-<field>`. `data-held` says that a private key was held back.

const PRIVATE = /PRIVATE KEY|"(?:d|k)"\s*:/i;
const PAUSE = 400;

for (const form of document.querySelectorAll("form[data-check]")) {
  const fields = form.dataset.check.split(" ").map((name) => form.elements[name]).filter(Boolean);
  let asked = 0;
  const entered = () => {
    const now = ++asked;
    setTimeout(() => now === asked && read(form, fields, () => now === asked), PAUSE);
  };
  for (const field of fields) field.addEventListener("input", entered);
  // What was entered before this module was there.
  if (fields.some((field) => field.value !== field.defaultValue)) entered();
  form.addEventListener("submit", (event) => {
    if (hold(form, fields)) event.preventDefault();
  });
}

async function read(form, fields, stillWanted) {
  for (const field of fields) {
    const problem = form.querySelector(`#${field.id}-problem`);
    if (problem !== null) problem.hidden = true;
  }
  // What must not travel is not sent to find out what it is.
  if (hold(form, fields)) return;
  const body = new URLSearchParams(new FormData(form));
  const button = form.querySelector("#check");
  body.set(button.name, button.value);
  const answer = await fetch(form.action, { method: "POST", body, credentials: "same-origin" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!stillWanted()) return;
  for (const field of fields) {
    const wrong = page.querySelector(`#${field.id}-problem`);
    const told = page.querySelector(`#checked-${field.id}`)?.childNodes ?? [];
    if (field.value.trim() === "") place(form, field).replaceChildren();
    else if (wrong !== null) say(form, field, wrong.textContent);
    else place(form, field).replaceChildren(...told);
  }
}

/** Whether a field holds a private key, which is said beside it. */
function hold(form, fields) {
  const holding = fields.filter((field) => PRIVATE.test(field.value));
  for (const field of holding) say(form, field, form.dataset.held);
  return holding.length > 0;
}

function place(form, field) {
  return form.querySelector(`#checked-${field.id}`);
}

function say(form, field, words) {
  const line = document.createElement("p");
  line.className = "error";
  line.textContent = words;
  place(form, field).replaceChildren(line);
}
