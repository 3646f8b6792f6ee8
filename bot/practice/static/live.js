// Keeps a channel, the Home tab and the list of channels as they now are, without a press. A part that somebody is
// in the middle of is left alone, and a line says that there is something new; a modal's page never loads this.
const EVERY = 3000;
const line = document.getElementById("something-new");

document.addEventListener("input", (event) => {
  const part = event.target.closest("[data-live]");
  if (part) part.dataset.touched = "yes";
});

function inUse(part) {
  return part.dataset.touched === "yes" || part.contains(document.activeElement);
}

function show(now) {
  let left = false;
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = now.getElementById(part.id);
    if (!fresh || fresh.dataset.live === part.dataset.live) continue;
    if (inUse(part)) left = true;
    else part.replaceWith(fresh);
  }
  line.hidden = !left;
}

async function look() {
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (answer.ok && !answer.redirected) {
        show(new DOMParser().parseFromString(await answer.text(), "text/html"));
      }
    } catch {
      // the desk is away for a moment: the next look may find it
    }
  }
  setTimeout(look, EVERY);
}

setTimeout(look, EVERY);
