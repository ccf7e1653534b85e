// What is typed at the desk and not sent, case by case, as the tab keeps it.

const DRAFT = /^sesame:draft:[a-z-]+:(T-[0-9A-Z-]+)$/;

const isTyped = (value) => typeof value === "string" && value.trim() !== "";

/**
 * The references of the cases for which a text is kept, each once, in the order of the tab. `ignored` are names of
 * fields that come filled in.
 */
export function unsentCases(storage = openStorage(), ignored = ["email", "template"]) {
  const found = new Set();
  for (const key of Object.keys(storage)) {
    const [, reference] = DRAFT.exec(key) ?? [];
    if (reference && typedIn(storage[key]).some(([name, value]) => !ignored.includes(name) && isTyped(value))) found.add(reference);
  }
  return [...found];
}

function typedIn(text) {
  try {
    return Object.entries(JSON.parse(text));
  } catch {
    return [];
  }
}

function openStorage() {
  try {
    return sessionStorage;
  } catch {
    return {};
  }
}
