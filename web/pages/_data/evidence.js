// The pieces of a succession, as the form asks for each: what it shows, and what is said when that is empty.
import { EVIDENCE } from "../../scripts/desk/evidence.js";

const ASKED = {
  letter: ["Qui l'a signée, et à quelle date", "Dites qui a signé la lettre, et quand."],
  "company-register": ["Ce qu'il dit, et le jour où vous l'avez lu", "Dites ce que le registre montre."],
  contract: ["Lequel, entre qui, et à quelle date", "Dites de quel contrat ou acte il s'agit."],
  "named-successor": ["Ce que vous avez vérifié", "Dites ce que vous avez vérifié de la désignation."],
  "member-word": ["Qui, quand, et comment vous l'avez joint", "Dites qui l'a dit, et comment vous l'avez joint."],
  "cabinet-word": ["Qui, quand, et comment vous l'avez joint", "Dites qui l'a dit, et comment vous l'avez joint."],
  "agency-knowledge": ["Quoi, et d'où", "Dites ce que l'agence sait, et d'où."],
};

export default Object.entries(EVIDENCE).map(([name, text]) => ({ name, text, ask: ASKED[name][0], missing: ASKED[name][1] }));
