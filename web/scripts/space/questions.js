// What is asked before somebody's access is changed: by the name of the change, for the view that confirms it.
import { nameOf } from "./words.js";

const MEMBERS = "/api/space/members/";
const INVITATIONS = "/api/space/invitations/";
const TOLD = "Nous prévenons cette personne par courriel.";

/** Each: whom it is about, and by which name they are called. */
const CHANGES = {
  promote: (name) => ({
    body: { role: "holder" },
    title: `Nommer ${name} titulaire ?`,
    texts: [`${name} pourra, comme vous, gérer les accès, les mandats et l'espace.`, TOLD],
    button: "Nommer titulaire",
    done: `${name} est titulaire.`,
  }),
  demote: (name) => ({
    body: { role: "member" },
    title: `Retirer à ${name} le rôle de titulaire ?`,
    texts: [
      `${name} reste utilisateur, et ne gère plus ni les accès ni les mandats.`,
      `Les invitations que ${name} a envoyées sont retirées. ${TOLD}`,
    ],
    button: "Retirer le rôle",
    done: `${name} n'est plus titulaire.`,
  }),
  "demote-me": () => ({
    body: { role: "member" },
    title: "Redevenir utilisateur ?",
    texts: [
      "Vous ne gérerez plus ni les accès ni les mandats. Les invitations que vous avez envoyées sont retirées.",
      "Un autre titulaire pourra vous rendre ce rôle.",
    ],
    button: "Redevenir utilisateur",
    done: "Vous êtes utilisateur.",
    maybeDone: "vous êtes sans doute utilisateur.",
  }),
  suspend: (name) => ({
    body: { state: "suspended" },
    title: `Suspendre l'accès de ${name} ?`,
    texts: [
      `Dès votre clic, ${name} ne peut plus rien faire pour cet établissement.`,
      "Le rôle est gardé : vous pourrez rétablir l'accès.",
      `Les invitations que ${name} a envoyées sont retirées. ${TOLD}`,
    ],
    button: "Suspendre l'accès",
    done: `L'accès de ${name} est suspendu.`,
  }),
  resume: (name) => ({
    body: { state: "active" },
    title: `Rétablir l'accès de ${name} ?`,
    texts: [`${name} retrouve le rôle d'avant la suspension. ${TOLD}`],
    button: "Rétablir l'accès",
    done: `L'accès de ${name} est rétabli.`,
  }),
  remove: (name) => ({
    title: `Retirer ${name} de l'établissement ?`,
    texts: [
      `Dès votre clic, ${name} n'a plus accès à cet établissement. Son compte reste, ainsi que ses autres accès.`,
      `Les invitations que ${name} a envoyées sont retirées. Pour revenir, il faudra une invitation.`,
      TOLD,
    ],
    button: "Retirer",
    done: `${name} n'a plus accès à l'établissement.`,
    maybeDone: `${name} n'a sans doute plus accès à l'établissement.`,
  }),
};

/** What can be done with a colleague, by a holder: `[change, words]`. */
export function changesOf({ role, state, is_me: isMe }, isLast) {
  if (isMe) return isLast || role !== "holder" ? [] : [["demote-me", "Redevenir utilisateur"]];
  const remove = ["remove", "Retirer"];
  if (state === "suspended") return [["resume", "Rétablir l'accès"], remove];
  const change = role === "holder" ? ["demote", "Retirer le rôle"] : ["promote", "Nommer titulaire"];
  return [change, ["suspend", "Suspendre"], remove];
}

/** `space` has the data; who or what is not there any more is not asked about. */
export const questionsOf = (space) => ({
  change({ change, member }) {
    const { siret, members = [] } = space.establishment;
    const who = members.find((one) => one.member === member);
    if (!who || !CHANGES[change]) return null;
    const { body, ...question } = CHANGES[change](nameOf(who));
    const url = MEMBERS + encodeURIComponent(member);
    if (!body) return { ...question, method: "DELETE", url: `${url}?siret=${siret}` };
    return { ...question, method: "PATCH", url, body: { siret, ...body } };
  },
  withdraw({ invitation }) {
    const { siret, invitations = [] } = space.establishment;
    const found = invitations.find((one) => one.invitation === invitation);
    if (!found) return null;
    return {
      title: `Retirer l'invitation de ${nameOf(found)} ?`,
      texts: ["Le lien de son courriel ne servira plus. Vous pourrez inviter cette personne à nouveau."],
      button: "Retirer l'invitation",
      done: `L'invitation de ${nameOf(found)} est retirée.`,
      maybeDone: `l'invitation de ${nameOf(found)} est sans doute retirée.`,
      method: "DELETE",
      url: `${INVITATIONS}${encodeURIComponent(invitation)}?siret=${siret}`,
    };
  },
  unname() {
    const { siret, successor } = space.establishment;
    if (!successor) return null;
    const name = nameOf(successor);
    return {
      title: `Retirer la désignation de ${name} ?`,
      texts: [
        "Si votre succession est à décider, l'assistance ne verra plus ce nom. Aucun accès ne change.",
        "Aucun courriel ne part. Vous pourrez désigner quelqu'un à nouveau.",
      ],
      button: "Retirer la désignation",
      done: `La désignation de ${name} est retirée.`,
      method: "DELETE",
      url: `/api/space/successor?siret=${siret}`,
    };
  },
});
