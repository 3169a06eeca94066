// The rest of the page: what a click on a take does, which shots are shown, what a score is made of, commands to copy.

document.addEventListener("click", (event) => {
  const screen = event.target.closest(".screen");
  if (!screen || event.ctrlKey || event.metaKey || event.shiftKey || !screen.querySelector(".poster")) return;
  if (screen.closest(".broken")) return;  // the link leads to the file
  event.preventDefault();
  const section = screen.closest("section.shot");
  const was = transport.current;
  transport.choose(section);
  if (was === section) transport.toggle(); else transport.play(1);
});

document.addEventListener("dblclick", (event) => {
  const card = event.target.closest(".screen")?.closest(".take[data-proxy]");
  if (card) transport.player?.solo(card);
});

for (const event of ["wheel", "touchmove", "pointerdown"]) {
  addEventListener(event, () => { transport.steered = false; }, { passive: true });
}

const inView = new IntersectionObserver((entries) => {
  if (transport.steered) return;
  const entry = entries.find((each) => each.isIntersecting);
  if (entry) transport.choose(entry.target);
}, { rootMargin: "-35% 0px -55% 0px" });
for (const shot of transport.shots) inView.observe(shot);
document.getElementById("animatic")?.addEventListener("play", () => transport.player?.pause());

const filter = document.getElementById("filter");
function show() {
  const which = filter.elements.show.value;
  const sequence = filter.elements.sequence?.value ?? "*";
  const states = { attention: ["failed", "held"], held: ["held"] }[which];
  for (const shot of transport.shots) {
    const isOfState = !states || states.includes(shot.dataset.state);
    shot.hidden = !isOfState || (sequence !== "*" && `=${shot.dataset.sequence}` !== sequence);
  }
  document.getElementById("nothing").hidden = transport.visible.length > 0;
  if (transport.current?.hidden) transport.player.pause();
  if (!transport.current || transport.current.hidden) transport.choose(transport.visible[0]);
}
filter.hidden = false;
filter.addEventListener("change", show);
filter.addEventListener("submit", (event) => event.preventDefault());
document.getElementById("keys-open").addEventListener("click", () => document.getElementById("keys").showModal());
show();

const tip = document.getElementById("tip");
function explain(groups, beside) {
  tip.replaceChildren(...groups.map((group) => {
    const line = document.createElement("div");
    const [name, points, meaning] = ["b", "i", "span"].map((tag) => line.appendChild(document.createElement(tag)));
    name.textContent = group.querySelector("text").textContent;
    points.textContent = Math.round(group.dataset.points);
    meaning.textContent = document.querySelector(`[id="meaning-${CSS.escape(group.dataset.name)}"] dd`)?.textContent ?? "";
    return line;
  }));
  tip.hidden = false;
  const at = beside.getBoundingClientRect();
  const under = at.bottom + tip.offsetHeight + 8 < innerHeight - 60;
  tip.style.top = `${under ? at.bottom + 6 : Math.max(4, at.top - tip.offsetHeight - 6)}px`;
  tip.style.left = `${Math.max(4, Math.min(at.left, innerWidth - tip.offsetWidth - 8))}px`;
}
// All of a chart that has the focus, else nothing.
function settle() {
  const chart = document.activeElement?.closest(".chart:focus-visible");
  if (chart) explain([...chart.querySelectorAll("g")], chart); else tip.hidden = true;
}
document.addEventListener("pointerover", (event) => {
  const group = event.target.closest?.(".chart g");
  if (group) explain([group], group); else if (!tip.hidden) settle();
});
for (const event of ["focusin", "focusout", "scroll"]) addEventListener(event, settle, { passive: true });

for (const button of document.querySelectorAll("button.copy")) button.hidden = false;
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  const code = button.parentElement.querySelector("code");
  getSelection().selectAllChildren(code);
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    document.execCommand("copy");  // where the page may not write to the clipboard by itself
  }
  button.textContent = "copied";
  setTimeout(() => { button.textContent = "copy"; }, 1500);
});

addEventListener("beforeprint", () => {
  for (const image of document.querySelectorAll("img[loading=lazy]")) image.loading = "eager";
  for (const more of document.querySelectorAll("footer details")) more.open = true;
});
