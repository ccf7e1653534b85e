// Renders pages/ to dist/ with Eleventy and the macros of govuk-frontend.
import Eleventy from "@11ty/eleventy";
import nunjucks from "nunjucks";
import { fixSpaces } from "../scripts/french.js";

export async function buildPages(assets) {
  const eleventy = new Eleventy("pages", "dist", { quietMode: true, config: (config) => configure(config, assets) });
  eleventy.disableLogger();
  await eleventy.write();
}

function configure(config, assets) {
  const loader = new nunjucks.FileSystemLoader(["pages/_includes", "node_modules/govuk-frontend/dist"]);
  config.setLibrary("njk", new nunjucks.Environment(loader, { trimBlocks: true, lstripBlocks: true }));
  config.addGlobalData("assets", assets);
  config.addGlobalData("layout", "page.njk");
  config.addCollection("sheets", (api) => api.getFilteredByTag("sheet").sort((a, b) => a.data.order - b.data.order));
  config.addTransform("french-spaces", (html) => html.replace(/>[^<]+</g, fixSpaces));
}
