// Whether somebody may be logged in, in any tab: the cookie itself is out of reach of scripts. It only saves
// those who are not from being asked about on every visit; the server alone knows.

const KEY = "sesame:session";
/** A session lives eight hours. */
const SESSION_MS = 8 * 3600 * 1000;

export function rememberSession() {
  try {
    localStorage.setItem(KEY, String(Date.now()));
  } catch {
    // The home page does not say that one is logged in.
  }
}

export function forgetSession() {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // Nothing was kept.
  }
}

export function mayBeLoggedIn() {
  try {
    return Date.now() - Number(localStorage.getItem(KEY) ?? -Infinity) < SESSION_MS;
  } catch {
    return false;
  }
}
