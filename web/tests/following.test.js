// Where a mail is, asked by a clock that the tests turn.
import assert from "node:assert/strict";
import test from "node:test";
import { follow } from "../scripts/following.js";

const json = (status, body, headers = {}) =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });
const mail = (state, more = {}) => json(200, { id: "m", state, sent_to: "j•••@exemple.fr", look_again_seconds: 2, ...more });
const unknown = () => json(404, { type: "/problems/mail-unknown", status: 404 });

/** Lets what was answered arrive. */
const settle = async () => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** Follows a mail; `answer(count)` answers the question of that number, null with silence. */
function begin(t, answer) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const tab = Object.assign(new EventTarget(), { hidden: false });
  globalThis.document = tab;
  const asked = [];
  const shown = [];
  const givenUp = [];
  t.mock.method(globalThis, "fetch", async (url, { signal }) => {
    asked.push(Date.now() / 1000);
    assert.equal(url, "/api/mail/m%2F1");
    signal.throwIfAborted();
    const given = answer(asked.length);
    if (!given) throw new TypeError("no network");
    return given;
  });
  const giveUp = () => givenUp.push(shown.at(-1));
  const stop = follow("m/1", ({ state }) => shown.push(state), giveUp);
  const pass = async (seconds) => {
    for (let past = 0; past < seconds; past += 1) {
      t.mock.timers.tick(1000);
      await settle();
    }
  };
  const hide = (hidden) => {
    tab.hidden = hidden;
    tab.dispatchEvent(new Event("visibilitychange"));
  };
  return { asked, shown, givenUp, stop, pass, hide };
}

test("it asks first after two seconds, and then as the server says", async (t) => {
  const { asked, pass } = begin(t, () => mail("sent", { look_again_seconds: 9 }));
  await pass(1);
  assert.deepEqual(asked, []);
  await pass(29);
  assert.deepEqual(asked, [2, 11, 20, 29]);
});

test("it slows down by itself, to once a minute, and ends within half an hour and 60 questions: then it says so", async (t) => {
  const { asked, givenUp, pass } = begin(t, () => mail("queued", { look_again_seconds: 0 }));
  await pass(1600);
  assert.deepEqual(givenUp, []);
  await pass(2 * 3600 - 1600);
  assert.deepEqual(givenUp, ["queued"], "once, after what was last known");
  const pauses = asked.slice(1).map((at, rank) => at - asked[rank]);
  assert.ok(pauses.every((pause, rank) => pause >= 2 && pause >= (pauses[rank - 1] ?? 0) - 1), String(pauses));
  assert.ok(pauses.at(-1) >= 60 && pauses.at(-1) <= 61, String(pauses));
  assert.ok(asked.length <= 60 && asked.at(-1) <= 1800 && asked.at(-1) > 1700, String(asked));
});

for (const state of ["delivered", "bounced", "refused", "suppressed"]) {
  test(`${state} is the end`, async (t) => {
    const { asked, shown, givenUp, pass } = begin(t, (count) => mail(count < 2 ? "sent" : state));
    await pass(2000);
    assert.equal(asked.length, 2);
    assert.deepEqual([shown, givenUp], [["sent", state], []]);
  });
}

test("an unknown mail is not asked about again, and that is said", async (t) => {
  const { asked, shown, givenUp, pass } = begin(t, unknown);
  await pass(600);
  assert.deepEqual([asked.length, shown, givenUp.length], [1, [], 1]);
});

test("nobody answers for half an hour: that it has stopped is said too", async (t) => {
  const { shown, givenUp, pass } = begin(t, () => null);
  await pass(3600);
  assert.deepEqual([shown, givenUp.length], [[], 1]);
});

test("what ends at the last question is not given up", async (t) => {
  const { shown, givenUp, pass, hide } = begin(t, () => mail("delivered"));
  hide(true);
  await pass(3600);
  hide(false);
  await pass(2);
  assert.deepEqual([shown, givenUp], [["delivered"], []]);
});

test("what fails is asked later, and nothing is shown of it", async (t) => {
  const failures = [
    null,
    json(503, { message: "Service Unavailable" }),
    json(500, { type: "/problems/internal" }),
    new Response("<h1>Wi-Fi</h1>", { headers: { "Content-Type": "text/html" } }),
  ];
  const { asked, shown, pass } = begin(t, (count) => (count > failures.length ? mail("delivered") : failures[count - 1]));
  await pass(60);
  assert.equal(asked.length, 5);
  assert.deepEqual(shown, ["delivered"]);
});

test("who asks for time gets it, with a type or without", async (t) => {
  const retry = { "Retry-After": "40" };
  const refusals = [json(429, { type: "/problems/too-many-requests" }, retry), json(503, {}, retry)];
  const { asked, pass } = begin(t, (count) => refusals[count - 1] ?? mail("delivered"));
  await pass(300);
  assert.equal(asked.length, 3);
  for (const rank of [1, 2]) assert.ok(asked[rank] - asked[rank - 1] >= 40, String(asked));
});

test("a hidden tab does not ask, and asks at once when it comes back if it was time", async (t) => {
  const { asked, pass, hide } = begin(t, () => mail("sent", { look_again_seconds: 10 }));
  await pass(2);
  hide(true);
  await pass(100);
  assert.equal(asked.length, 1);
  hide(false);
  await pass(1);
  assert.equal(asked.length, 2);
  // Hidden and shown before it is time, it waits for it.
  hide(true);
  hide(false);
  await pass(5);
  assert.equal(asked.length, 2);
  await pass(6);
  assert.equal(asked.length, 3);
});

test("hidden while a question is on its way, it asks no other until it is seen", async (t) => {
  let hide = () => {};
  const following = begin(t, () => {
    hide(true);
    return mail("sent");
  });
  hide = following.hide;
  await following.pass(60);
  assert.deepEqual([following.asked.length, following.shown], [1, ["sent"]]);
});

test("stopped, it says no more", async (t) => {
  const { asked, shown, givenUp, stop, pass, hide } = begin(t, () => mail("sent"));
  await pass(2);
  stop();
  hide(true);
  hide(false);
  await pass(3600);
  assert.deepEqual([asked.length, shown.length, givenUp], [1, 1, []]);
});
