// Looks at what `npm run build` wrote.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import test from "node:test";

const DIST = new URL("../dist/", import.meta.url);
const PAGE_BYTES_MAX = 48_000;
/** What an answer's headers take: about what the security headers weigh, uncompressed. */
const HEADERS_BYTES = 800;

const files = readdirSync(DIST, { recursive: true });
const pages = files.filter((file) => file.endsWith(".html"));
const hash = (content) => createHash("sha256").update(content).digest("base64");
/** Kept and opened from disk: it has a policy of its own. */
const SINGLE = "verifier/verifier.html";
const text = (page) => readFileSync(new URL(page, DIST), "utf8");

const bytes = (file) => statSync(new URL(existsSync(new URL(`${file}.br`, DIST)) ? `${file}.br` : file, DIST)).size;

test("every page stays within its weight, font and scripts included", () => {
  for (const page of pages) {
    const assets = [...text(page).matchAll(/"\/(assets\/[^"]+)"/g)].map(([, file]) => file);
    const total = [page, ...new Set(assets)].reduce((sum, file) => sum + bytes(file) + HEADERS_BYTES, 0);
    assert.ok(total <= PAGE_BYTES_MAX, `${page} weighs ${total} bytes`);
  }
});

test("no page has what the policy forbids", () => {
  for (const page of pages.filter((page) => page !== SINGLE)) {
    assert.doesNotMatch(text(page), /<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+="/, page);
    assert.doesNotMatch(text(page), /(?:src|<link[^>]* href)="(?:https?:)?\/\//, page);
  }
});

test("the page that is kept has all in it, and its own policy allows that alone", () => {
  const page = text(SINGLE);
  const [, policy] = /<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(page);
  const parts = [...page.matchAll(/<(script|style)>([^]*?)<\/\1>/g)];
  assert.deepEqual(parts.map(([, element]) => element), ["style", "script"]);
  const allowed = Object.fromEntries(
    parts.map(([, element, content]) => [element, `${element}-src 'sha256-${hash(content)}'`]),
  );
  const rest = "font-src data:; form-action 'none'; base-uri 'none'";
  assert.equal(policy, `default-src 'none'; ${allowed.script}; ${allowed.style}; ${rest}`);
  const markup = page.replace(/<(script|style)>[^]*?<\/\1>/g, "");
  assert.doesNotMatch(markup, /\ssrc=|\sstyle=|\son[a-z]+="|<link|href="(?!#)/, "nothing is asked for anywhere else");
  const [, , styles] = parts[0];
  for (const [, address] of styles.matchAll(/url\("?([^")]*)/g)) assert.match(address, /^data:font\/woff2;base64,/);
});

test("every link leads to a page, and every fragment to an element of it", () => {
  for (const page of pages) {
    for (const [, path, fragment] of text(page).matchAll(/href="(\/(?!api\/)[^"#]*)(?:#([^"]*))?"/g)) {
      const target = path.endsWith("/") ? `${path}index.html` : path;
      assert.ok(files.includes(target.slice(1)), `${page} links to ${path}`);
      if (fragment) assert.match(text(target.slice(1)), new RegExp(`id="${fragment}"`), `${page} links to ${path}#${fragment}`);
    }
  }
});

test("no page of the public leads to the desk, which search engines leave out", () => {
  const isDesk = (page) => page.startsWith("agents/");
  assert.equal(pages.filter(isDesk).length, 3);
  for (const page of pages.filter((one) => !isDesk(one))) assert.doesNotMatch(text(page), /href="\/agents\//, page);
  for (const page of pages.filter(isDesk)) assert.match(text(page), /<meta name="robots" content="noindex">/, page);
});

test("a page's script says last that it is ready: what fails before leaves the page saying that it is late", () => {
  const scripts = pages.flatMap((page) => [...text(page).matchAll(/<script[^>]* src="\/([^"]+)"/g)].map(([, file]) => file));
  for (const script of new Set(scripts)) assert.match(text(script), /"app-ready"\);\s*(?:\/\*[\s\S]*)?$/, script);
});

test("no part of ours is hidden while it is empty: what is first said in a hidden live region is often not announced", () => {
  const styles = files.filter((name) => name.endsWith(".css"));
  assert.ok(styles.length > 0);
  for (const style of styles) assert.doesNotMatch(text(style), /\.app-[^{}]*:empty[^{}]*\{[^}]*(?:display:\s*none|visibility:)/, style);
});

test("every text file has its compressed copies", () => {
  for (const file of files.filter((name) => /\.(?:html|css|js|svg)$/.test(name))) {
    assert.ok(files.includes(`${file}.br`) && files.includes(`${file}.gz`), file);
  }
});
