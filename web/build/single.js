// Makes a page one file: styles and script stand in it, and its own policy allows these two and nothing else.
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Fills the page at `path`, of the layout `single.njk`, with `styles` and `script`. */
export async function makeSingle(path, { styles, script }) {
  if (/<\/(?:script|style)/i.test(script + styles)) throw new Error("a script or a style ends its own element");
  const allowed = `script-src ${hash(script)}; style-src ${hash(styles)}; font-src data:`;
  const policy = `default-src 'none'; ${allowed}; form-action 'none'; base-uri 'none'`;
  const page = await readFile(path, "utf8");
  const parts = { POLICY: policy, STYLES: styles, SCRIPT: script };
  const filled = page.replace(/(?<=["'>])(?:POLICY|STYLES|SCRIPT)(?=["'<])/g, (name) => parts[name]);
  await writeFile(path, filled);
}
