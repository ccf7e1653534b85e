// How the domain of an address takes our mails at the moment. It tells nothing of whose the address is.
import { say } from "./mail-state.js";
import { domainOf, wordsOfDelivery } from "./mail-words.js";
import { send } from "./send.js";

let latest = null;

/** Said if there is something to say; what is not answered is not asked again. */
export async function showDelivery(address) {
  say("");
  const domain = (latest = domainOf(address));
  if (!domain) return;
  const url = `/api/delivery?domain=${encodeURIComponent(domain)}`;
  const { status, data } = await send("GET", url, undefined, { waiting: giveUp }).catch(() => ({}));
  // Another may have been asked for since.
  if (status === 200 && domain === latest) say(wordsOfDelivery(data), data.state, data.state === "refusing");
}

const giveUp = () => {
  throw new Error("the domain is not waited for");
};
