// Keys, as reviewers have them in their fingers. What has the focus keeps the keys that are its own.

const KEYS = {
  " ": () => transport.toggle(),
  k: () => transport.player?.pause(),
  j: () => transport.shuttle(-1),
  l: () => transport.shuttle(1),
  ArrowLeft: (event) => transport.step(event.shiftKey ? -10 : -1),
  ArrowRight: (event) => transport.step(event.shiftKey ? 10 : 1),
  Home: () => transport.step(-(transport.player.frame - transport.player.first)),
  End: () => transport.step(transport.player.last - transport.player.frame),
  i: () => transport.mark("in"),
  o: () => transport.mark("out"),
  m: () => transport.player?.hear(),
  "[": () => transport.go(-1),
  "]": () => transport.go(1),
  "?": () => document.getElementById("keys").showModal(),
  Escape: () => transport.clear(),
};
for (let number = 1; number <= 9; number += 1) KEYS[number] = () => transport.solo(number);

const OWN = "input, select, textarea, button, summary, a, video[controls]";
const OWN_KEYS = new Set([" ", "Enter", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]);

document.addEventListener("keydown", (event) => {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (!KEYS[key] || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (OWN_KEYS.has(event.key) && event.target.closest?.(OWN)) return;
  event.preventDefault();
  KEYS[key](event);
});

const DEEDS = {
  previous: () => transport.go(-1),
  next: () => transport.go(1),
  back: () => transport.step(-1),
  forth: () => transport.step(1),
  toggle: () => transport.toggle(),
  in: () => transport.mark("in"),
  out: () => transport.mark("out"),
  clear: () => transport.clear(),
};

document.getElementById("transport").addEventListener("click", (event) => {
  const button = event.target.closest("button[data-do]");
  if (button) DEEDS[button.dataset.do]();
});

document.getElementById("scrub").addEventListener("input", (event) => {
  transport.step(Number(event.target.value) - transport.player.frame);
});
