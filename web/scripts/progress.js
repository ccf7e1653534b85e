// Says what a form is doing: the sending, the wait before the next attempt, and how to stop it.
import { make } from "./dom.js";
import { Cancelled, UNREACHABLE } from "./send.js";

/** A screen reader hears the countdown at these seconds only; the eye sees each one. */
const SPOKEN_AT_SECONDS = [60, 30, 10];
/** Not so soon after the beginning of the wait, which was spoken too. */
const SPOKEN_APART_SECONDS = 5;

/** Drives the `.app-sending` element of a form, whose live region has been there since the page came. */
export class Progress {
  /** `kept` is said of what was typed, `cancel` is on the button that stops the wait. */
  constructor(element, { kept = "Votre saisie est conservée.", cancel = "Annuler l'envoi" } = {}) {
    this.element = element;
    this.status = element.querySelector("[role=status]");
    this.kept = kept;
    this.cancel = cancel;
  }

  /** `aside` is for those who listen: the others see it elsewhere. */
  say(text, aside = "") {
    const unseen = aside && make("span", { class: "govuk-visually-hidden" }, aside);
    this.status.replaceChildren(...[text, unseen].filter(Boolean));
  }

  clear() {
    this.say("");
  }

  /** Begins a sending: gives the `{ waiting, signal }` that `send` asks for. `aside` as in `say`. */
  begin(text, aside = "") {
    const stopping = new AbortController();
    this.stopping = stopping;
    this.focusAfterWait = null;
    this.say(text, aside);
    return { signal: stopping.signal, waiting: (reason, seconds) => this.#wait(reason, seconds, stopping) };
  }

  /** Stops the sending that was begun, if it is not over. */
  stop() {
    this.stopping?.abort();
  }

  /** Counts `seconds` down. Throws `Cancelled` when it is stopped. */
  async #wait(reason, seconds, stopping) {
    if (stopping.signal.aborted) throw new Cancelled();
    const countdown = make("p", { class: "app-countdown", "aria-hidden": "true" });
    const cancel = make("button", { type: "button", class: "govuk-button govuk-button--secondary" }, this.cancel);
    cancel.addEventListener("click", () => stopping.abort());
    const announce = (left) => this.say(`${reason} ${this.kept}`, this.#aside(left));
    announce(Math.ceil(seconds));
    const hadFocus = document.activeElement;
    this.element.append(countdown, cancel);
    this.element.classList.add("app-sending--waiting");
    // Who was on the button of the wait before, and has not moved since, is on it again.
    if (hadFocus === this.focusAfterWait) cancel.focus();
    try {
      // Whoever refused said when to come back; who could not be reached may be, as soon as there is a network.
      const isOver = reason === UNREACHABLE ? "online" : null;
      await countDown(seconds, stopping.signal, isOver, (left) => {
        countdown.textContent = `Nouvel essai dans ${inWords(left)}`;
        if (left + SPOKEN_APART_SECONDS < seconds && SPOKEN_AT_SECONDS.includes(left)) announce(left);
      });
      this.say("Nouvel essai en cours…");
    } finally {
      const focusIsLost = document.activeElement === cancel;
      countdown.remove();
      cancel.remove();
      this.element.classList.remove("app-sending--waiting");
      if (focusIsLost) hadFocus?.focus();
      this.focusAfterWait = focusIsLost ? hadFocus : null;
    }
  }

  #aside(left) {
    return ` Nouvel essai automatique dans ${inWords(left)}. Le bouton «\u00a0${this.cancel}\u00a0» arrête l'attente.`;
  }
}

/**
 * `show` is told the whole seconds that are left, each once; it ends at the exact moment, or when the window hears
 * the event `isOver`.
 */
function countDown(seconds, signal, isOver, show) {
  const end = Date.now() + seconds * 1000;
  return new Promise((resolve, reject) => {
    let timer;
    const tick = () => {
      // By the clock, not by counting ticks: a hidden tab slows its timers.
      const left = (end - Date.now()) / 1000;
      if (left <= 0) return resolve();
      show(Math.ceil(left));
      timer = setTimeout(tick, (left % 1 || 1) * 1000);
    };
    const stop = () => {
      clearTimeout(timer);
      reject(new Cancelled());
    };
    signal.addEventListener("abort", stop, { once: true });
    const finish = () => {
      clearTimeout(timer);
      resolve();
    };
    if (isOver) addEventListener(isOver, finish, { once: true });
    tick();
  });
}

/** `95` -> `1 min 35 s`. */
export function inWords(seconds) {
  if (seconds < 60) return `${seconds}\u00a0seconde${seconds > 1 ? "s" : ""}`;
  const minutes = Math.floor(seconds / 60);
  const rest = seconds % 60;
  return `${minutes}\u00a0min${rest ? `\u00a0${String(rest).padStart(2, "0")}\u00a0s` : ""}`;
}
