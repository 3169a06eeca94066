// The player at the foot of the page: which shot it plays, and what it shows of it.
//
// A shot becomes the current one by being scrolled to, clicked, or gone to by key. Movies are asked for when it is first
// played; the shots played last keep theirs.

const KEPT = 3;

const transport = {
  shots: [...document.querySelectorAll("section.shot")],
  players: new Map(),
  armed: [],
  current: null,
  steered: false,         // gone to by key: scrolling decides again when somebody scrolls

  get visible() { return this.shots.filter((shot) => !shot.hidden); },
  get player() { return this.current && this.players.get(this.current); },

  choose(section) {
    if (!section || section === this.current) return;
    if (this.player?.playing) this.player.pause();
    this.current?.classList.remove("current");
    this.current = section;
    section.classList.add("current");
    if (!this.players.has(section)) {
      const player = new Player(section);
      player.onchange = () => { if (this.current === section) this.draw(); };
      this.players.set(section, player);
    }
    this.draw();
  },

  play(speed) {
    if (!this.player?.cards.length) return;
    document.getElementById("animatic")?.pause();
    this.keep(this.current);
    this.player.play(speed);
  },

  // Remember that a shot has its movies, and take them from the one that was played longest ago.
  keep(section) {
    this.armed = [...this.armed.filter((each) => each !== section), section];
    while (this.armed.length > KEPT) this.players.get(this.armed.shift()).disarm();
  },

  toggle() { if (this.player?.playing) this.player.pause(); else this.play(1); },

  // J and L: the other way at once, the same way again twice as fast.
  shuttle(way) {
    const speed = this.player?.speed ?? 0;
    this.play(speed * way > 0 ? Math.max(-FASTEST, Math.min(FASTEST, 2 * speed)) : way);
  },

  step(frames) { if (this.player?.cards.length) { this.keep(this.current); this.player.step(frames); } },

  go(way) {
    const shots = this.visible;
    const at = shots.indexOf(this.current);
    const next = shots[Math.max(0, Math.min(shots.length - 1, at + way))];
    if (!next) return;
    this.steered = true;
    this.choose(next);
    next.scrollIntoView({ block: "start" });
    next.focus({ preventScroll: true });
  },

  solo(number) {
    const card = this.current?.querySelectorAll(".take")[number - 1];
    if (card) this.player.solo(card);
  },

  mark(which) {
    const player = this.player;
    if (!player) return;
    if (which === "in") player.loop(player.frame, Math.max(player.frame, player.last));
    if (which === "out") player.loop(Math.min(player.frame, player.first), player.frame);
  },

  clear() {
    this.player?.loop();
    if (this.player?.alone) this.player.solo(null);
  },

  draw() {
    const player = this.player;
    const bar = document.getElementById("transport");
    bar.hidden = !player;
    if (!player) return;
    const scrub = document.getElementById("scrub");
    bar.classList.toggle("empty", !player.cards.length);
    scrub.max = player.frames - 1;
    scrub.value = player.frame;
    const share = 100 / player.frames;
    const range = document.querySelector("#range rect");
    range.setAttribute("x", `${player.first * share}%`);
    range.setAttribute("width", `${(player.last - player.first + 1) * share}%`);
    document.getElementById("where").textContent = this.current.dataset.code;
    document.getElementById("count").textContent =
      player.cards.length ? `${player.frame + 1}/${player.frames}  ${(player.frame / player.rate).toFixed(2)} s` : "no takes";
    document.getElementById("speed").textContent = player.playing && player.speed !== 1 ? `${player.speed}×` : "";
    document.getElementById("play").textContent = player.playing ? "❚❚" : "▶";
  },
};
