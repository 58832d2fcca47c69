// SPDX-License-Identifier: Apache-2.0
// The one ring tone of the page, whichever number of phones rings.
//
// Two oscillators sound all the time that it rings. Their pitch and their loudness come from two
// looped buffers, so the melody plays on without a timer, also in a tab that the browser slows
// down, and the loudness never falls to silence between two notes:
//
//   pitch ──> oscillators ──> notes (loudness) ──> output (fades in and out) ──> analyser ──> speaker

const SECONDS_PER_NOTE = 0.18;
const MELODY = [659.3, 784, 880, 784, 987.8, 880, 784, 659.3, 587.3, 784, 880, 1174.7]; // Hz
const QUIETEST = 0.55; // of a note's loudness, at its end
const VOLUME = 0.3;
const FADE = 0.02; // seconds: without it a tone begins and ends with a click
const INAUDIBLE = 0.0005; // of full scale
const VIBRATION = 2500; // ms, started anew each second: also a slowed-down timer leaves no gap

export class Ringer {
  #context = null;
  #output = null;
  #analyser = null;
  #samples = null;
  #playing = null;
  #ringing = false;
  #wanted = true;
  #vibration = 0;
  #vibrates = false;
  #changed;

  /** @param changed is called when state() may have become another */
  constructor(changed) {
    this.#changed = changed;
    this.#open();
  }

  /**
   * "silent": nothing rings. "ringing": it sounds. "muted": it rings, but the sound was switched off.
   * "blocked": it rings, but the browser plays nothing before somebody has clicked.
   */
  state() {
    if (!this.#ringing) {
      return 'silent';
    }
    if (!this.#wanted) {
      return 'muted';
    }
    return this.#allowed() ? 'ringing' : 'blocked';
  }

  /** What the button says: "on", "off", "blocked", or "none" if the browser has no Web Audio. */
  sound() {
    if (!this.#context) {
      return 'none';
    }
    if (!this.#wanted) {
      return 'off';
    }
    return this.#allowed() ? 'on' : 'blocked';
  }

  /** The loudness at this moment: the root mean square of what goes to the speaker. */
  level() {
    if (!this.#analyser) {
      return 0;
    }
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let sum = 0;
    for (const sample of this.#samples) {
      sum += sample * sample;
    }
    return Math.sqrt(sum / this.#samples.length);
  }

  /** The longest silence in what went to the speaker just now, in milliseconds; sees the last 40. */
  silence() {
    if (!this.#analyser) {
      return 0;
    }
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let longest = 0;
    let run = 0;
    for (const sample of this.#samples) {
      run = Math.abs(sample) < INAUDIBLE ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    return longest / this.#context.sampleRate * 1000;
  }

  /** Whether the device is told to vibrate now; many have nothing that could. */
  vibrates() {
    return this.#vibrates;
  }

  /** Somebody has clicked or pressed a key: the browser may let us play now. */
  unblock() {
    if (this.#wanted && this.#context && this.#context.state !== 'running') {
      this.#context.resume().then(() => this.#update(), () => {});
    }
  }

  switchSound(on) {
    this.#wanted = on;
    this.#update();
    this.unblock();
  }

  start() {
    if (this.#ringing) {
      return;
    }
    this.#ringing = true;
    this.#vibrate();
    this.#vibration = setInterval(() => this.#vibrate(), 1000);
    this.#update();
  }

  stop() {
    if (!this.#ringing) {
      return;
    }
    this.#ringing = false;
    clearInterval(this.#vibration);
    if (this.#vibrates) {
      navigator.vibrate(0);
      this.#vibrates = false;
    }
    this.#update();
  }

  #allowed() {
    return this.#context !== null && this.#context.state === 'running';
  }

  #vibrate() {
    this.#vibrates = Boolean(navigator.vibrate) && navigator.vibrate(VIBRATION);
  }

  #open() {
    const Context = window.AudioContext;
    if (!Context) {
      return;
    }
    this.#context = new Context();
    this.#output = new GainNode(this.#context, { gain: 0 });
    this.#analyser = new AnalyserNode(this.#context, { fftSize: 2048 });
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#output.connect(this.#analyser).connect(this.#context.destination);
    this.#context.addEventListener('statechange', () => this.#update());
  }

  #update() {
    const sounds = this.state() === 'ringing';
    if (sounds && !this.#playing) {
      this.#play();
    } else if (!sounds && this.#playing) {
      this.#silence();
    }
    this.#changed();
  }

  #play() {
    const context = this.#context;
    const pitch = this.#loop((note) => MELODY[note]);
    const loudness = this.#loop((note, age) => 1 - (1 - QUIETEST) * age);
    const notes = new GainNode(context, { gain: 0 });
    loudness.connect(notes.gain);
    const sources = [pitch, loudness];
    for (const [type, octave, gain] of [['triangle', 1, 0.7], ['sine', 2, 0.3]]) {
      const oscillator = new OscillatorNode(context, { type, frequency: 0 });
      pitch.connect(new GainNode(context, { gain: octave })).connect(oscillator.frequency);
      oscillator.connect(new GainNode(context, { gain })).connect(notes);
      sources.push(oscillator);
    }
    notes.connect(this.#output);
    sources.forEach((source) => source.start());
    this.#fadeTo(VOLUME);
    this.#playing = { sources, notes };
  }

  #silence() {
    const { sources, notes } = this.#playing;
    this.#playing = null;
    this.#fadeTo(0);
    const end = this.#context.currentTime + 2 * FADE;
    sources[0].addEventListener('ended', () => notes.disconnect());
    sources.forEach((source) => source.stop(end));
  }

  #fadeTo(volume) {
    const now = this.#context.currentTime;
    const gain = this.#output.gain;
    gain.cancelScheduledValues(now);
    gain.setValueAtTime(gain.value, now);
    gain.linearRampToValueAtTime(volume, now + FADE);
  }

  /** A buffer without end whose value at each moment is that of the note and of its age, 0 to 1. */
  #loop(value) {
    const context = this.#context;
    const perNote = Math.round(SECONDS_PER_NOTE * context.sampleRate);
    const buffer = context.createBuffer(1, perNote * MELODY.length, context.sampleRate);
    const samples = buffer.getChannelData(0);
    for (let i = 0; i < samples.length; i++) {
      samples[i] = value(Math.floor(i / perNote), (i % perNote) / perNote);
    }
    return new AudioBufferSourceNode(context, { buffer, loop: true });
  }
}
