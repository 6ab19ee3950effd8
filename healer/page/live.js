// Shows the page anew when something happened. Without this script the page
// is the same, and as old as its last load.
(() => {
  "use strict";
  const note = document.getElementById("live");
  let waiting = false;
  const show = async () => {
    // What a person has opened or selected is not taken away from them.
    if (waiting || document.hidden || String(getSelection())) return;
    waiting = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const next = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
      const open = new Set([...document.querySelectorAll("details[open] > summary")].map((s) => s.textContent));
      next.querySelectorAll("details > summary").forEach((s) => { if (open.has(s.textContent)) s.parentElement.open = true; });
      document.querySelector("main").replaceWith(next);
    } finally {
      waiting = false;
    }
  };
  const events = new EventSource("/events");
  events.addEventListener("open", () => { note.textContent = "live"; });
  events.addEventListener("error", () => { note.textContent = "not live"; });
  events.addEventListener("changed", show);
  document.addEventListener("visibilitychange", show);
})();
