// Leaving an establishment. The last holder is never merely refused: somebody else becomes one, or the space closes.
import { byId, make } from "../dom.js";
import { dayInWords } from "../days.js";
import { fixSpaces } from "../french.js";
import { openSpace } from "../space/shell.js";
import { isLastHolder, nameOf } from "../space/words.js";

const NOT_ALLOWED = "/problems/not-allowed";
const LAST_HOLDER = "/problems/last-holder";
const OTHER_HOLDERS = "/problems/other-holders";
const HAS_OTHER = "L'établissement a maintenant un autre titulaire : vous pouvez le quitter.";
const NO_SUCCESSOR = "Choisissez un collègue.";

const space = openSpace({ main: "leave", needsEstablishment: true, show });
const here = () => space.establishment;
const urlOf = (member) => `/api/space/members/${encodeURIComponent(member)}`;
const myself = () => here().member ?? here().members.find(({ is_me: isMe }) => isMe).member;
const maybeClosed = (name) => `La réponse à votre envoi s'est perdue : l'espace de ${name} est sans doute fermé.`;
const sayGone = () => space.goTo("/mon-espace/", `Vous avez quitté ${here().name}.`);

function show() {
  const { members = [], invitations = [] } = here();
  const isLast = space.isHolder && isLastHolder(members);
  byId("leave-now").hidden = isLast;
  byId("name-in-advance").hidden = !space.isHolder;
  byId("last-holder").hidden = !isLast;
  const isCandidate = ({ role, state, is_me: isMe }) => !isMe && role === "member" && state === "active";
  const colleagues = members.filter(isCandidate);
  byId("promote-way").hidden = colleagues.length === 0;
  byId("promote-successor").querySelector(".govuk-radios").replaceChildren(...colleagues.map(radio));
  const pending = invitations.find((one) => one.is_successor && one.state === "open");
  byId("successor-invited").hidden = !pending;
  byId("successor-invited").textContent = pending ? wordsOfPending(pending) : "";
}

function wordsOfPending(pending) {
  const [name, until] = [nameOf(pending), dayInWords(pending.until)];
  return fixSpaces(`Vous avez déjà invité ${name} à prendre votre suite : l'invitation attend jusqu'au ${until}.`);
}

function radio(member, rank) {
  const id = rank ? `successor-${rank}` : "successor";
  const attributes = { class: "govuk-radios__input", id, name: "successor", type: "radio", value: member.member };
  const input = make("input", rank ? attributes : { ...attributes, "data-required": NO_SUCCESSOR });
  const label = make("label", { class: "govuk-label govuk-radios__label", for: id }, nameOf(member));
  return make("div", { class: "govuk-radios__item" }, input, label);
}

space.bind("leave-establishment", {
  method: "DELETE",
  url: () => `${urlOf(myself())}?siret=${here().siret}`,
  onDone: sayGone,
  onRefused({ status, data, uncertain }) {
    // The answer to the first attempt was lost: whoever has left may do nothing there any more.
    if (uncertain && (status === 403 || status === 404)) sayGone();
    else if (data.type === LAST_HOLDER) space.reload();
    else return false;
    return true;
  },
});

/** What can be done now is another than what was shown. */
function showAnew(news) {
  space.news = news;
  space.present();
}

const promoting = space.bind("promote-successor", {
  method: "PATCH",
  url: () => urlOf(promoting.typed.successor),
  fields: () => ({ siret: here().siret, role: "holder" }),
  async onDone(_, { successor }) {
    const name = nameOf(here().members.find(({ member }) => member === successor));
    const news = `${name} est titulaire. Vous pouvez maintenant quitter l'établissement.`;
    if (await space.reload()) showAnew(news);
  },
});

const inviting = space.bind("invite-successor", {
  url: "/api/space/invitations",
  fields: (typed) => ({ siret: here().siret, ...typed, role: "holder", is_successor: true }),
  onDone({ sent_to: to, valid_days: days }) {
    inviting.empty();
    const news = `Invitation envoyée à ${to}, valable ${days} jours. Vous restez titulaire jusqu'à son acceptation.`;
    space.goTo("/mon-espace/collegues/", news);
  },
});

space.bind("close-establishment", {
  url: () => `/api/space/establishments/${here().siret}/close`,
  actionIfAsked: "session",
  onDone: () => space.goTo("/mon-espace/", `L'espace de ${here().name} est fermé.`),
  onRefused({ status, data, uncertain }) {
    // The answer to the first attempt was lost: of a closed space nobody is a holder.
    if (uncertain && data.type === NOT_ALLOWED) space.goTo("/mon-espace/", maybeClosed(here().name));
    else if (status === 409 && data.type === OTHER_HOLDERS) space.reload().then((isFresh) => isFresh && showAnew(HAS_OTHER));
    else return false;
    return true;
  },
});
