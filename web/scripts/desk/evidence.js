// What can show that an account changes hands, in the order of the form: the kinds are the service's.
export const EVIDENCE = [
  { name: "letter", text: "Lettre de l'établissement", ask: "Qui l'a signée, et à quelle date", missing: "Dites qui a signé la lettre, et quand." },
  { name: "company-register", text: "Registre des entreprises", ask: "Ce qu'il dit, et le jour où vous l'avez lu", missing: "Dites ce que le registre montre." },
  { name: "contract", text: "Contrat ou acte", ask: "Lequel, entre qui, et à quelle date", missing: "Dites de quel contrat ou acte il s'agit." },
  { name: "named-successor", text: "Successeur désigné par le titulaire", ask: "Ce que vous avez vérifié", missing: "Dites ce que vous avez vérifié de la désignation." },
  { name: "member-word", text: "Parole d'un collègue de l'espace", ask: "Qui, quand, et comment vous l'avez joint", missing: "Dites qui l'a dit, et comment vous l'avez joint." },
  { name: "cabinet-word", text: "Parole du cabinet mandaté", ask: "Qui, quand, et comment vous l'avez joint", missing: "Dites qui l'a dit, et comment vous l'avez joint." },
  { name: "agency-knowledge", text: "Ce que l'agence sait déjà", ask: "Quoi, et d'où", missing: "Dites ce que l'agence sait, et d'où." },
];
