// The live tail of a list: the link that asks for what is newer becomes a switch, and new lines come in as they are recorded.
// Where the address says `live=1` the switch is on from the beginning. Without this script the link asks once.

const MOST = 500; // lines that stay on the page; what falls off the end is behind Next again
const link = document.getElementById("newer");

if (link !== null) begin(link);

function begin(link) {
  const words = link.dataset;
  const said = document.getElementById("said");
  const body = document.querySelector(`#${words.list} tbody`);
  const known = new Set(Array.from(body?.rows ?? [], (row) => row.dataset.receipt));
  let stream = null;
  let last = body?.rows[0]?.dataset.receipt ?? ""; // the newest line

  const live = document.createElement("button");
  live.type = "button";
  live.id = "live";
  live.className = "button live";
  live.textContent = words.live;
  link.replaceWith(live);
  live.addEventListener("click", () => turn(live.getAttribute("aria-pressed") !== "true"));
  document.addEventListener("visibilitychange", () => {
    if (live.getAttribute("aria-pressed") === "true") document.hidden ? close() : open();
  });
  live.setAttribute("aria-pressed", "false");
  if (new URLSearchParams(location.search).get("live") === "1") turn(true);

  function turn(on, told = on ? words.on : words.off) {
    live.setAttribute("aria-pressed", on);
    const here = new URL(location.href);
    on ? here.searchParams.set("live", "1") : here.searchParams.delete("live");
    history.replaceState(history.state, "", here);
    if (on) {
      for (const time of body?.querySelectorAll("time[data-clock]") ?? []) time.textContent = time.dataset.clock;
      open();
    } else {
      close();
    }
    said.textContent = told;
  }

  function open() {
    close();
    if (document.hidden) return;
    const address = new URL(words.stream, location.href);
    if (last !== "") address.searchParams.set("behind", last);
    stream = new EventSource(address);
    stream.addEventListener("open", () => { said.textContent = words.on; });
    stream.addEventListener("lines", add);
    stream.addEventListener("skipped", (event) => {
      add(event);
      said.textContent = words.skipped;
    });
    stream.addEventListener("over", (event) => turn(false, event.data));
    stream.addEventListener("error", () => {
      if (stream.readyState === EventSource.CLOSED) turn(false, words.closed);
      else said.textContent = words.away;
    });
  }

  function close() {
    stream?.close();
    stream = null;
  }

  function add(event) {
    // The first line of an empty list brings the list.
    if (body === null) return location.reload();
    last = event.lastEventId || last;
    const brought = document.createElement("template");
    brought.innerHTML = event.data; // drawn and escaped by the server, as the page itself
    const rows = Array.from(brought.content.querySelectorAll("tr")).filter((row) => !known.has(row.dataset.receipt));
    for (const row of body.querySelectorAll("tr[data-new]")) row.removeAttribute("data-new");
    for (const row of rows) known.add(row.dataset.receipt);
    body.prepend(...rows);
    while (body.rows.length > MOST) body.lastElementChild.remove();
    reach();
  }

  // Next goes on behind the last line that stands here.
  function reach() {
    const next = document.getElementById("next");
    if (next === null) return;
    const onward = new URL(next.href);
    onward.searchParams.set("after", body.lastElementChild.dataset.receipt);
    next.href = onward;
  }
}
