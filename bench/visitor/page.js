// Finds proofs by the pages' own script, one after the other, and tells how long each took.
const { Proof } = await import(await (await fetch("/bench/script")).text());

for (;;) {
  const challenge = await (await fetch("/bench/challenge")).json();
  const started = performance.now();
  const proof = new Proof({ fetchChallenge: async () => challenge, insist: (attempt) => attempt(), say() {} });
  await proof.serve("", { waiting() {}, signal: new AbortController().signal });
  const took = { ms: performance.now() - started, processors: navigator.hardwareConcurrency };
  await fetch("/bench/took", { method: "POST", body: JSON.stringify(took) });
}
