// What can show that an account changes hands, in the order of the form: the kinds are the service's.
export const EVIDENCE = {
  letter: "Lettre de l'établissement",
  "company-register": "Registre des entreprises",
  contract: "Contrat ou acte",
  "named-successor": "Successeur désigné par le titulaire",
  "member-word": "Parole d'un collègue de l'espace",
  "cabinet-word": "Parole du cabinet mandaté",
  "agency-knowledge": "Ce que l'agence sait déjà",
};
