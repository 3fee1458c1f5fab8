// The terminal's buzzer: the changes of its wire, played at the distances they had.
const TONE_HZ = 2700; // where discs of 12 mm are loudest
const LOUDNESS = 0.06;
const AHEAD_S = 0.05; // room for changes that come a little late
const FADE_S = 0.001; // no clicks

export class Buzzer {
  constructor() {
    this.isWanted = true;
    this.context = null;
    this.origin = null; // context time that belongs to millisecond 0 of the terminal
    this.last = 0;
  }

  // Browsers let a page sound only after somebody has touched it.
  allow() {
    if (this.context === null) {
      this.context = new AudioContext();
      this.gain = new GainNode(this.context, { gain: 0 });
      const tone = new OscillatorNode(this.context, { type: "square", frequency: TONE_HZ });
      tone.connect(this.gain).connect(this.context.destination);
      tone.start();
    }
    this.context.resume();
  }

  // edges: [[milliseconds, level], …] in order.
  play(edges) {
    if (this.context === null || !this.isWanted) return;
    for (const [ms, level] of edges) {
      const now = this.context.currentTime;
      if (level && now > this.last) this.origin = now + AHEAD_S - ms / 1000; // a new pattern
      if (this.origin === null) continue;
      const at = Math.max(now, this.origin + ms / 1000);
      this.gain.gain.setTargetAtTime(level ? LOUDNESS : 0, at, FADE_S);
      this.last = level ? Infinity : at;
    }
  }

  stop() {
    if (this.context === null) return;
    this.gain.gain.cancelScheduledValues(0);
    this.gain.gain.value = 0;
    this.last = 0;
  }
}
