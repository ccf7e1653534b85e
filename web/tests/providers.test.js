import assert from "node:assert/strict";
import test from "node:test";
import { meantAddress } from "../scripts/providers.js";

const meant = (domain) => meantAddress(`jeanne@${domain}`)?.replace("jeanne@", "") ?? null;

test("a domain that is nearly one that everybody knows is told", () => {
  for (const [typed, expected] of [
    ["gmial.com", "gmail.com"],
    ["gmal.com", "gmail.com"],
    ["gmail.con", "gmail.com"],
    ["gmal.con", "gmail.com"],
    ["gmail.co", "gmail.com"],
    ["gmail.fr", "gmail.com"],
    ["gmail", "gmail.com"],
    ["gmailcom", "gmail.com"],
    ["gmail,com", "gmail.com"],
    ["GMIAL.com", "gmail.com"],
    ["ornage.fr", "orange.fr"],
    ["wanado.fr", "wanadoo.fr"],
    ["hotmial.fr", "hotmail.fr"],
    ["hotmail.frr", "hotmail.fr"],
    ["homail.com", "hotmail.com"],
    ["fre.fr", "free.fr"],
    ["free.f", "free.fr"],
    ["sfr.frr", "sfr.fr"],
    ["laposte.ne", "laposte.net"],
    ["la-poste.net", "laposte.net"],
    ["iclod.com", "icloud.com"],
    ["outlok.fr", "outlook.fr"],
    ["yahoo.co", "yahoo.com"],
    ["bbox.rf", "bbox.fr"],
    ["neuff.fr", "neuf.fr"],
    ["numericble.fr", "numericable.fr"],
    ["boulangerie-martin.con", "boulangerie-martin.com"],
    ["exemple.frr", "exemple.fr"],
  ]) {
    assert.equal(meant(typed), expected, typed);
  }
});

test("nobody is asked about a domain that is right, or somebody's own", () => {
  const right = ["gmail.com", "orange.fr", "free.fr", "sfr.fr", "laposte.net", "icloud.com", "bbox.fr", "gmx.fr", "neuf.fr", "live.fr"];
  const others = ["hotmail.de", "yahoo.it", "outlook.be", "wanadoo.re", "laposte.fr", "orange.com", "email.com", "proton.me"];
  const own = ["exemple.fr", "asp-public.fr", "asp.fr", "ssr.fr", "tree.fr", "france.fr", "grange.fr", "dupont.re", "mairie.nc", "x.museum"];
  for (const domain of [...right, ...others, ...own]) assert.equal(meant(domain), null, domain);
});

test("what is before the sign is left as it was typed, and what is no address is left alone", () => {
  assert.equal(meantAddress(" Jeanne.O'Neil+paie@gmial.com "), "Jeanne.O'Neil+paie@gmail.com");
  for (const typed of ["", "jeanne", "@gmial.com", "jeanne@", "jeanne@a@gmial.com", "jeanne martin@gmial.com"]) {
    assert.equal(meantAddress(typed), null, typed);
  }
});
