// Says what a form is doing: the sending, the wait before the next attempt, and how to stop it.
import { make } from "./dom.js";
import { Cancelled } from "./send.js";

/** A screen reader hears the countdown at these seconds only; the eye sees each one. */
const SPOKEN_AT_SECONDS = [60, 30, 10];

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

  /** Counts `seconds` down. Throws `Cancelled` when the person stops it, or edits the form meanwhile. */
  waiting = async (reason, seconds) => {
    const countdown = make("p", { class: "app-countdown", "aria-hidden": "true" });
    const cancel = make("button", { type: "button", class: "govuk-button govuk-button--secondary" }, this.cancel);
    const stopping = new AbortController();
    const stop = () => stopping.abort();
    cancel.addEventListener("click", stop);
    this.element.closest("form")?.addEventListener("input", stop, { signal: stopping.signal });
    const announce = (left) => this.say(`${reason} ${this.kept}`, ` Nouvel essai automatique dans ${inWords(left)}.`);
    announce(seconds);
    this.element.append(countdown, cancel);
    this.element.classList.add("app-sending--waiting");
    const hadFocus = document.activeElement;
    try {
      await countDown(seconds, stopping.signal, (left) => {
        countdown.textContent = `Nouvel essai dans ${inWords(left)}`;
        if (left < seconds && SPOKEN_AT_SECONDS.includes(left)) announce(left);
      });
      this.say("Nouvel essai en cours…");
    } finally {
      stop();
      const focusIsLost = document.activeElement === cancel;
      countdown.remove();
      cancel.remove();
      this.element.classList.remove("app-sending--waiting");
      if (focusIsLost) hadFocus?.focus();
    }
  };
}

function countDown(seconds, stopped, show) {
  const end = Date.now() + seconds * 1000;
  return new Promise((resolve, reject) => {
    const tick = () => {
      // By the clock, not by counting ticks: a hidden tab slows its timers.
      const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      show(left);
      if (left === 0) settle(resolve);
    };
    const timer = setInterval(tick, 1000);
    const settle = (how, reason) => {
      clearInterval(timer);
      how(reason);
    };
    stopped.addEventListener("abort", () => settle(reject, new Cancelled()), { once: true });
    tick();
  });
}

function inWords(seconds) {
  if (seconds < 60) return `${seconds}\u00a0seconde${seconds > 1 ? "s" : ""}`;
  const minutes = Math.floor(seconds / 60);
  const rest = seconds % 60;
  return `${minutes}\u00a0min${rest ? `\u00a0${String(rest).padStart(2, "0")}\u00a0s` : ""}`;
}
