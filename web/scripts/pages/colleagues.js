// Colleagues of an establishment, invitations into it, and whom the holder names in advance to take over; each change
// of a colleague is asked about before it is made.
import { byId } from "../dom.js";
import { fixSpaces } from "../french.js";
import { bindConfirm } from "../space/confirm.js";
import { inviter } from "../space/inviter.js";
import { item } from "../space/items.js";
import { changesOf, questionsOf } from "../space/questions.js";
import { openSpace } from "../space/shell.js";
import { ROLES, isLastHolder, nameOf, wordsOfInvitation, wordsOfMember, wordsOfRequest, wordsOfSuccessor } from "../space/words.js";

const INVITATIONS = "/api/space/invitations";
/** What the address of an invitation is given anew for, by how the first stands. */
const CORRECTIONS = { open: "Corriger l'adresse", bounced: "Corriger et renvoyer", expired: "Renvoyer" };

const space = openSpace({ main: "colleagues", needsEstablishment: true, show });

function show() {
  const { members = [], invitations = [], requests = [], successor = null } = space.establishment;
  const { isHolder } = space;
  byId("for-holders").hidden = !isHolder;
  byId("for-members").hidden = isHolder || space.isSuspended;
  byId("members").replaceChildren(...members.map((member) => person(member, isLastHolder(members))));
  byId("invited").hidden = invitations.length === 0;
  byId("invitations").replaceChildren(...invitations.map(invited));
  byId("asking").hidden = requests.length === 0;
  byId("requests").replaceChildren(...requests.map(asker));
  byId("no-successor").hidden = successor !== null;
  byId("successors").replaceChildren(...(successor ? [named(successor)] : []));
  const asked = isHolder && inviter();
  if (!asked) return;
  const { first_name, last_name, email, isCut, news } = asked;
  if (isCut) space.news = news;
  else inviting.put({ first_name, last_name, email, role: "member" });
  history.replaceState({ view: "invite", args: { isAsked: true }, isFirst: true }, "");
}

function person(member, isLast) {
  const { member: id } = member;
  const enter = (change) => () => space.enter("confirm", { what: "change", change, member: id });
  return item({
    title: member.is_me ? `${nameOf(member)} (vous)` : nameOf(member),
    lines: [wordsOfMember(member), member.sent_to],
    state: member.state === "suspended" ? ["suspended", "Accès suspendu"] : null,
    actions: changesOf(member, isLast).map(([change, words]) => [change, words, enter(change)]),
  });
}

function invited(invitation) {
  const { invitation: id, sent_to: sentTo, role, state } = invitation;
  const correct = () => {
    if (correction.subject !== id) correcting.empty();
    space.enter("correct-invitation", { invitation: id });
  };
  const successor = invitation.is_successor ? ", pour prendre votre suite" : "";
  return item({
    title: nameOf(invitation) || sentTo,
    lines: [`${ROLES[role] ?? role}${successor}`, sentTo],
    state: [state, wordsOfInvitation(invitation)],
    actions: [
      ["correct", CORRECTIONS[state] ?? CORRECTIONS.open, correct],
      ["withdraw", "Retirer", () => space.enter("confirm", { what: "withdraw", invitation: id })],
    ],
  });
}

function asker(request) {
  const { first_name, last_name, email } = request;
  const invite = () => {
    inviting.put({ first_name, last_name, email, role: "member" });
    space.enter("invite", { isAsked: true });
  };
  return item({ title: nameOf(request), lines: [wordsOfRequest(request), email], actions: [["invite", "Inviter", invite]] });
}

const named = (successor) =>
  item({
    title: nameOf(successor),
    lines: [wordsOfSuccessor(successor), successor.sent_to],
    actions: [
      ["name", "Changer", () => space.enter("successor")],
      ["unname", "Retirer", () => space.enter("confirm", { what: "unname" })],
    ],
  });

/** Said of an invitation that has left. */
const sent = ({ sent_to: to, valid_days: days }) => `Invitation envoyée à ${to}. Elle est valable ${days} jours.`;

const inviting = space.bind("invite-colleague", {
  url: INVITATIONS,
  fields: (typed) => ({ siret: space.establishment.siret, ...typed }),
  onDone(data) {
    inviting.empty();
    space.leave(sent(data));
    space.reload();
  },
});

/** The invitation whose address is corrected. */
const correction = { subject: null };
const correcting = space.bind("correct-address", {
  url: () => `${INVITATIONS}/${encodeURIComponent(correction.subject)}/address`,
  fields: (typed) => ({ siret: space.establishment.siret, ...typed }),
  onDone(data) {
    correcting.empty();
    space.leave(sent(data));
    space.reload();
  },
});

const naming = space.bind("name-successor", {
  url: "/api/space/successor",
  fields: (typed) => ({ siret: space.establishment.siret, ...typed }),
  onDone(data) {
    naming.empty();
    space.leave(`Désignation enregistrée : ${nameOf(data)}. Aucun courriel n'est parti.`);
    space.reload();
  },
});

space.views.invite = ({ isAsked }) => {
  byId("asked-for").hidden = !isAsked;
  return space.isHolder;
};

space.views["correct-invitation"] = ({ invitation: id }) => {
  const found = space.establishment.invitations?.find(({ invitation }) => invitation === id);
  if (!found) return false;
  correction.subject = id;
  byId("corrected-name").textContent = nameOf(found);
  byId("corrected-sent-to").textContent = fixSpaces(found.sent_to);
  return true;
};

space.views.successor = () => {
  const { successor } = space.establishment;
  byId("replaced").hidden = !successor;
  byId("replaced").textContent = successor ? `Cette désignation remplace celle de ${nameOf(successor)}.` : "";
  return space.isHolder;
};

bindConfirm(space, questionsOf(space));
byId("open-invite").addEventListener("click", () => space.enter("invite"));
byId("open-successor").addEventListener("click", () => space.enter("successor"));
