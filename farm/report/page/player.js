"use strict";

// The takes of one shot on one clock.
//
//   leader (the longest take) ── frame on screen ──▶ clock ──▶ the others: a little faster or slower, far off: a jump
//
// The clock counts frames at the rate of the fastest take. All takes are brought to the same frame before they start,
// and again wherever they stop or go around; a take that is shorter holds its last frame. Going around is a pause on
// the last frame and a start from the first: no movie is unloaded, so nothing flashes. Movies play forwards only;
// backwards is a row of jumps.

const FASTEST = 8;
const PATIENCE_MS = 4000;   // for a movie that does not load, or a jump that does not end
const FAR_S = 0.25;         // off the clock by more than this: jump

class Player {
  constructor(section) {
    this.section = section;
    this.cards = [...section.querySelectorAll(".take[data-proxy]")];
    this.takes = [];
    const rates = this.cards.map((card) => Number(card.dataset.rate));
    const lengths = this.cards.map((card) => Number(card.dataset.frames) / Number(card.dataset.rate));
    this.rate = Math.max(1, ...rates);
    this.frames = Math.max(1, Math.round(Math.max(0, ...lengths) * this.rate));
    this.frame = 0;
    this.first = 0;
    this.last = this.frames - 1;
    this.speed = 0;         // 0 stands, 1 plays, 2 twice as fast, -1 backwards
    this.alone = null;      // the card that is shown alone
    this.turn = 0;          // what was begun under an older number is not gone on with
    this.onchange = () => {};
  }

  get playing() { return this.speed !== 0; }

  // Have the movies there: a promise of all that can be played.
  arm() {
    if (this.takes.length || !this.cards.length) return this.ready ?? Promise.resolve();
    this.takes = this.cards.map((card) => ({ card, video: this.movie(card), length: card.dataset.frames / card.dataset.rate }));
    this.ready = Promise.all(this.takes.map((take) => settled(take.video, "loadeddata", "error"))).then(() => {
      this.takes = this.takes.filter((take) => !take.video.error);
    });
    return this.ready;
  }

  movie(card) {
    const video = document.createElement("video");
    Object.assign(video, { muted: true, playsInline: true, preload: "auto", disablePictureInPicture: true });
    video.tabIndex = -1;
    video.addEventListener("error", () => { card.classList.add("broken"); video.remove(); });
    video.src = card.dataset.proxy;
    card.querySelector(".poster").after(video);
    return video;
  }

  // Give the movies back.
  disarm() {
    this.pause();
    for (const { video } of this.takes) { video.removeAttribute("src"); video.load(); video.remove(); }
    this.takes = [];
    this.ready = undefined;
  }

  get leader() { return this.takes.reduce((best, take) => (take.length > best.length ? take : best)); }

  async play(speed = 1) {
    const turn = ++this.turn;
    this.speed = speed;
    this.onchange();
    await this.arm();
    if (turn !== this.turn || !this.takes.length) return;
    if (speed > 0 && this.frame >= this.last) this.frame = this.first;
    if (speed < 0 && this.frame <= this.first) this.frame = this.last;
    await this.jump(this.frame);
    if (turn !== this.turn) return;
    if (speed < 0) this.backwards(turn); else this.forwards(turn);
  }

  pause() {
    this.turn += 1;
    this.speed = 0;
    for (const { video } of this.takes) video.pause();
    if (this.takes.length) this.jump(this.frame);
    this.onchange();
  }

  // Bring every take to a frame: the same picture of time, whatever their rates.
  async jump(frame) {
    this.frame = Math.min(this.frames - 1, Math.max(0, frame));
    this.onchange();
    await this.arm();
    const time = (this.frame + 0.5) / this.rate;
    await Promise.all(this.takes.map(({ video, card, length }) => {
      video.pause();
      const wanted = Math.min(time, length - 0.5 / card.dataset.rate);
      if (Math.abs(video.currentTime - wanted) < 0.1 / this.rate && !video.seeking) return undefined;
      video.currentTime = wanted;
      return settled(video, "seeked", "error");
    }));
  }

  step(frames) {
    if (this.playing) this.pause();
    return this.jump(this.frame + frames);
  }

  forwards(turn) {
    const lead = this.leader;
    for (const { video } of this.takes) { video.playbackRate = this.speed; video.play().catch(() => {}); }
    lead.video.onended = () => { if (turn === this.turn) this.around(turn); };
    const shown = (_now, said) => {
      if (turn !== this.turn) return;
      this.frame = Math.min(this.frames - 1, Math.round((said?.mediaTime ?? lead.video.currentTime) * this.rate));
      this.onchange();
      if (this.frame >= this.last) { this.around(turn); return; }
      for (const take of this.takes) if (take !== lead) this.align(take, lead);
      onFrame(lead.video, shown);
    };
    onFrame(lead.video, shown);
  }

  // Keep a take on the leader's clock.
  align({ video, length }, lead) {
    const due = lead.video.currentTime;
    if (due >= length - 1 / this.rate) return;
    const off = video.currentTime - due;
    if (Math.abs(off) > FAR_S) video.currentTime = due;
    const nudge = Math.abs(off) < 0.25 / this.rate ? 0 : Math.max(-0.2, Math.min(0.2, 2 * off));
    video.playbackRate = this.speed * (1 - nudge);
    if (video.paused && !video.ended) video.play().catch(() => {});
  }

  // From the last frame to the first: the last one stands for as long as a frame does.
  around(turn) {
    if (this.turning === turn) return;
    this.turning = turn;
    for (const { video } of this.takes) video.pause();
    setTimeout(() => {
      this.turning = undefined;
      if (turn === this.turn) { this.frame = this.first; this.play(this.speed); }
    }, 1000 / this.rate / this.speed);
  }

  backwards(turn) {
    const began = performance.now(), from = this.frame, speed = -this.speed;
    const next = async (now) => {
      if (turn !== this.turn) return;
      const span = this.last - this.first + 1;
      const gone = Math.floor((Math.max(0, now - began) / 1000) * this.rate * speed) % span;  // a frame's time may lie before
      await this.jump(this.first + ((((from - this.first - gone) % span) + span) % span));
      if (turn === this.turn) requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  }

  // Loop between two frames; None given: all of it.
  loop(first = 0, last = this.frames - 1) {
    this.first = Math.min(first, last);
    this.last = Math.max(first, last);
    this.onchange();
  }

  // Show a take alone, where all of them were; the same again, or none, shows all.
  solo(card) {
    this.alone = card === this.alone ? null : card;
    this.section.querySelector(".takes").classList.toggle("solo", this.alone !== null);
    for (const each of this.section.querySelectorAll(".take")) each.classList.toggle("alone", each === this.alone);
  }

  hear() {
    const wanted = this.alone ?? this.section.querySelector(".take.chosen") ?? this.cards[0];
    for (const { card, video } of this.takes) video.muted = card !== wanted || !video.muted;
  }
}

function onFrame(video, then) {
  if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(then);
  else requestAnimationFrame(() => then(performance.now(), undefined));
}

function settled(target, ...events) {
  return new Promise((resolve) => {
    const done = () => { clearTimeout(timer); for (const event of events) target.removeEventListener(event, done); resolve(); };
    const timer = setTimeout(done, PATIENCE_MS);
    for (const event of events) target.addEventListener(event, done);
  });
}
