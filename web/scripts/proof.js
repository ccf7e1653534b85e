// The proof that a person is worth the server's time (ALTCHA, version 2): a worker looks for the
// number that the challenge hides, while the person types. It is loaded when a form first needs it,
// so it stands alone: no import, and PROOF_WORKER is written in by the build.

/** The server takes a proof for 20 minutes; the rest is for the way and for clocks that drift. */
const USABLE_MINUTES = 18;
const WORKERS_MAX = 4;
const WORKER_SECONDS_MAX = 20;
const SEARCH_SECONDS_MAX = 300;

/**
 * The proof of one form, for one action. It serves one body: asked again for the same body it is the
 * same proof, which makes the server give the same answer and do nothing twice.
 */
export class Proof {
  /**
   * `fetchChallenge(waiting)` asks the server; `insist` is that of send.js; `say(text)` tells the
   * person; `spent` is `{ body, payload }` of a sending that a reload interrupted.
   */
  constructor({ fetchChallenge, insist, say, spent = null }) {
    Object.assign(this, { fetchChallenge, insist, say, spent });
    this.search = null;
  }

  /** Begins the search if none is begun. A failure is left for `serve`, which can tell and wait. */
  start(waiting) {
    if (this.search || this.spent) return;
    this.#begin(waiting).catch(() => {});
  }

  /** The payload for this body. `waiting` is what `insist` calls between two attempts, `signal` stops it. */
  async serve(body, { waiting, signal }) {
    if (this.spent?.body === body) return this.spent.payload;
    if (this.spent || this.#isOld()) this.discard();
    const begun = this.search?.catch(() => null);
    const { payload } = (await begun) ?? (await this.#begin(waiting));
    // Nobody waits for it any more: it is left for the next body.
    if (signal.aborted) throw new Error("stopped");
    this.search = null;
    this.spent = { body, payload };
    return payload;
  }

  /** The server refused this proof, or it has served: the next one is made anew. */
  discard() {
    this.search = null;
    this.spent = null;
  }

  /** The server refused the form before it looked at the proof, which can serve for the corrected one. */
  release() {
    if (!this.spent) return;
    this.search = Promise.resolve({ payload: this.spent.payload });
    this.spent = null;
  }

  #isOld() {
    return this.search && Date.now() - this.madeAt > USABLE_MINUTES * 60_000;
  }

  #begin(waiting) {
    this.madeAt = Date.now();
    this.say("Vérification anti-robot en cours…");
    const search = this.#find(waiting);
    this.search = search;
    search.then(
      () => this.say("Vérification anti-robot terminée."),
      () => {
        this.say("");
        if (this.search === search) this.search = null;
      },
    );
    return search;
  }

  async #find(waiting) {
    const { parameters, signature } = await this.fetchChallenge(waiting);
    const challenge = { parameters, signature };
    const solution = await this.insist(() => solve(challenge), waiting);
    return { payload: btoa(JSON.stringify({ challenge, solution })) };
  }
}

/** Shares the numbers out between workers; the first that finds ends them all. Null if one does not come. */
async function solve(challenge) {
  const count = Math.max(1, Math.min(navigator.hardwareConcurrency || 1, WORKERS_MAX));
  const workers = Array.from({ length: count }, () => new Worker(PROOF_WORKER));
  try {
    return await Promise.race(workers.map((worker, index) => ask(worker, challenge, index, count)));
  } finally {
    workers.forEach((worker) => worker.terminate());
  }
}

function ask(worker, challenge, counterStart, counterStep) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(resolve, WORKER_SECONDS_MAX * 1000, null);
    // Before it has come, an error is the network's.
    worker.onerror = () => resolve(null);
    worker.onmessage = ({ data }) => {
      clearTimeout(late);
      worker.onerror = () => reject(new Error("the search for a proof failed"));
      if (data?.isReady) return;
      if (data && !data.error) resolve(data);
      else reject(new Error("no proof was found"));
    };
    worker.postMessage({ type: "work", challenge, counterStart, counterStep, timeout: SEARCH_SECONDS_MAX * 1000 });
  });
}
