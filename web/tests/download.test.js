// A file that comes in parts: each is asked for after the one before, and all stay offered.
import assert from "node:assert/strict";
import test from "node:test";

/** As much of an element as a download touches. */
class Element {
  children = [];
  append(...children) {
    this.children.push(...children);
  }
  replaceChildren(...children) {
    this.children = children;
  }
  setAttribute(name, value) {
    this[name] = value;
  }
  removeAttribute(name) {
    delete this[name];
  }
  addEventListener(event, listener) {
    this[event] = listener;
  }
  click() {}
  get text() {
    return this.children.map((child) => child.text ?? child).join("");
  }
}

const elements = { button: new Element(), status: new Element() };
globalThis.document = { getElementById: (id) => elements[id], createElement: () => new Element() };
const { bindDownload } = await import("../scripts/space/download.js");

const answers = {};
const asked = [];
const space = {
  async ask(method, url, { doing }) {
    asked.push([url, doing]);
    return answers[url];
  },
  askLogin: () => asked.push("login"),
};
const rest = { two: { url: "/2", doing: "Deux…" }, three: { url: "/3", doing: "Trois…" } };
bindDownload(space, "button", {
  status: "status",
  url: () => "/1",
  type: "text/plain",
  name: (text) => `${text}.txt`,
  next: (text) => ({ one: rest.two, two: rest.three })[text] ?? null,
});

async function download(given) {
  Object.assign(answers, given);
  asked.length = 0;
  await elements.button.click();
  return elements.status.text;
}

const file = (text) => ({ status: 200, data: { text } });

test("parts come one after the other, and their links stay", async () => {
  const said = await download({ "/1": file("one"), "/2": file("two"), "/3": file("three") });
  const links = ["one", "two", "three"].map((name) => `Enregistrer ${name}.txt`).join(", ");
  assert.equal(said, `Gardez ensemble tous ces fichiers. ${links}`);
  assert.deepEqual(asked, [["/1", "Préparation du fichier…"], ["/2", "Deux…"], ["/3", "Trois…"]]);
});

test("a file without parts is ready at once", async () => {
  assert.equal(await download({ "/1": file("whole") }), "Votre fichier est prêt. Enregistrer whole.txt");
});

test("a part that does not come is said to be missing, and those that came stay", async () => {
  const refused = { status: 403, data: { title: "Refusé." } };
  const said = await download({ "/1": file("one"), "/2": refused });
  assert.equal(said, "Gardez ensemble tous ces fichiers. Enregistrer one.txt. Refusé. Il manque la suite : téléchargez de nouveau.");
  assert.equal(await download({ "/1": refused }), "Refusé.");
  assert.equal(await download({ "/1": { status: 401, data: {} } }), "");
  assert.equal(asked.at(-1), "login");
});
