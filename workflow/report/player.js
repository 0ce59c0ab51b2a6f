// One player per song. What is heard changes at the same instant of the song: the new recording is started where the old
// one will be a moment later, and the two are faded into each other.
(() => {
  "use strict";
  const AHEAD = 0.05; // s between the decision and the change, so that it is scheduled in time
  const FADE = 0.012; // s
  const STEP = 1; // s that an arrow key moves
  const Context = window.AudioContext || window.webkitAudioContext;
  let context = null;
  let sounding = null; // the player that plays

  const bytes = (uri) => Uint8Array.from(atob(uri.slice(uri.indexOf(",") + 1)), (letter) => letter.charCodeAt(0)).buffer;

  class Player {
    constructor(root) {
      this.root = root;
      this.seconds = Number(root.dataset.seconds);
      this.at = 0; // s, where it stands while it does not play
      this.playing = null; // {source, gain, origin, whole}: the context's times of the song's start and of full loudness
      this.wanted = 0; // counts requests, so that a late recording does not overrule a newer wish
      this.buffers = new Map();
      this.play = root.querySelector(".play");
      this.range = root.querySelector(".position");
      this.time = root.querySelector(".time");
      this.repeat = root.querySelector(".loop input");
      this.targets = [...root.querySelectorAll(".targets input")];
      this.lanes = [...root.querySelectorAll(".lanes")];
      this.trouble = root.querySelector(".trouble");
      this.listen();
      root.querySelector(".face").hidden = false;
      this.choose();
    }

    listen() {
      this.play.addEventListener("click", () => this.toggle());
      this.range.addEventListener("input", () => this.seek(Number(this.range.value)));
      this.repeat.addEventListener("change", () => this.restart());
      this.targets.forEach((input) => input.addEventListener("change", () => this.change()));
      for (const input of this.root.querySelectorAll(".lanes input")) input.addEventListener("change", () => this.change());
      for (const wave of this.root.querySelectorAll(".wave")) wave.addEventListener("click", (event) => this.point(event, wave));
      this.root.querySelector(".face").addEventListener("keydown", (event) => this.key(event));
    }

    get target() {
      return this.targets.findIndex((input) => input.checked);
    }

    get choices() {
      return [...this.lanes[this.target].querySelectorAll("input")];
    }

    now() {
      if (!this.playing) return this.at;
      const passed = Math.max(0, context.currentTime - this.playing.origin);
      return this.repeat.checked ? passed % this.seconds : Math.min(passed, this.seconds);
    }

    // What is chosen is shown, and heard if the player plays.
    change() {
      this.choose();
      if (this.playing) this.start();
    }

    choose() {
      this.lanes.forEach((lanes, number) => (lanes.hidden = number !== this.target));
      for (const input of this.choices) input.closest(".lane").classList.toggle("chosen", input.checked);
      this.show();
    }

    select(number) {
      const input = this.choices[number];
      if (!input) return;
      input.checked = true;
      this.change();
    }

    selectTarget(number) {
      const heard = this.choices.findIndex((input) => input.checked);
      this.targets[number % this.targets.length].checked = true;
      (this.choices[heard] || this.choices[0]).checked = true;
      this.change();
    }

    async buffer() {
      const key = this.choices.find((input) => input.checked).value;
      if (!this.buffers.has(key)) {
        const { src } = this.root.querySelector(`audio[data-key="${key}"]`);
        this.buffers.set(key, context.decodeAudioData(bytes(src)));
      }
      return this.buffers.get(key);
    }

    // Start what is chosen at the instant at which the player is.
    async start() {
      context ||= new Context();
      context.resume();
      const wish = ++this.wanted;
      let buffer;
      try {
        buffer = await this.buffer();
      } catch (error) {
        return this.fail(error);
      }
      if (wish !== this.wanted || (this.playing && this.now() + AHEAD >= this.seconds && !this.repeat.checked)) return;
      if (sounding && sounding !== this) sounding.pause();
      sounding = this;
      // A change waits for the end of the fade before it, so that quick ones add up to one loudness too.
      // Both times are whole samples: between samples a browser interpolates, which dulls the sound.
      const whole = (seconds) => Math.round(seconds * context.sampleRate) / context.sampleRate;
      const when = whole(Math.max(context.currentTime + AHEAD, this.playing ? this.playing.whole : 0));
      const place = whole(this.playing ? when - this.playing.origin : this.at);
      const source = new AudioBufferSourceNode(context, { buffer, loop: this.repeat.checked, loopEnd: this.seconds });
      const gain = new GainNode(context, { gain: 0 });
      source.connect(gain).connect(context.destination);
      gain.gain.setValueAtTime(0, when);
      gain.gain.linearRampToValueAtTime(1, when + FADE);
      source.start(when, place % this.seconds);
      this.quieten(when);
      const playing = { source, gain, origin: when - place, whole: when + FADE + 0.001 };
      this.playing = playing;
      source.onended = () => this.playing === playing && this.end();
      this.show();
      this.prepare();
    }

    // Decode the other recordings of the target, so that a change to them is immediate.
    prepare() {
      for (const { value } of this.choices) {
        if (this.buffers.has(value)) continue;
        const { src } = this.root.querySelector(`audio[data-key="${value}"]`);
        this.buffers.set(value, context.decodeAudioData(bytes(src)));
      }
    }

    quieten(when) {
      if (!this.playing) return;
      const { source, gain } = this.playing;
      source.onended = null;
      gain.gain.setValueAtTime(1, when);
      gain.gain.linearRampToValueAtTime(0, when + FADE);
      source.stop(when + FADE);
      this.playing = null;
    }

    pause() {
      this.wanted++;
      this.at = this.now();
      if (context) this.quieten(context.currentTime);
      if (sounding === this) sounding = null;
      this.show();
    }

    end() {
      this.pause();
      this.at = 0;
      this.show();
    }

    toggle() {
      if (this.playing) this.pause();
      else this.start();
    }

    seek(seconds) {
      const going = this.playing;
      this.at = Math.min(Math.max(seconds, 0), this.seconds - 0.01);
      if (going) {
        this.quieten(context.currentTime);
        this.start();
      }
      this.show();
    }

    restart() {
      if (this.playing) this.seek(this.at = this.now());
    }

    point(event, wave) {
      const box = wave.getBoundingClientRect();
      const input = wave.closest(".lane").querySelector("input");
      if (input) input.checked = true;
      this.choose();
      this.seek(((event.clientX - box.left) / box.width) * this.seconds);
      if (!this.playing) this.start();
    }

    key(event) {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const { target, key } = event;
      const among = target.matches(".targets input"); // arrows go from target to target there
      const chosen = this.choices.findIndex((input) => input.checked);
      const moves = { ArrowLeft: -STEP, ArrowRight: STEP };
      if (key === " " && !target.matches("button, .loop input")) this.toggle();
      else if (key in moves && !among) this.seek(this.now() + moves[key]);
      else if (key === "ArrowUp" && !among) this.select(Math.max(chosen - 1, 0));
      else if (key === "ArrowDown" && !among) this.select(Math.min(chosen + 1, this.choices.length - 1));
      else if (key === "Home") this.seek(0);
      else if (key.toLowerCase() === "t") this.selectTarget(this.target + 1);
      else if (key >= "1" && key <= "9") this.select(Number(key) - 1);
      else return;
      if (target.matches(".lanes input")) this.choices.find((input) => input.checked).focus();
      event.preventDefault();
    }

    show() {
      const at = this.now();
      this.root.style.setProperty("--at", `${(100 * at) / this.seconds}%`);
      this.range.value = at;
      this.range.setAttribute("aria-valuetext", `${at.toFixed(1)} of ${this.seconds.toFixed(1)} seconds`);
      this.time.value = `${at.toFixed(1)} of ${this.seconds.toFixed(1)} s`;
      this.play.textContent = this.playing ? "Pause" : "Play";
      if (this.playing && !this.drawing) {
        this.drawing = requestAnimationFrame(() => {
          this.drawing = 0;
          this.show();
        });
      }
    }

    fail(error) {
      this.pause();
      this.trouble.textContent = `This browser cannot play the recording (${error.message || error}); try the list below.`;
      this.trouble.hidden = false;
    }
  }

  if (Context) document.querySelectorAll(".player").forEach((root) => new Player(root));
})();
