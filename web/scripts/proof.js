// The proof that a person is worth the server's time (ALTCHA, version 2): a worker looks for the
// number that the challenge hides, as soon as the page is idle. It is loaded then, so it stands alone:
// no import, and PROOF_WORKER is written in by the build.

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
   * person, who is told only when they wait for it; `spent` is `{ body, payload }` of a sending that a reload interrupted.
   */
  constructor({ fetchChallenge, insist, say, spent = null }) {
    Object.assign(this, { fetchChallenge, insist, say, spent });
    this.search = null;
  }

  /** Begins the search if none is begun, or what was found is too old. A failure is left for `serve`, which can tell. */
  start(waiting) {
    if (this.spent || (this.search && !this.isOld())) return;
    this.#begin(waiting).catch(() => {});
  }

  /** The payload for this body. `waiting` is what `insist` calls between two attempts, `signal` stops it. */
  async serve(body, { waiting, signal }) {
    if (this.spent?.body === body) return this.spent.payload;
    if (this.spent || this.isOld()) this.discard();
    const payload = await this.#awaited(waiting);
    // Nobody waits for it any more: it is left for the next body.
    if (signal.aborted) throw new Error("stopped");
    this.search = null;
    this.isFound = false;
    this.spent = { body, payload };
    return payload;
  }

  /** The server refused this proof, or it has served: the next one is made anew. */
  discard() {
    this.search = null;
    this.isFound = false;
    this.spent = null;
  }

  /** The server refused the form before it looked at the proof, which can serve for the corrected one. */
  release() {
    if (!this.spent) return;
    this.search = Promise.resolve({ payload: this.spent.payload });
    this.isFound = true;
    this.spent = null;
  }

  isOld() {
    return Boolean(this.search) && Date.now() - this.madeAt > USABLE_MINUTES * 60_000;
  }

  /** The payload of the search that is begun, or of another. What is found already is not spoken of. */
  async #awaited(waiting) {
    if (!this.isFound) this.say("Vérification anti-robot en cours…");
    try {
      const begun = await this.search?.catch(() => null);
      return (begun ?? (await this.#begin(waiting))).payload;
    } finally {
      this.say("");
    }
  }

  #begin(waiting) {
    this.madeAt = Date.now();
    this.isFound = false;
    const search = this.#find(waiting);
    this.search = search;
    search.then(
      () => {
        if (this.search === search) this.isFound = true;
      },
      () => {
        if (this.search === search) this.search = null;
      },
    );
    return search;
  }

  async #find(waiting) {
    // They come while the challenge does: on a slow line each of the two takes seconds.
    const workers = startWorkers();
    try {
      const { parameters, signature } = await this.fetchChallenge(waiting);
      const challenge = { parameters, signature };
      const solution = (await solve(challenge, workers)) ?? (await this.insist(() => solveAnew(challenge), waiting));
      return { payload: btoa(JSON.stringify({ challenge, solution })) };
    } finally {
      end(workers);
    }
  }
}

/** As many as there are processors, up to a few. */
function startWorkers() {
  const count = Math.max(1, Math.min(navigator.hardwareConcurrency || 1, WORKERS_MAX));
  return Array.from({ length: count }, () => {
    const worker = new Worker(PROOF_WORKER);
    // What fails before the challenge is there is known by then.
    worker.onerror = () => (worker.hasFailed = true);
    worker.onmessage = () => (worker.isReady = true);
    return worker;
  });
}

const end = (workers) => workers.forEach((worker) => worker.terminate());

async function solveAnew(challenge) {
  const workers = startWorkers();
  try {
    return await solve(challenge, workers);
  } finally {
    end(workers);
  }
}

/** Shares the numbers out between the workers. Null if one of them does not come. */
const solve = (challenge, workers) =>
  Promise.race(workers.map((worker, index) => ask(worker, challenge, index, workers.length)));

function ask(worker, challenge, counterStart, counterStep) {
  return new Promise((resolve, reject) => {
    if (worker.hasFailed) return resolve(null);
    const late = setTimeout(resolve, WORKER_SECONDS_MAX * 1000, null);
    const hasCome = () => {
      clearTimeout(late);
      worker.onerror = () => reject(new Error("the search for a proof failed"));
    };
    // Before it has come, an error is the network's.
    worker.onerror = () => resolve(null);
    worker.onmessage = ({ data }) => {
      hasCome();
      if (data?.isReady) return;
      if (data && !data.error) resolve(data);
      else reject(new Error("no proof was found"));
    };
    if (worker.isReady) hasCome();
    worker.postMessage({ type: "work", challenge, counterStart, counterStep, timeout: SEARCH_SECONDS_MAX * 1000 });
  });
}
