// Sends what needs a proof. A proof is what keeps a request from being carried out twice, so one that was
// refused is exchanged for a new one only when nothing can have been done with it.

const PROOFS_MAX = 3;
const PROOF_REFUSED = ["/problems/proof-rejected", "/problems/proof-already-used"];
const PROOF_REQUIRED = "/problems/proof-required";

/** An earlier attempt may have been carried out, and its proof can no longer be used to find out. */
export class MaybeDone extends Error {}

/**
 * What `attempt()` is answered at last, `{ data, uncertain }`; `renew(isRequired)` is called before each
 * attempt that needs another proof, or a first one. `isRepeatable` says that twice is as good as once.
 */
export async function sendProven({ attempt, renew, isRepeatable }) {
  for (let proofs = 1; ; proofs += 1) {
    const answer = await attempt();
    const isRequired = answer.data.type === PROOF_REQUIRED;
    const isRefused = PROOF_REFUSED.includes(answer.data.type);
    if (isRefused && answer.uncertain && !isRepeatable) throw new MaybeDone();
    if (!(isRefused || isRequired) || proofs === PROOFS_MAX) return answer;
    renew(isRequired);
  }
}
